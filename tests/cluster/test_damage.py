"""Flipped bits and missing messages: found, named, had elsewhere or refused, never served."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cambist import _core
from cambist._core import Journal, JournalDamaged, JournalError, JournalFenced
from cambist.cluster import purging
from cambist.cluster.connection import Connection
from cambist.cluster.journal import JetStreamJournal
from cambist.cluster.log_stream import LogStream, Unknown
from cambist.cluster.nodes import whole_frame
from cambist.cluster.shared_states import SharedStates
from tests.cluster.conftest import LogPlace, NewLog
from tests.support.journal_suite import append, append_singly, payload, record, records
from tests.support.nats_servers import NatsServer, NatsServers, running_servers
from tests.support.waiting import wait_until

COMMANDS = 40


@pytest.fixture
def own(tmp_path: Path) -> Iterator[NatsServers]:
    with running_servers(tmp_path) as servers:
        yield servers


@pytest.fixture
def log(own: NatsServers, tmp_path: Path) -> LogPlace:
    """With commands of one node, which has closed it."""
    log = LogPlace(own, tmp_path / "nodes", "log")
    journal = log.open()
    append_singly(journal, COMMANDS)
    journal.close()
    return log


def flip(server: NatsServer, text: bytes, stream: str = "log-log") -> None:
    """Flips one bit in what a stopped server keeps of a message that holds the text."""
    for file in server.block_files(stream):
        content = bytearray(file.read_bytes())
        at = content.find(text)
        if at >= 0:
            content[at] ^= 4
            file.write_bytes(content)
            return
    raise AssertionError(f"{server.name} does not keep {text!r}")


def damage(own: NatsServers, servers: list[NatsServer], text: bytes, stream: str = "log-log") -> None:
    """All servers stop, some keep damaged messages, all start again."""
    own.stop()
    for server in servers:
        flip(server, text, stream)
    own.start()


def only(log: LogPlace, server: NatsServer, node: str) -> LogPlace:
    """A node whose first connection is to this server."""
    place = log.node(node)
    place.settings = type(place.settings)((server.url,), node, "log", max_bytes=place.settings.max_bytes, segment_bytes=64 << 10)
    return place


def lacks(place: LogPlace) -> list[int]:
    """Numbers of the messages that the server's own copy does not have, in the middle of others."""
    connection = Connection(place.settings)
    stream = LogStream(connection)

    def numbers() -> list[int]:
        try:
            return [message.seq for message in connection.run(stream.batch(1))]
        except Unknown:
            return []

    wait_until(numbers)
    found = numbers()
    connection.close()
    return [number for number in range(1, found[-1]) if number not in found]


def test_what_one_server_has_lost_comes_from_another(log: LogPlace, own: NatsServers) -> None:
    victim = own.servers[1]
    damage(own, [victim], record(20))
    lacking = lacks(only(log, victim, "reader"))
    journal = only(log, victim, "two").open()
    assert payload(list(journal.read())) == records(1, COMMANDS)
    found = journal.node.damage
    # A server that begins as a follower may find its hole by itself, at any time; the one that leads does not.
    assert lacking or not found.count
    assert all(entry.healed_from and entry.server == victim.url for entry in found.newest)
    append_singly(journal, 1)
    journal.close()


def test_what_all_servers_have_lost_comes_from_another_nodes_journal(log: LogPlace, own: NatsServers) -> None:
    damage(own, own.servers, record(20))
    one = log.open()  # its own journal has everything
    two = log.node("two").open()
    assert payload(list(two.read())) == records(1, COMMANDS)
    assert {entry.healed_from for entry in two.node.damage.newest} == {"the journal of node one"}
    two.close()
    with pytest.raises(JournalFenced):
        append_singly(one, 1)
    with pytest.raises(JournalFenced):
        one.acknowledge()


def test_what_is_nowhere_is_named_and_nothing_is_served(log: LogPlace, own: NatsServers) -> None:
    damage(own, own.servers, record(20))
    with pytest.raises(JournalDamaged, match="neither another server nor another node has it") as found:
        log.node("two").open()
    _, where, number = found.value.args
    assert (where, number) == ("stream log-log", 21)  # the claim was message 1


def test_a_damaged_claim_that_no_server_has_leaves_the_chain_whole(log: LogPlace, own: NatsServers) -> None:
    damage(own, own.servers, b"CBJE")
    journal = log.node("two").open()
    assert payload(list(journal.read())) == records(1, COMMANDS)
    assert [entry.healed_from for entry in journal.node.damage.newest] == [""]
    journal.close()


def test_a_flipped_bit_in_a_nodes_own_journal_keeps_it_from_starting_and_the_log_has_it_anew(new_log: NewLog) -> None:
    log = new_log()
    journal = log.open()
    append_singly(journal, COMMANDS)
    journal.close()
    own_files = log.directory / "one"
    (segment,) = own_files.glob("*.seg")
    content = bytearray(segment.read_bytes())
    content[content.index(record(20))] ^= 4
    segment.write_bytes(content)
    with pytest.raises(JournalDamaged) as found:
        log.open()
    assert found.value.args[1] == str(segment)
    own_files.rename(log.directory / "put aside")
    again = log.open()
    assert payload(list(again.read())) == records(1, COMMANDS)
    again.close()


# --- a journal from before the cluster -----------------------------------------------------------------------------------------


def before_the_cluster(directory: Path, commands: int) -> bytes:
    """A venue's journal in files alone; its last frame's hash."""
    journal = Journal.open(str(directory), 1 << 20)
    append_singly(journal, commands)
    journal.checkpoint(commands, journal.epoch, bytes(32))
    journal.close()
    return journal.last().hash


def test_a_venues_journal_from_before_the_cluster_becomes_the_beginning_of_the_log(new_log: NewLog) -> None:
    log = new_log()
    wanted = before_the_cluster(log.directory / "one", 300)
    journal = log.open()
    assert journal.last().hash == wanted
    assert journal.epoch > 1
    append_singly(journal, 1)
    journal.close()
    two = log.node("two").open()
    assert payload(list(two.read())) == records(1, 301)
    assert two.identity == journal.identity
    two.close()
    # And back: the node's files are a journal like any other.
    alone = Journal.open(str(log.directory / "two"), 1 << 20)
    assert append(alone) == 302
    alone.close()


def test_putting_a_journal_into_the_log_goes_on_where_it_was_interrupted(new_log: NewLog, monkeypatch: pytest.MonkeyPatch) -> None:
    log = new_log()
    before_the_cluster(log.directory / "one", 100)
    written = 0

    def interrupted(identity: int, frame: _core.Frame) -> bytes:
        nonlocal written
        written += 1
        if written == 60:
            raise JournalError("the process ends here")
        return whole_frame(identity, frame)

    with monkeypatch.context() as patched:
        patched.setattr("cambist.cluster.node.whole_frame", interrupted)
        with pytest.raises(JournalError, match="ends here"):
            log.open()
    journal = log.open()
    assert payload(list(journal.read())) == records(1, 100)
    journal.close()
    two = log.node("two").open()
    assert payload(list(two.read())) == records(1, 100)
    two.close()


def test_a_node_of_another_venue_is_refused_and_changes_nothing(new_log: NewLog) -> None:
    log = new_log()
    journal = log.open()
    append_singly(journal, 3)
    journal.close()
    before_the_cluster(log.directory / "two", 5)
    with pytest.raises(JournalDamaged, match="another journal"):
        log.node("two").open()
    again = log.open()
    assert payload(list(again.read())) == records(1, 3)
    again.close()


def test_a_node_whose_journal_went_on_by_itself_is_refused(new_log: NewLog) -> None:
    log = new_log()
    journal = log.open()
    append_singly(journal, 3)
    journal.close()
    alone = Journal.open(str(log.directory / "one"), 1 << 20)
    append_singly(alone, 2)
    alone.close()
    with pytest.raises(JournalDamaged, match="went on by itself"):
        log.open()


# --- purging, and snapshots that are shared ------------------------------------------------------------------------------------


def planned(journal: JetStreamJournal, seq: int) -> purging.PurgePlan:
    return journal.node.connection.run(purging.plan(journal.node.connection, seq))


def carry_out(journal: JetStreamJournal, plan: purging.PurgePlan) -> None:
    journal.node.connection.run(purging.carry_out(journal.node.connection, plan))


def snapshot_at(directory: Path, journal: JetStreamJournal, seq: int) -> Path:
    last = journal.last()
    origin = _core.SnapshotOrigin(journal.identity, journal.epoch, last.durable_seq, last.hash)
    return Path(_core.write_snapshot(str(directory), seq, origin, b"a state", 3))


def test_a_purge_is_refused_until_every_nodes_journal_and_a_snapshot_have_what_would_go(new_log: NewLog, tmp_path: Path) -> None:
    log = new_log()
    away = log.node("two").open()
    append_singly(away, 10)
    away.close()
    journal = log.open()
    append_singly(journal, 20)
    plan = planned(journal, 15)
    assert set(plan.objections) == {
        "node two does not answer",
        "the newest shared state that is whole is at command 0: a new edge could not begin behind what would go"
        " (`cambist snapshot` on the node that leads shares one)",
    }
    with pytest.raises(JournalError, match="nothing is purged"):
        carry_out(journal, plan)
    assert SharedStates(journal.node.connection).publish(20, {"state": snapshot_at(tmp_path, journal, 20)})
    journal.close()

    two = log.node("two").open()  # catches up
    assert planned(two, 15).objections == ("node one does not answer",)
    two.close()


def test_what_was_purged_comes_from_the_nodes_journals(new_log: NewLog, tmp_path: Path) -> None:
    log = new_log()
    journal = log.open()
    append_singly(journal, 30)
    SharedStates(journal.node.connection).publish(30, {"state": snapshot_at(tmp_path, journal, 30)})
    wait_until(lambda: not planned(journal, 20).objections)  # a server that answers may not have heard of the node yet
    plan = planned(journal, 20)
    assert (plan.up_to_seq, plan.objections) == (20, ())
    carry_out(journal, plan)
    append_singly(journal, 5)
    info = journal.node.connection.run(journal.node.stream.info())
    assert info.state.first_seq == plan.before_message == 22  # behind the claim and twenty frames
    two = log.node("two").open()
    assert payload(list(two.read())) == records(1, 35)
    two.close()
    journal.close()


PARTS = frozenset({"state", "view"})


def parts(folder: Path, seq: int) -> dict[str, Path]:
    """Two files, which say of which state they are."""
    folder.mkdir(exist_ok=True)
    made = {name: folder / f"{name}-{seq}" for name in sorted(PARTS)}
    for name, file in made.items():
        file.write_bytes(f"{name} {seq} ".encode() * 40_000)  # some chunks
    return made


def objects(journal: JetStreamJournal) -> dict[str, int]:
    """What the object store's stream holds: messages by subject."""
    connection = journal.node.connection
    streams = connection.client.jetstream()
    name = connection.settings.name

    async def ask() -> dict[str, int]:
        return (await streams.stream_info(f"OBJ_{name}-snapshots", subjects_filter=f"$O.{name}-snapshots.>")).state.subjects or {}

    return connection.run(ask())


def test_the_newest_shared_state_that_is_whole_is_fetched(new_log: NewLog, tmp_path: Path) -> None:
    log = new_log()
    journal = log.open()
    append_singly(journal, 9)
    shared, fetched = SharedStates(journal.node.connection), tmp_path / "fetched"
    assert shared.fetch(fetched, PARTS, 0) == 0
    for seq in (2, 4, 6, 8):
        assert shared.publish(seq, parts(tmp_path / "made", seq))
    assert shared.publish(9, {"state": parts(tmp_path / "made", 9)["state"]}), "one that lacks a part"
    assert shared.fetch(fetched, PARTS, 4) == 8
    assert {file.name: file.read_bytes() for file in fetched.iterdir()} == {
        name: file.read_bytes() for name, file in parts(tmp_path / "made", 8).items()
    }
    assert shared.fetch(fetched, PARTS, 8) == 0
    journal.close()


def test_old_shared_states_go_and_what_was_never_finished_is_neither_used_nor_kept(new_log: NewLog, tmp_path: Path) -> None:
    log = new_log()
    journal = log.open()
    append_singly(journal, 9)
    connection = journal.node.connection
    shared, bucket = SharedStates(connection), f"{connection.settings.name}-snapshots"
    for seq in range(1, 7):
        assert shared.publish(seq, parts(tmp_path / "made", seq))
    assert len(objects(journal)) == 6, "three objects, each with what tells of it"

    async def half() -> None:
        """Chunks of an object of which nobody was told: its writer was killed."""
        await connection.client.jetstream().publish(f"$O.{bucket}.C.unfinished", b"x" * 1_000)

    connection.run(half())
    assert len(objects(journal)) == 7
    assert shared.fetch(tmp_path / "fetched", PARTS, 0) == 6

    # The newest one loses a part of what was stored.
    newest = connection.run(shared._infos())[0]

    async def damage() -> None:
        streams = connection.client.jetstream()
        about = await streams.get_last_msg(f"OBJ_{bucket}", f"$O.{bucket}.C.{newest.nuid}")
        assert about.seq is not None
        await streams.delete_msg(f"OBJ_{bucket}", about.seq)

    connection.run(damage())
    assert shared.fetch(tmp_path / "fetched", PARTS, 0) == 5
    assert connection.run(shared.newest_whole_seq()) == 5
    assert shared.publish(7, parts(tmp_path / "made", 7))
    assert f"$O.{bucket}.C.unfinished" not in objects(journal)
    journal.close()


@pytest.mark.parametrize(
    ("damaged", "had"),
    [
        pytest.param(1, 8, id="one server's copy: it comes from another one"),
        pytest.param(3, 6, id="all copies: the one before it is taken"),
    ],
)
def test_a_flipped_bit_in_a_shared_state_is_never_what_a_newcomer_begins_with(
    log: LogPlace, own: NatsServers, tmp_path: Path, damaged: int, had: int
) -> None:
    journal = log.open()
    for seq in (6, 8):
        assert SharedStates(journal.node.connection).publish(seq, parts(tmp_path / "made", seq))
    journal.close()
    damage(own, own.servers[:damaged], b"view 8 ", "OBJ_log-snapshots")
    journal = log.open()
    for _ in range(3):  # each time the servers choose whose copy is read
        assert SharedStates(journal.node.connection).fetch(tmp_path / "fetched", PARTS, 0) == had
        for name, file in parts(tmp_path / "made", had).items():
            assert (tmp_path / "fetched" / name).read_bytes() == file.read_bytes()
    journal.close()
