"""The chance that traders draw, and what assets are worth by it: the same numbers everywhere, of the promised shape."""

import math
from statistics import fmean, pstdev

import pytest

from cambist.domain.reproducible_math import exp, log
from cambist.sandbox.draws import Draws
from cambist.sandbox.fundamentals import Fundamentals
from cambist.sandbox.presets import TraderNumbers

NUMBERS = TraderNumbers()


@pytest.mark.parametrize("x", [1e-300, 1e-9, 0.3, 0.7071067811865476, 1.0, 1.4142135, 2500.0, 1e18])
def test_the_logarithm_is_the_logarithm(x: float) -> None:
    assert log(x) == pytest.approx(math.log(x), rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("x", [-50.0, -1.0, -1e-9, 0.0, 1e-9, 0.34657, 1.0, 7.824, 50.0])
def test_the_exponential_function_is_that(x: float) -> None:
    assert exp(x) == pytest.approx(math.exp(x), rel=1e-14)


def test_streams_do_not_depend_on_each_other_and_never_change() -> None:
    one, other = Draws(1, "noise-1/btc_usd"), Draws(1, "noise-2/btc_usd")
    first = [one.uniform() for _ in range(3)]
    other.normal()
    again = Draws(1, "noise-1/btc_usd")
    assert [again.uniform() for _ in range(3)] == first
    # On every machine, in every version: another number here is another market for everybody's seed.
    known = Draws(7, "a")
    assert [known.uniform(), known.normal(), known.wait(10.0), known.pareto(1.5, 100.0), known.sign()] == KNOWN


KNOWN = [0.7459847625771122, 0.8594062905163125, 16.472531935058562, 4.260275022922254, -1]


def test_the_normal_numbers_are_normal() -> None:
    draws = Draws(1, "normal")
    numbers = [draws.normal() for _ in range(20_000)]
    assert fmean(numbers) == pytest.approx(0.0, abs=0.03)
    assert pstdev(numbers) == pytest.approx(1.0, abs=0.02)
    assert sum(abs(number) > 1.96 for number in numbers) / 20_000 == pytest.approx(0.05, abs=0.006)


def test_waiting_times_and_sizes_have_their_laws() -> None:
    draws = Draws(1, "laws")
    assert fmean(draws.wait(10.0) for _ in range(20_000)) == pytest.approx(10.0, rel=0.03)
    sizes = [draws.pareto(1.5, 50.0) for _ in range(20_000)]
    assert min(sizes) >= 1.0
    assert max(sizes) == 50.0
    assert sum(size > 4.0 for size in sizes) / 20_000 == pytest.approx(4.0**-1.5, abs=0.01)


def test_prices_of_all_markets_fit_together() -> None:
    values = Fundamentals(["BTC", "USD", "EUR"], 1, NUMBERS, {})
    values.advance(1_000)
    values.advance(4_600)
    assert values.price("BTC", "EUR") * values.price("EUR", "USD") == pytest.approx(values.price("BTC", "USD"))
    assert 0.8 < values.price("BTC", "USD") / 2500 < 1.25


def test_a_path_depends_on_the_seed_and_the_time_alone() -> None:
    often, seldom = (Fundamentals(["BTC", "USD", "LTC"], 4, NUMBERS, {}) for _ in range(2))
    for second in range(1_000, 1_600):
        often.advance(second)
    seldom.advance(1_000)
    seldom.advance(1_599)
    assert often.price("LTC", "USD") == seldom.price("LTC", "USD")
    fewer = Fundamentals(["LTC", "USD"], 4, NUMBERS, {})
    fewer.advance(1_000)
    fewer.advance(1_599)
    assert fewer.price("LTC", "USD") == seldom.price("LTC", "USD")


def test_a_machine_that_slept_does_not_step_through_the_night() -> None:
    values = Fundamentals(["BTC", "USD"], 1, NUMBERS, {})
    values.advance(1_000)
    values.advance(10**9)
    before = values.price("BTC", "USD")
    values.advance(10**9)
    assert values.price("BTC", "USD") == before
