"""One sandbox process for each module, whose faults are disarmed between its tests."""

from collections.abc import Iterator

import pytest

from tests.sandbox.faults.raw_clients import Btce, Sandbox
from tests.support.processes import serving


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("sandbox")
    with serving(folder, "sandbox", "--seed", "7", "--clock", "manual") as running:
        yield Sandbox(running)


@pytest.fixture
def sandbox(process: Sandbox) -> Iterator[Sandbox]:
    yield process
    process.disarm()
    for user in process.users:
        Btce(process, user).cancel_all()
