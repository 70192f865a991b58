"""Guesses at passwords and codes: some are free, then there are pauses that grow, also across a restart."""

from concurrent.futures import ThreadPoolExecutor

from cambist.directory import Directory, User
from cambist.directory.guesses import FIRST_PAUSE, FORGOTTEN_AFTER, FREE, LONGEST_PAUSE
from tests.directory.conftest import MINUTE, Place


def test_a_few_are_free_and_then_pauses_grow(place: Place, directory: Directory) -> None:
    guesses, clock = directory.guesses, place.clock
    assert [guesses.begin("code", 7) for _ in range(FREE)] == [0] * FREE
    waits = []
    for _ in range(9):
        waits.append(guesses.begin("code", 7))
        clock.now += waits[-1] - 1
        assert guesses.begin("code", 7) == 1
        clock.now += 1
        assert guesses.begin("code", 7) == 0
    assert waits == [min(FIRST_PAUSE << step, LONGEST_PAUSE) for step in range(9)]
    assert waits[-1] == LONGEST_PAUSE


def test_what_is_asked_in_a_pause_changes_nothing(directory: Directory) -> None:
    for _ in range(FREE):
        directory.guesses.begin("code", 7)
    assert {directory.guesses.begin("code", 7) for _ in range(50)} == {FIRST_PAUSE}


def test_a_right_one_forgives_and_so_does_a_day(place: Place, directory: Directory) -> None:
    for _ in range(FREE - 1):
        directory.guesses.begin("code", 7)
    directory.guesses.right("code", 7)
    assert [directory.guesses.begin("code", 7) for _ in range(FREE)] == [0] * FREE
    place.clock.now += FORGOTTEN_AFTER + 1
    assert [directory.guesses.begin("code", 7) for _ in range(FREE)] == [0] * FREE


def test_subjects_do_not_disturb_each_other(directory: Directory) -> None:
    for _ in range(FREE + 1):
        last = directory.guesses.begin("code", 7)
    assert last == FIRST_PAUSE
    assert (
        directory.guesses.begin("code", 8) == directory.guesses.begin("password", 7) == directory.guesses.begin("password", "\ud800") == 0
    )


def test_a_restart_forgets_nothing(place: Place, directory: Directory) -> None:
    for _ in range(FREE):
        directory.guesses.begin("password", "alice")
    directory.close()
    assert place.open().guesses.begin("password", "alice") == FIRST_PAUSE


def test_guesses_of_the_same_moment_are_all_counted(directory: Directory) -> None:
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: directory.guesses.begin("code", 7), range(40)))
    assert waits.count(0) == FREE


def test_an_erased_user_leaves_none_behind(place: Place, directory: Directory, alice: User) -> None:
    for _ in range(FREE):
        directory.guesses.begin("password", "alice")
        directory.guesses.begin("code", alice.id)
    directory.erase_user(alice)
    assert directory.guesses.begin("password", "alice") == directory.guesses.begin("code", alice.id) == 0
    place.clock.now += MINUTE
