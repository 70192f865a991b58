"""Budgets of guesses: some at once, then one at a time, also across a restart and after a clock that was wrong."""

from concurrent.futures import ThreadPoolExecutor

from cambist.directory import Directory
from cambist.directory.guess_budgets import Budget
from tests.directory.conftest import HOUR, MINUTE, Place

BUDGET = Budget("code", at_once=5, each=10 * MINUTE)


def test_a_few_are_there_at_once_and_then_one_at_a_time(place: Place, directory: Directory) -> None:
    budgets, clock = directory.guess_budgets, place.clock
    assert [budgets.take(BUDGET, 7) for _ in range(5)] == [0] * 5
    for _ in range(9):
        assert budgets.take(BUDGET, 7) == 10 * MINUTE
        clock.now += 10 * MINUTE - 1
        assert budgets.take(BUDGET, 7) == 1
        clock.now += 1
        assert budgets.take(BUDGET, 7) == 0


def test_what_is_asked_when_none_is_left_changes_nothing(directory: Directory) -> None:
    for _ in range(5):
        directory.guess_budgets.take(BUDGET, 7)
    assert {directory.guess_budgets.take(BUDGET, 7) for _ in range(50)} == {10 * MINUTE}


def test_a_right_guess_costs_nothing_and_forgives_no_other(place: Place, directory: Directory) -> None:
    budgets = directory.guess_budgets
    for _ in range(4):
        budgets.take(BUDGET, 7)
    for _ in range(20):
        assert budgets.take(BUDGET, 7) == 0
        budgets.give_back(BUDGET, 7)
    assert budgets.made(BUDGET, 7) == 4
    assert [budgets.take(BUDGET, 7) > 0 for _ in range(2)] == [False, True]
    place.clock.now += HOUR
    assert budgets.made(BUDGET, 7) == 0


def test_nobody_uses_up_what_is_somebody_elses(directory: Directory) -> None:
    budgets, other = directory.guess_budgets, Budget("password", at_once=5, each=10 * MINUTE)
    for _ in range(6):
        budgets.take(BUDGET, 7)
    assert budgets.take(BUDGET, 8) == budgets.take(other, 7) == budgets.take(other, "\ud800") == 0


def test_a_restart_forgets_nothing(place: Place, directory: Directory) -> None:
    for _ in range(5):
        directory.guess_budgets.take(BUDGET, "alice")
    directory.close()
    assert place.open().guess_budgets.take(BUDGET, "alice") == 10 * MINUTE


def test_a_time_that_was_wrong_keeps_nobody_waiting_longer_than_usual(place: Place, directory: Directory) -> None:
    place.clock.now += 240 * HOUR
    for _ in range(5):
        directory.guess_budgets.take(BUDGET, 7)
    directory.close()
    place.clock.now -= 240 * HOUR
    budgets = place.open().guess_budgets
    assert budgets.take(BUDGET, 7) == 10 * MINUTE
    budgets.give_back(BUDGET, 7)
    assert budgets.take(BUDGET, 7) == 0


def test_guesses_of_the_same_moment_are_all_counted(directory: Directory) -> None:
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: directory.guess_budgets.take(BUDGET, 7), range(40)))
    assert waits.count(0) == 5
