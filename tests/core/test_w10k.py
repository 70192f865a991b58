"""The W10k stream of a million commands, in batches: the figures that every matching engine must arrive at."""

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256

import pytest
from benchmarks import w10k
from benchmarks.streams import w10k_stream

from cambist._core import Engine, TradeExecuted, decode_events
from tests.twin.words import FEES

RUN = 10_000


@pytest.fixture(scope="module")
def stream() -> w10k.Stream:
    """Marketable prices and cancels depend on the book, so the core draws the stream; the hash says whether it is the published one."""
    return w10k_stream()


@pytest.fixture(scope="module")
def runs(stream: w10k.Stream) -> list[bytes]:
    run = w10k.encode(stream)
    return [run.part(at, min(at + RUN, run.commands)) for at in range(0, run.commands, RUN)]


def trades_of(engine: Engine, runs: list[bytes]) -> Iterator[TradeExecuted]:
    for run in runs:
        codes, events = engine.apply_batch(run)
        assert not any(codes), "a command was refused"
        for event in decode_events(events):
            if isinstance(event, TradeExecuted):
                yield event


def test_the_stream_is_the_published_one(stream: w10k.Stream) -> None:
    assert sha256(stream.records).hexdigest() == "4b4346216e624547ab74f5ab0f5e8555b80023fc04ff5dc8a5854d2d773943a7"
    kinds = Counter(row[0] for row in stream.rows())
    assert kinds == {w10k.ADD: 509_619 + 100_152, w10k.CANCEL: 400_229}


def test_the_figures(runs: list[bytes]) -> None:
    engine = w10k.funded_engine(w10k.W10K.accounts)
    engine.take_events()
    engine.take_commands()
    trades = volume = notional = maker_fees = taker_fees = 0
    for trade in trades_of(engine, runs):
        trades += 1
        volume += trade.amount
        notional += trade.price * trade.amount
        maker_fees += trade.maker_fee
        taker_fees += trade.taker_fee
    assert (trades, volume, notional) == (193_894, 4_949_041, 494_776_765_345)
    assert engine.next_trade_id == trades + 1
    assert engine.live_orders(w10k.MARKET) == 13_704
    assert [len(side) for side in engine.depth(w10k.MARKET, 0)] == [65, 60]
    assert [sum(row) for row in engine.totals()] == [0, 0]
    assert sum(engine.balance(FEES, asset)[0] for asset in (w10k.BASE, w10k.QUOTE)) == maker_fees + taker_fees


def test_without_events_the_state_is_the_same(runs: list[bytes]) -> None:
    eventful, silent = w10k.funded_engine(w10k.W10K.accounts), w10k.funded_engine(w10k.W10K.accounts)
    for run in runs[:20]:
        codes, _ = eventful.apply_batch(run)
        assert silent.apply_batch(run, events=False) == (codes, b"")
    assert silent.state_hash() == eventful.state_hash()
