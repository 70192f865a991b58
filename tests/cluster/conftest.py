"""Three real servers for all tests of a worker, each test with a log of its own on them."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cambist.app.entropy import system_entropy
from cambist.cluster.journal import JetStreamJournal
from cambist.cluster.settings import LogSettings
from tests.support.nats_servers import NatsServers, running_servers

SEGMENT = 64 * 1024
_numbers = itertools.count()


class LogPlace:
    """A log on the servers, and the journal files of one node of it."""

    def __init__(self, servers: NatsServers, directory: Path, name: str, node: str = "one", **settings: object) -> None:
        self.servers = servers
        self.directory = directory
        defaults: dict[str, object] = {"max_bytes": 256 << 20, "segment_bytes": SEGMENT, "give_up_seconds": 30.0}
        self.settings = LogSettings(tuple(servers.urls), node, name, **{**defaults, **settings})  # type: ignore[arg-type]

    def open(self) -> JetStreamJournal:
        """Opened, and leading."""
        journal = self.follow()
        try:
            journal.lead()
        except BaseException:
            journal.close()
            raise
        return journal

    def follow(self) -> JetStreamJournal:
        return JetStreamJournal(self.settings, self.directory / self.settings.node, system_entropy)

    def node(self, node: str, **settings: object) -> "LogPlace":
        """Another node of the same log."""
        return LogPlace(self.servers, self.directory, self.settings.name, node, max_bytes=self.settings.max_bytes, **settings)


NewLog = Callable[..., LogPlace]


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServers]:
    """Stay as they are: tests that kill servers have their own."""
    with running_servers(tmp_path_factory.mktemp("nats")) as started:
        yield started


@pytest.fixture
def new_log(servers: NatsServers, tmp_path: Path) -> NewLog:
    """Makes a log on the shared servers, another one at each call."""

    def make(**settings: object) -> LogPlace:
        number = next(_numbers)
        return LogPlace(servers, tmp_path / f"log-{number}", f"log{number}", "one", **settings)

    return make
