"""What the log does when servers die, answers get lost, room runs out and writers overtake each other. Each test has servers of its own."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cambist._core import JournalError, JournalFailed, JournalFenced
from cambist.cluster.journal import JetStreamJournal
from tests.cluster import writing_node
from tests.cluster.conftest import LogPlace
from tests.support.journal_suite import append, append_singly, payload, records
from tests.support.nats_servers import NatsServer, NatsServers, running_servers
from tests.support.tcp_proxy import TcpProxy
from tests.support.waiting import wait_until


@pytest.fixture
def own(tmp_path: Path) -> Iterator[NatsServers]:
    with running_servers(tmp_path) as servers:
        yield servers


@pytest.fixture
def log(own: NatsServers, tmp_path: Path) -> LogPlace:
    return LogPlace(own, tmp_path / "nodes", "log")


def stream_leader(journal: JetStreamJournal, servers: NatsServers) -> NatsServer:
    info = journal.node.connection.run(journal.node.stream.info())
    assert info.cluster is not None
    assert info.cluster.leader is not None
    return servers.named(info.cluster.leader)


class Writing:
    """Appends one command after the other on a thread, each durable before the next."""

    def __init__(self, journal: JetStreamJournal) -> None:
        self.journal = journal
        self.acknowledged = journal.last().durable_seq
        self.trouble: list[BaseException] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def _write(self) -> None:
        try:
            while not self._ending.is_set():
                append(self.journal)
                self.acknowledged = self.journal.wait()
        except BaseException as error:
            self.trouble.append(error)

    def goes_on(self, commands: int = 5) -> None:
        """Returns when so many more are durable."""
        wanted = self.acknowledged + commands
        wait_until(lambda: self.trouble or self.acknowledged >= wanted)
        assert not self.trouble

    def end(self) -> None:
        self._ending.set()
        self._thread.join()


@pytest.mark.parametrize("victim", ["leader", "follower", "the one that the node is connected to"])
@pytest.mark.parametrize("how", ["killed", "paused"])
def test_no_acknowledged_command_is_lost_or_doubled_when_a_server_is_gone(log: LogPlace, own: NatsServers, victim: str, how: str) -> None:
    journal = log.open()
    writing = Writing(journal)
    writing.goes_on()
    leader = stream_leader(journal, own)
    connected = next(server for server in own.servers if server.url == journal.node.stream.connected_server)
    chosen = {"leader": leader, "follower": next(server for server in own.servers if server is not leader)}.get(victim, connected)
    for away, back in ((NatsServer.kill, NatsServer.start), (NatsServer.pause, NatsServer.resume)):
        if (away is NatsServer.kill) == (how == "killed"):
            away(chosen)
            writing.goes_on()
            back(chosen)
            writing.goes_on()
    writing.end()
    last = journal.last().seq
    assert payload(list(journal.read())) == records(1, last)
    journal.close()
    again = log.node("two").open()  # from the log alone
    assert payload(list(again.read())) == records(1, last)
    again.close()


def test_all_servers_die_at_once_and_come_back(log: LogPlace, own: NatsServers) -> None:
    journal = log.open()
    writing = Writing(journal)
    writing.goes_on()
    own.kill()
    own.start()
    writing.goes_on()
    writing.end()
    assert payload(list(journal.read())) == records(1, journal.last().seq)
    journal.close()


def test_servers_that_stay_away_end_the_writer_and_what_is_unknown_is_not_acknowledged(log: LogPlace, own: NatsServers) -> None:
    place = log.node("one", give_up_seconds=4.0)
    journal = place.open()
    append_singly(journal, 3)
    own.kill()
    append(journal)
    with pytest.raises(JournalFailed, match="not known"):
        journal.wait()
    with pytest.raises(JournalFailed):
        journal.acknowledge()
    with pytest.raises(JournalFailed):
        append(journal)
    assert journal.last().durable_seq == 3
    with pytest.raises(JournalFailed):
        journal.close()
    own.start()
    again = log.open()
    assert again.last().seq in (3, 4)
    assert payload(list(again.read())) == records(1, again.last().seq)
    append_singly(again, 1)
    again.close()


def test_a_frame_whose_acknowledgement_was_lost_is_found_in_the_log(log: LogPlace, own: NatsServers) -> None:
    proxy = TcpProxy(own.servers[0].port)
    place = LogPlace(own, log.directory, "log")
    place.settings = type(place.settings)((proxy.url,), "one", "log", max_bytes=64 << 20, segment_bytes=64 << 10)
    journal = place.open()
    append_singly(journal, 3)
    proxy.swallowing.set()
    append(journal)
    assert journal.wait() == 4
    assert (journal.counts.unknown > 0, journal.counts.found) == (True, 1)
    append_singly(journal, 2)
    assert payload(list(journal.read())) == records(1, 6)
    journal.close()
    proxy.close()


def test_a_writer_that_stood_still_while_another_took_over_never_acknowledges(log: LogPlace, own: NatsServers) -> None:
    arguments = [str(log.directory / "zombie"), "log", "zombie", str(64 << 20), *own.urls]
    zombie = subprocess.Popen([sys.executable, "-m", "tests.cluster.writing_node", *arguments], stdout=subprocess.PIPE, text=True)
    assert zombie.stdout is not None
    try:
        heard = [int(zombie.stdout.readline()) for _ in range(20)]
        zombie.send_signal(signal.SIGSTOP)
        journal = log.open()
        taken_over_at = journal.last().seq
        for seq in range(taken_over_at + 1, taken_over_at + 6):
            journal.append(seq - 1, journal.epoch, 1, seq, b"<by another>")
            journal.wait()
        zombie.send_signal(signal.SIGCONT)
        rest, _ = zombie.communicate(timeout=60)
    finally:
        zombie.kill()
    assert zombie.returncode == writing_node.FENCED
    heard += map(int, rest.split())
    # What it had in the log before, it may say; that it missed the answer to its last frame is no lie either.
    assert heard == list(range(1, len(heard) + 1))
    assert taken_over_at - 1 <= len(heard) <= taken_over_at
    written = payload(list(journal.read()))
    assert written == b"".join(b"<%d by zombie>" % seq for seq in range(1, taken_over_at + 1)) + b"<by another>" * 5
    journal.close()


def test_a_writer_without_work_hears_that_another_took_over(log: LogPlace) -> None:
    first = log.open()
    append_singly(first, 1)
    second = log.node("two").open()

    def fenced() -> bool:
        try:
            first.acknowledge()
        except JournalFenced:
            return True
        return False

    wait_until(fenced)
    append_singly(second, 1)
    assert payload(list(second.read())) == records(1, 2)
    first.close()
    second.close()


def test_two_nodes_that_open_at_once_agree_who_writes(log: LogPlace) -> None:
    opened: list[JetStreamJournal] = []
    threads = [threading.Thread(target=lambda node=node: opened.append(log.node(node).open())) for node in ("one", "two", "three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({journal.epoch for journal in opened}) == 3
    acknowledged = []
    for journal in opened:
        try:
            append_singly(journal, 1)
            acknowledged.append(journal)
        except JournalError:
            pass
    assert [journal.epoch for journal in acknowledged] == [max(journal.epoch for journal in opened)]
    for journal in opened:
        try:
            journal.close()
        except JournalError:
            assert journal not in acknowledged


def test_a_full_log_refuses_and_loses_nothing_and_goes_on_when_there_is_room(log: LogPlace) -> None:
    place = log.node("one")
    place.settings = type(place.settings)(place.settings.servers, "one", "log", max_bytes=2 << 20, segment_bytes=1 << 20)
    journal = place.open()
    low_at: list[int] = []

    def fill() -> None:
        while True:
            seq = journal.last().seq
            journal.append(seq, journal.epoch, 1, 1, bytes([seq % 251]) * 20_000)
            journal.wait()
            if journal.space_low:
                low_at.append(seq)

    with pytest.raises(JournalError, match="no space left"):
        fill()
    last = journal.last()
    assert last.seq == last.durable_seq > low_at[0] > 0
    assert payload(list(journal.read())) == b"".join(bytes([seq % 251]) * 20_000 for seq in range(last.seq))

    async def more() -> None:
        info = await journal.node.stream.info()
        streams = journal.node.connection.client.jetstream()
        await streams.update_stream(info.config.evolve(max_bytes=64 << 20))

    journal.node.connection.run(more())
    wait_until(lambda: not journal.space_low)
    append_singly(journal, 1)
    journal.close()
