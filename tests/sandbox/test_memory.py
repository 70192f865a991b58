"""What models remember, taken out and put back into models that were made in the same way."""

import msgspec
import pytest

from cambist.domain.orders import Side
from cambist.sandbox.draws import Draws
from cambist.sandbox.fundamentals import Fundamentals
from cambist.sandbox.memory import Memory, Unlike, remembered, remind
from cambist.sandbox.presets import PRESETS

CODES = ("BTC", "LTC", "USD", "EUR")


def made(seed: int = 3) -> Fundamentals:
    return Fundamentals(CODES, seed, PRESETS["calm"], {})


def through_a_file(memory: Memory) -> Memory:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(memory), type=Memory)


def test_fundamentals_go_on_from_where_they_were() -> None:
    first = made()
    first.advance(1_000_000)
    first.advance(1_003_000)
    again = made()
    remind(again, through_a_file(remembered(first)))
    for second in range(1_003_001, 1_003_400, 7):
        first.advance(second)
        again.advance(second)
        assert [first.price(code, "USD") for code in CODES] == [again.price(code, "USD") for code in CODES]
    assert remembered(first) == remembered(again)


def test_a_record_that_is_followed_is_remembered() -> None:
    first = made()
    first.advance(1_000_000)
    first.follow("BTC", "USD", [1_000_000, 1_000_010, 1_000_020], [2_000.0, 2_100.0, 2_200.0])
    first.advance(1_000_012)
    again = made()
    remind(again, through_a_file(remembered(first)))
    again.advance(1_000_020)
    assert again.price("BTC", "USD") == pytest.approx(2_200.0)


class Other:
    """No model of the package: looked at, not owned."""

    count = 1


class Holder:
    def __init__(self, parts: int) -> None:
        self.side = Side.BUY
        self.pair = (1, 2)
        self.draws = Draws(1, "holder")
        self.other = Other()
        self.parts = [made() for _ in range(parts)]


Holder.__module__ = "cambist.sandbox.holder"


def test_words_of_a_kind_tuples_and_streams_come_back_as_what_they_were_and_what_is_not_owned_stays() -> None:
    holder = Holder(2)
    holder.side, holder.pair = Side.SELL, (3, 4)
    holder.other.count = 7
    expected = [holder.draws.uniform() for _ in range(3)][-1]
    holder.draws = Draws(1, "holder")
    holder.draws.uniform(), holder.draws.uniform()
    again = Holder(2)
    remind(again, through_a_file(remembered(holder)))
    assert again.side is Side.SELL
    assert again.pair == (3, 4)
    assert again.draws.uniform() == expected
    assert again.other.count == 1


@pytest.mark.parametrize("parts", [1, 3])
def test_what_is_not_alike_is_refused(parts: int) -> None:
    with pytest.raises(Unlike):
        remind(Holder(parts), remembered(Holder(2)))
