"""What a process does not import before somebody asks for it: each start pays for all that it imports."""

import subprocess
import sys

import pytest

STARTED = """
import contextlib, io, sys
from cambist.app.cli import app
with contextlib.redirect_stdout(io.StringIO()):
    app(["config"], standalone_mode=False)
import cambist.app.sandboxing, cambist.app.serving
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def imported() -> set[str]:
    return set(subprocess.run([sys.executable, "-c", STARTED], capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        pytest.param("alembic", id="migrations, which only a directory of an older version needs"),
        pytest.param("nats", id="the client of a log on several machines"),
        pytest.param("cambist.cluster.journal", id="that log itself"),
        pytest.param("pydantic", id="a second validator beside msgspec"),
        pytest.param("segno", id="QR codes, which few processes ever draw"),
        pytest.param("sqlalchemy.dialects.postgresql", id="a dialect of a database that is not used"),
    ],
)
def test_a_start_does_not_wait_for(module: str, imported: set[str]) -> None:
    assert "cambist.app.sandboxing" in imported
    assert module not in imported
