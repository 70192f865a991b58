"""What every implementation of the journal's port has to do, from Python: derive a test class from `JournalSuite` and give it a `place`.

The same rules are written against the port in Rust in `core/src/journal/conformance.rs`.
"""

import asyncio
import contextlib
import select
import threading
from collections.abc import Iterator
from typing import Protocol

import pytest

from cambist._core import Frame, JournalError, JournalFailed, JournalFenced, JournalLocked, decode_frame, encode_frame
from cambist.exchange.journal_port import GENESIS, JournalPort, holds

COMMANDS, CHECKPOINT = 1, 2
PATIENCE_SECONDS = 30.0
"""Longer than any sound journal takes for anything here; only a broken one lets a test wait for so long."""


class Place(Protocol):
    """A place where one journal lives, to be opened again and again."""

    def open(self) -> JournalPort:
        """Opens the journal, making it the first time. Whoever opens it closes it."""


def record(seq: int) -> bytes:
    """A command's record: its seq in text, so that lengths differ."""
    return f"<{seq}>".encode()


def records(first: int, last: int) -> bytes:
    return b"".join(map(record, range(first, last + 1)))


def append(journal: JournalPort, count: int = 1) -> int:
    last = journal.last().seq
    return journal.append(last, journal.epoch, count, 1_000 + last + count, records(last + 1, last + count))


def append_singly(journal: JournalPort, count: int) -> None:
    """Each command durable before the next: each is a frame of its own."""
    for _ in range(count):
        append(journal)
        journal.wait()


def payload(frames: list[Frame]) -> bytes:
    return b"".join(frame.payload for frame in frames if frame.kind == COMMANDS)


def readable(descriptor: int, seconds: float = PATIENCE_SECONDS) -> bool:
    return bool(select.select([descriptor], [], [], seconds)[0])


class JournalSuite:
    """Tests of one implementation; `place` and `other_place` are fixtures of the class derived from this."""

    @pytest.fixture
    def journal(self, place: Place) -> Iterator[JournalPort]:
        journal = place.open()
        yield journal
        journal.close()

    def test_an_empty_journal_is_at_zero(self, journal: JournalPort) -> None:
        last = journal.last()
        assert (last.seq, last.durable_seq, last.hash) == (0, 0, GENESIS)
        assert journal.wait() == journal.acknowledge() == 0
        assert list(journal.read()) == []
        assert not journal.space_low
        assert journal.epoch > 0
        assert 0 <= journal.identity < 1 << 64

    def test_commands_read_back_in_order(self, journal: JournalPort) -> None:
        assert append(journal, 3) == 3
        assert append(journal, 2) == journal.last().seq == 5
        assert journal.wait() == journal.last().durable_seq == 5
        frames = list(journal.read())
        assert payload(frames) == records(1, 5)
        assert (frames[0].first_seq, frames[-1].last_seq, frames[-1].time) == (1, 5, 1_005)
        assert {frame.epoch for frame in frames} == {journal.epoch}

    def test_a_burst_loses_nothing(self, journal: JournalPort) -> None:
        for _ in range(1_000):
            append(journal)
        assert journal.wait() == 1_000
        assert payload(list(journal.read())) == records(1, 1_000)

    def test_reading_starts_at_the_frame_that_holds_the_seq(self, journal: JournalPort) -> None:
        for _ in range(4):
            append(journal, 5)
            journal.wait()
        frames = list(journal.read(8))
        assert (frames[0].first_seq, frames[-1].last_seq) == (6, 20)
        assert list(journal.read(21)) == []

    def test_a_reader_at_the_end_goes_on_when_there_is_more(self, journal: JournalPort) -> None:
        append_singly(journal, 1)
        frames = journal.read()
        assert [frame.last_seq for frame in frames] == [1]
        append_singly(journal, 1)
        assert [frame.last_seq for frame in frames] == [2]

    @pytest.mark.parametrize("expected", [0, 1, 3, (1 << 64) - 1])
    def test_a_wrong_expectation_is_refused_and_changes_nothing(self, journal: JournalPort, expected: int) -> None:
        append(journal, 2)
        with pytest.raises(JournalError, match="expected last seq") as refused:
            journal.append(expected, journal.epoch, 1, 0, b"no")
        assert not isinstance(refused.value, JournalFailed | JournalFenced)
        append(journal)
        journal.wait()
        assert payload(list(journal.read())) == records(1, 3)

    def test_a_frame_without_commands_is_refused(self, journal: JournalPort) -> None:
        with pytest.raises(JournalError, match="at least one command"):
            journal.append(0, journal.epoch, 0, 0, b"")
        assert append(journal) == 1

    @pytest.mark.parametrize("difference", [-1, 1])
    def test_another_epoch_is_fenced_off_and_changes_nothing(self, journal: JournalPort, difference: int) -> None:
        with pytest.raises(JournalFenced):
            journal.append(0, journal.epoch + difference, 1, 0, b"no")
        with pytest.raises(JournalFenced):
            journal.checkpoint(0, journal.epoch + difference, bytes(32))
        assert journal.last().seq == 0

    def test_two_openings_never_both_append(self, journal: JournalPort, place: Place) -> None:
        append_singly(journal, 1)
        # A log on one machine refuses the second opening; a shared one lets it in and shuts the first one out.
        try:
            second = place.open()
        except JournalLocked:
            assert append(journal) == 2
            return
        # Here, or where the frame arrives; but never acknowledged.
        with pytest.raises(JournalFenced):
            append_singly(journal, 1)
        assert second.append(1, second.epoch, 1, 1_002, record(2)) == 2
        assert second.wait() == 2
        assert payload(list(second.read())) == records(1, 2)
        second.close()
        with contextlib.suppress(JournalFailed, JournalFenced):
            journal.close()

    def test_every_opening_has_a_higher_epoch_and_keeps_the_log(self, place: Place) -> None:
        epochs = []
        for number in range(4):
            journal = place.open()
            epochs.append(journal.epoch)
            assert journal.last().seq == journal.last().durable_seq == number * 2
            append(journal, 2)
            journal.close()
        assert sorted(set(epochs)) == epochs
        journal = place.open()
        assert payload(list(journal.read())) == records(1, 8)
        assert [frame.epoch for frame in journal.read()] == epochs
        journal.close()

    def test_the_identity_is_the_journals_own(self, place: Place, other_place: Place) -> None:
        found = []
        for where in (place, place, other_place):
            journal = where.open()
            found.append(journal.identity)
            journal.close()
        assert found[0] == found[1] != found[2]

    def test_a_checkpoint_stands_behind_its_seq(self, journal: JournalPort) -> None:
        append(journal, 2)
        with pytest.raises(JournalError, match="expected last seq"):
            journal.checkpoint(1, journal.epoch, bytes(32))
        with pytest.raises(ValueError, match="32 bytes"):
            journal.checkpoint(2, journal.epoch, b"short")
        journal.checkpoint(2, journal.epoch, b"h" * 32)
        append(journal)
        journal.wait()
        frames = list(journal.read())
        assert [(frame.kind, frame.first_seq, frame.count) for frame in frames] == [(COMMANDS, 1, 2), (CHECKPOINT, 2, 0), (COMMANDS, 3, 1)]
        assert frames[1].payload == b"h" * 32
        # Whoever starts behind a checkpoint gets it first: it vouches for the state that he starts with.
        assert [frame.kind for frame in journal.read(3)] == [CHECKPOINT, COMMANDS]

    def test_frames_are_a_chain_of_exactly_the_file_journals_bytes(self, place: Place) -> None:
        before = GENESIS
        for number in range(1, 4):
            journal = place.open()
            append_singly(journal, 2)
            journal.checkpoint(2 * number, journal.epoch, bytes([number]) * 32)
            journal.wait()
            for frame in list(journal.read())[3 * (number - 1) :]:
                assert frame.prev_hash == before
                encoded = encode_frame(
                    journal.identity,
                    frame.epoch,
                    frame.kind,
                    frame.first_seq,
                    frame.count,
                    frame.time,
                    frame.prev_hash,
                    frame.payload,
                )
                assert decode_frame(encoded, journal.identity, "", 0).hash == frame.hash
                before = frame.hash
            assert journal.last().hash == before
            journal.close()

    def test_a_journal_holds_the_frames_that_it_holds(self, journal: JournalPort) -> None:
        assert holds(journal, 0, GENESIS)
        append_singly(journal, 3)
        journal.checkpoint(3, journal.epoch, bytes(32))
        append(journal)
        journal.wait()
        frames = list(journal.read())
        assert all(holds(journal, frame.last_seq, frame.hash) for frame in frames)
        assert not any(holds(journal, frame.last_seq + 1, frame.hash) for frame in frames)
        assert not holds(journal, 2, bytes([1]) * 32)
        assert not holds(journal, 99, frames[0].hash)
        assert not holds(journal, 1, GENESIS)

    def test_the_descriptor_tells_what_became_durable(self, journal: JournalPort) -> None:
        for seq in range(1, 4):
            append(journal)
            assert readable(journal.fileno())
            assert journal.acknowledge() == seq
            assert not readable(journal.fileno(), 0)

    async def test_the_descriptor_wakes_an_event_loop(self, journal: JournalPort) -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[int] = loop.create_future()

        def woken() -> None:
            if journal.acknowledge() == 7 and not done.done():
                done.set_result(journal.last().durable_seq)

        loop.add_reader(journal.fileno(), woken)
        for _ in range(7):
            append(journal)
        assert await done == 7
        loop.remove_reader(journal.fileno())

    def test_a_follower_goes_on_with_what_is_added(self, journal: JournalPort) -> None:
        append_singly(journal, 2)
        early, late = journal.follow(), journal.follow(4)
        assert early.wait(PATIENCE_SECONDS)
        assert readable(early.fileno())
        assert [frame.last_seq for frame in early] == [1, 2]
        assert not early.wait(0)
        assert not readable(early.fileno(), 0)
        append_singly(journal, 2)
        assert early.wait(PATIENCE_SECONDS)
        assert readable(early.fileno())
        assert [frame.last_seq for frame in early] == [3, 4]
        assert late.wait(PATIENCE_SECONDS)
        assert [frame.first_seq for frame in late] == [4]
        for follower in (early, late):
            follower.close()
            follower.close()
            with pytest.raises(JournalError):
                follower.wait(0)

    def test_a_follower_on_another_thread_misses_nothing_and_runs_ahead_of_nothing(self, journal: JournalPort) -> None:
        commands = 500
        heard: list[Frame] = []
        ahead: list[int] = []

        def follow() -> None:
            follower = journal.follow()
            while not heard or heard[-1].last_seq < commands:
                if not follower.wait(PATIENCE_SECONDS):
                    return
                for frame in follower:
                    heard.append(frame)
                    if frame.last_seq > journal.last().durable_seq:
                        ahead.append(frame.last_seq)
            follower.close()

        thread = threading.Thread(target=follow)
        thread.start()
        for seq in range(1, commands + 1):
            append(journal)
            if seq % 7 == 0:
                journal.wait()
        thread.join()
        assert payload(heard) == records(1, commands)
        assert ahead == []
        assert [frame.prev_hash for frame in heard] == [GENESIS, *(frame.hash for frame in heard[:-1])]

    def test_whoever_waits_for_more_hears_that_there_will_be_none(self, place: Place) -> None:
        journal = place.open()
        follower = journal.follow()
        ended: list[BaseException] = []

        def wait() -> None:
            try:
                follower.wait()
            except JournalError as error:
                ended.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        journal.close()
        thread.join()
        follower.close()
        assert "closed" in str(ended[0])

    def test_closing_twice_is_closing_once_and_what_was_handed_in_is_durable(self, place: Place) -> None:
        journal = place.open()
        follower = journal.follow()
        append(journal)
        journal.close()
        journal.close()
        last = journal.last()
        assert (last.seq, last.durable_seq) == (1, 1)
        with pytest.raises(JournalError, match="closed"):
            journal.append(1, journal.epoch, 1, 0, b"no")
        with pytest.raises(JournalError, match="closed"):
            journal.checkpoint(1, journal.epoch, bytes(32))
        with pytest.raises(JournalError, match="closed"):
            journal.read()
        with pytest.raises(JournalError, match="closed"):
            journal.follow()
        assert [frame.last_seq for frame in follower] == [1]
        assert readable(follower.fileno())
        with pytest.raises(JournalError, match="closed"):
            follower.wait(PATIENCE_SECONDS)
        follower.close()
        again = place.open()
        assert again.last().hash == last.hash
        assert payload(list(again.read())) == records(1, 1)
        again.close()
