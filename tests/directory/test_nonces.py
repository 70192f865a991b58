"""Nonces: strictly rising per key, or once within a window; remembered in memory, in the file, and by the journal."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cambist.directory import MAX_NONCE, Directory, Nonces
from cambist.directory.nonces import ONCE_CAPACITY, ONCE_HORIZON, SPAN
from tests.directory.conftest import NOON, SECOND, Place

KEY, OTHER = 1, 2
once = Nonces.once


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
    answers = [directory.nonces.judge(KEY, once(nonce)) for nonce in (5, 3, 4, 5, 3)]
    assert answers == [True, True, True, False, False]
    assert directory.nonces.judge(OTHER, once(5))
    assert directory.nonces.accept(KEY, 1), "the mark of rising nonces is another memory"
    assert directory.nonces.last(KEY) == 1


@pytest.mark.parametrize(("nonce", "accepted"), [(-1, True), (-MAX_NONCE, True), (-MAX_NONCE - 1, False)])
def test_a_once_only_nonce_has_63_bits(directory: Directory, nonce: int, accepted: bool) -> None:
    assert directory.nonces.judge(KEY, nonce) is accepted


def test_a_once_only_nonce_is_forgotten_when_every_window_is_over(place: Place, directory: Directory) -> None:
    assert directory.nonces.judge(KEY, once(5))
    place.clock.now += ONCE_HORIZON - 1
    assert not directory.nonces.judge(KEY, once(5))
    place.clock.now += SPAN + 1
    assert directory.nonces.judge(KEY, once(5)), "refusing it now is the dialect's window check"


def test_what_is_forgotten_together_is_remembered_long_enough(place: Place, directory: Directory) -> None:
    used = []
    for nonce in range(1, 100):  # through many spans
        assert directory.nonces.judge(KEY, once(nonce))
        used.append((place.clock.now, nonce))
        place.clock.now += SPAN // 3
        remembered = [nonce for at, nonce in used if at + ONCE_HORIZON > place.clock.now]
        assert not any(directory.nonces.judge(KEY, once(nonce)) for nonce in remembered)


def test_once_only_memory_is_bounded_and_full_means_refused(place: Place, directory: Directory) -> None:
    for nonce in range(1, ONCE_CAPACITY + 1):
        assert directory.nonces.judge(KEY, once(nonce))
    assert not directory.nonces.judge(KEY, once(ONCE_CAPACITY + 1))
    assert directory.nonces.judge(OTHER, once(1))
    place.clock.now += SPAN
    assert not directory.nonces.judge(KEY, once(ONCE_CAPACITY + 1)), "the span has ended, and its nonces are not forgotten"
    place.clock.now += ONCE_HORIZON
    assert directory.nonces.judge(KEY, once(ONCE_CAPACITY + 1)), "it was forgotten in time"


def test_once_only_nonces_survive_flush_and_restart_until_they_expire(place: Place, directory: Directory) -> None:
    directory.nonces.judge(KEY, once(5))
    directory.nonces.flush(seq=3)
    place.clock.now += SECOND
    directory.nonces.judge(KEY, once(6))
    directory.nonces.judge(OTHER, once(MAX_NONCE))
    directory.nonces.flush(seq=4)
    directory.close()
    place.clock.now += ONCE_HORIZON - 1
    reopened = place.open()
    assert not reopened.nonces.judge(KEY, once(6))
    assert not reopened.nonces.judge(OTHER, once(MAX_NONCE))
    place.clock.now += ONCE_HORIZON + SPAN
    reopened.nonces.flush(seq=5)
    reopened.close()
    forgotten = place.open().nonces
    assert all(forgotten.judge(KEY, once(nonce)) for nonce in (5, 6))


def test_once_only_nonces_that_could_not_be_stored_are_stored_with_the_next(place: Place, directory: Directory) -> None:
    directory.nonces.judge(KEY, once(5))
    collected = directory.nonces.collect(seq=3)
    directory.nonces.store(collected)
    directory.nonces.uncollect(collected)  # it failed behind the store, so that the nonces are stored twice
    directory.nonces.judge(KEY, once(6))
    directory.nonces.flush(seq=4)
    directory.close()
    reopened = place.open()
    assert not any(reopened.nonces.judge(KEY, once(nonce)) for nonce in (5, 6))
    place.clock.now += ONCE_HORIZON + SPAN
    reopened.nonces.flush(seq=5)
    assert all(reopened.nonces.judge(KEY, once(nonce)) for nonce in (5, 6))


def test_once_only_nonces_come_back_from_the_journal_by_their_sign(place: Place, directory: Directory) -> None:
    directory.close()
    nonces = place.open().nonces
    nonces.apply(KEY, once(5), seq=9, at=NOON - SECOND)
    nonces.apply(KEY, once(5), seq=9, at=NOON - SECOND)
    nonces.apply(KEY, once(4), seq=10, at=NOON - ONCE_HORIZON)
    assert not nonces.judge(KEY, once(5))
    assert nonces.judge(KEY, once(4)), "too long ago for any window: not kept"
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
