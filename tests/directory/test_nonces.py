"""Nonces: strictly rising per key, or once within a window; remembered in memory, in the file, and by the journal."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cambist.directory import MAX_NONCE, Directory
from cambist.directory.nonces import ONCE_CAPACITY, ONCE_HORIZON
from tests.directory.conftest import NOON, SECOND, Place

KEY, OTHER = 1, 2


@pytest.mark.parametrize(
    ("nonce", "accepted"),
    [(101, True), (1_000_000, True), (100, False), (99, False), (0, False), (-1, False), (MAX_NONCE, True), (MAX_NONCE + 1, False)],
)
def test_a_nonce_must_be_above_the_last_one(directory: Directory, nonce: int, accepted: bool) -> None:
    assert directory.nonces.last(KEY) == 0
    assert directory.nonces.accept(KEY, 100)
    assert directory.nonces.accept(KEY, nonce) is accepted
    assert directory.nonces.last(KEY) == (nonce if accepted else 100)
    assert directory.nonces.accept(OTHER, 1), "each key counts for itself"


def test_marks_are_there_again_after_a_flush(place: Place, directory: Directory) -> None:
    directory.nonces.accept(KEY, 100)
    directory.nonces.accept(OTHER, MAX_NONCE)
    directory.nonces.flush(seq=12)
    directory.nonces.accept(KEY, 200)
    directory.close()
    nonces = place.open().nonces
    assert (nonces.applied_seq, nonces.last(KEY), nonces.last(OTHER)) == (12, 100, MAX_NONCE)


def test_what_was_not_flushed_comes_back_from_the_journal(place: Place, directory: Directory) -> None:
    directory.nonces.accept(KEY, 100)
    directory.nonces.flush(seq=12)
    directory.nonces.accept(KEY, 200)
    directory.close()
    nonces = place.open().nonces
    for seq, key_id, nonce in [(11, KEY, 50), (13, 0, 0), (14, KEY, 200), (14, KEY, 200)]:
        nonces.apply(key_id, nonce, seq)
    assert nonces.applied_seq == 14
    assert not nonces.accept(KEY, 200)
    assert nonces.accept(KEY, 201)


def test_a_flush_that_is_older_than_what_was_applied_does_not_go_back(place: Place, directory: Directory) -> None:
    directory.nonces.apply(KEY, 5, seq=20)
    directory.nonces.flush(seq=12)
    assert directory.nonces.applied_seq == 20
    directory.close()
    assert place.open().nonces.applied_seq == 20


def test_collecting_and_storing_may_lie_apart(place: Place, directory: Directory) -> None:
    directory.nonces.accept(KEY, 100)
    collected = directory.nonces.collect(seq=5)
    directory.nonces.accept(KEY, 101)
    directory.nonces.store(collected)
    directory.nonces.flush(seq=6)
    directory.close()
    assert place.open().nonces.last(KEY) == 101


def test_collections_stored_in_the_wrong_order_take_nothing_back(place: Place, directory: Directory) -> None:
    directory.nonces.accept(KEY, 100)
    earlier = directory.nonces.collect(seq=5)
    directory.nonces.accept(KEY, 101)
    later = directory.nonces.collect(seq=9)
    directory.nonces.store(later)
    directory.nonces.store(earlier)
    directory.close()
    nonces = place.open().nonces
    assert (nonces.last(KEY), nonces.applied_seq) == (101, 9)


def test_many_keys_are_flushed_at_once(place: Place, directory: Directory) -> None:
    for round_ in (1, 2):
        for key_id in range(1, 2_001):
            assert directory.nonces.accept(key_id, round_)
        directory.nonces.flush(seq=round_)
    directory.close()
    nonces = place.open().nonces
    assert {nonces.last(key_id) for key_id in range(1, 2_001)} == {2}


def test_a_once_only_nonce_needs_no_order(directory: Directory) -> None:
    until = NOON + 10 * SECOND
    answers = [directory.nonces.accept_once(KEY, nonce, until) for nonce in (5, 3, 4, 5, 3)]
    assert answers == [True, True, True, False, False]
    assert directory.nonces.accept_once(OTHER, 5, until)
    assert directory.nonces.accept(KEY, 1), "the mark of rising nonces is another memory"
    assert directory.nonces.last(KEY) == 1


def test_a_once_only_nonce_is_forgotten_when_its_window_is_over(place: Place, directory: Directory) -> None:
    assert directory.nonces.accept_once(KEY, 5, NOON + 10)
    place.clock.now += 9
    assert not directory.nonces.accept_once(KEY, 5, NOON + 100)
    assert not directory.nonces.accept_once(KEY, 6, place.clock.now), "a window that is over accepts nothing"
    place.clock.now += 1
    assert directory.nonces.accept_once(KEY, 5, NOON + 100), "refusing it now is the dialect's window check"


def test_once_only_memory_is_bounded_and_full_means_refused(place: Place, directory: Directory) -> None:
    for nonce in range(1, ONCE_CAPACITY + 1):
        assert directory.nonces.accept_once(KEY, nonce, NOON + 10)
    assert not directory.nonces.accept_once(KEY, ONCE_CAPACITY + 1, NOON + 10)
    assert directory.nonces.accept_once(OTHER, 1, NOON + 10)
    place.clock.now += 10
    assert directory.nonces.accept_once(KEY, ONCE_CAPACITY + 1, NOON + 20)


def test_once_only_nonces_survive_flush_and_restart_until_they_expire(place: Place, directory: Directory) -> None:
    directory.nonces.accept_once(KEY, 5, NOON + 10)
    directory.nonces.accept_once(KEY, 6, NOON + 20)
    directory.nonces.flush(seq=3)
    directory.close()
    place.clock.now += 10
    reopened = place.open()
    assert not reopened.nonces.accept_once(KEY, 6, NOON + 20)
    assert reopened.nonces.accept_once(KEY, 5, NOON + 20)
    place.clock.now += 10
    reopened.nonces.flush(seq=4)
    reopened.close()
    assert place.open().nonces.accept_once(KEY, 6, NOON + 40)


def test_once_only_nonces_come_back_from_the_journal_by_their_sign(place: Place, directory: Directory) -> None:
    journaled = directory.nonces.once(5)
    directory.close()
    nonces = place.open().nonces
    nonces.apply(KEY, journaled, seq=9, at=NOON - SECOND)
    nonces.apply(KEY, journaled, seq=9, at=NOON - SECOND)
    nonces.apply(KEY, nonces.once(4), seq=10, at=NOON - ONCE_HORIZON)
    assert not nonces.accept_once(KEY, 5, NOON + SECOND)
    assert nonces.accept_once(KEY, 4, NOON + SECOND), "too long ago for any window: not kept"
    assert nonces.last(KEY) == 0
    assert nonces.applied_seq == 10


@settings(deadline=None, max_examples=25)
@given(offers=st.lists(st.tuples(st.integers(1, 3), st.integers(-5, 30)), max_size=60), cut=st.integers(0, 60))
def test_flush_then_journal_is_the_same_as_never_stopping(
    tmp_path_factory: pytest.TempPathFactory, offers: list[tuple[int, int]], cut: int
) -> None:
    place = Place(tmp_path_factory.mktemp("nonces"))
    directory = place.open()
    accepted = [(seq, key_id, nonce) for seq, (key_id, nonce) in enumerate(offers, 1) if directory.nonces.accept(key_id, nonce)]
    marks = {key_id: directory.nonces.last(key_id) for key_id in (1, 2, 3)}
    directory.close()

    place.file.unlink()
    stopped = place.open()
    for seq, key_id, nonce in accepted:
        stopped.nonces.apply(key_id, nonce, seq)
        if seq == cut:
            stopped.nonces.flush(seq)
    stopped.close()
    resumed = place.open()
    for seq, key_id, nonce in accepted:
        if seq > resumed.nonces.applied_seq:
            resumed.nonces.apply(key_id, nonce, seq)
    assert {key_id: resumed.nonces.last(key_id) for key_id in (1, 2, 3)} == marks
    place.close()
