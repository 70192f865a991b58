"""Typed calls, one command each, as the exchange facade makes them: every argument given, the outboxes emptied once a tick."""

from __future__ import annotations

import gc
import random
import time
from statistics import median

from benchmarks import w10k
from benchmarks.report import AT_LEAST, Row, Settings, Target
from benchmarks.streams import w10k_stream

from cambist import _core
from cambist.domain.meta import Meta

GROUP = "Python"
TICK = 64
"""Commands between two takes of records and events: a busy tick of the sequencer."""
ORDERS = 200_000
META = Meta(key_id=7, nonce=1_234_567).encode()

Row6 = tuple[int, int, int, int, int, int]


def measure(settings: Settings) -> list[Row]:
    stream = w10k_stream()
    rows = stream.rows()
    runs = 1 if settings.quick else 5
    pairs = [_place_and_cancel(rows[: stream.shape.prefill], stream.shape.accounts, number) for number in range(runs)]
    mixed = [_whole_stream(stream, rows) for _ in range(runs)]
    target = Target(AT_LEAST, 0.7)
    note = f"outboxes taken every {TICK}"
    return [
        _row("place_order that rests", [place for place, _ in pairs], target, note),
        _row("cancel_order of a resting order", [cancel for _, cancel in pairs], target, note),
        _row("W10k by single calls", mixed, target, note),
    ]


def _row(name: str, speeds: list[float], target: Target, note: str) -> Row:
    return Row(GROUP, name, median(speeds) / 1e6, "M/s", target, note, {"runs": [round(speed) for speed in speeds]})


def _take(engine: _core.Engine) -> None:
    engine.take_commands()
    engine.take_events()


def _stream_part(engine: _core.Engine, rows: list[Row6]) -> None:
    """Runs rows of the stream, one call each."""
    place, cancel, user = engine.place_order, engine.cancel_order, w10k.FIRST_USER
    for start in range(0, len(rows), TICK):
        for op, side, account, price, amount, order_id in rows[start : start + TICK]:
            if op == w10k.ADD:
                place(0, user + account, 0, side, 0, 0, 0, 0, price, amount, 0, 0, 0, 0, META)
            else:
                cancel(0, user + account, order_id, META)
        _take(engine)


def _place_and_cancel(prefill: list[Row6], accounts: int, seed: int) -> tuple[float, float]:
    """Orders per second placed into W10k's starting book, where they rest, and then cancelled in random order."""
    engine = w10k.funded_engine(accounts)
    _stream_part(engine, prefill)
    rng = random.Random(seed)
    # Off the touch on both sides, like the book's own: none of them trades.
    new = [(rng.randrange(accounts) + w10k.FIRST_USER, rng.randrange(2), rng.randint(1, 50), rng.randint(1, 100)) for _ in range(ORDERS)]
    orders = [(account, side, w10k.MID + away if side else w10k.MID - away, amount) for account, side, away, amount in new]
    placing, outcomes = _place_all(engine, orders)
    if any(outcome.code or outcome.status != 1 for outcome in outcomes):
        raise w10k.WrongNumbers("an order was refused or did not rest")
    mine = [(order[0], outcome.id) for order, outcome in zip(orders, outcomes, strict=True)]
    rng.shuffle(mine)
    cancelling, outcomes = _cancel_all(engine, mine)
    if any(outcome.code for outcome in outcomes):
        raise w10k.WrongNumbers("an order could not be cancelled")
    return ORDERS / placing, ORDERS / cancelling


def _place_all(engine: _core.Engine, orders: list[tuple[int, int, int, int]]) -> tuple[float, list[_core.Outcome]]:
    place = engine.place_order
    outcomes: list[_core.Outcome] = []
    keep = outcomes.append
    gc.disable()
    started = time.perf_counter()
    for start in range(0, ORDERS, TICK):
        for account, side, price, amount in orders[start : start + TICK]:
            keep(place(0, account, 0, side, 0, 0, 0, 0, price, amount, 0, 0, 0, 0, META))
        _take(engine)
    seconds = time.perf_counter() - started
    gc.enable()
    return seconds, outcomes


def _cancel_all(engine: _core.Engine, orders: list[tuple[int, int]]) -> tuple[float, list[_core.Outcome]]:
    cancel = engine.cancel_order
    outcomes: list[_core.Outcome] = []
    keep = outcomes.append
    gc.disable()
    started = time.perf_counter()
    for start in range(0, ORDERS, TICK):
        for account, order_id in orders[start : start + TICK]:
            keep(cancel(0, account, order_id, META))
        _take(engine)
    seconds = time.perf_counter() - started
    gc.enable()
    return seconds, outcomes


def _whole_stream(stream: w10k.Stream, rows: list[Row6]) -> float:
    engine = w10k.funded_engine(stream.shape.accounts)
    _stream_part(engine, rows[: stream.shape.prefill])
    timed = rows[stream.shape.prefill :]
    gc.disable()
    started = time.perf_counter()
    _stream_part(engine, timed)
    seconds = time.perf_counter() - started
    gc.enable()
    if engine.live_orders(w10k.MARKET) != stream.check.live:
        raise w10k.WrongNumbers(f"{engine.live_orders(w10k.MARKET)} live orders instead of {stream.check.live}")
    return stream.shape.timed / seconds
