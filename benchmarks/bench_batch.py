"""W10k through `Engine.apply_batch`, events on: what a Python program gets out of the core when it hands over whole runs of commands."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable, Iterator
from statistics import median

from benchmarks import w10k
from benchmarks.report import AT_LEAST, Row, Settings, Target
from benchmarks.streams import w10k_stream

GROUP = "Python"
RUN = 256
"""Commands in one batch: their events (about 300 bytes each) still fit a core's own cache when they are handed over."""

_LENGTH_KIND = struct.Struct("<HB")
_TRADE = struct.Struct("<QQHBBIIQQQQ")  # up to amount
_TRADE_EXECUTED = 4


def measure(settings: Settings) -> list[Row]:
    stream = w10k_stream()
    run = w10k.encode(stream)
    first, last = stream.shape.prefill, stream.shape.prefill + stream.shape.timed
    prefill = run.part(0, first)
    check(stream, [prefill, *batches_of(run, first, last)])
    speeds = [one(stream, run, prefill) for _ in range(1 if settings.quick else 5)]
    value = median(speeds) / 1e6
    detail = {"batch": RUN, "runs": [round(speed) for speed in speeds]}
    return [Row(GROUP, "W10k through apply_batch, events on", value, "M/s", Target(AT_LEAST, 10), f"batches of {RUN:,}", detail)]


def batches_of(run: w10k.CommandRun, first: int, last: int) -> Iterator[bytes]:
    """The commands from `first` up to `last`, a batch at a time and not before it is wanted: as from a program that has just made them."""
    return (run.part(at, min(at + RUN, last)) for at in range(first, last, RUN))


def one(stream: w10k.Stream, run: w10k.CommandRun, prefill: bytes) -> float:
    """Commands per second of the calls, on a fresh core."""
    engine = w10k.funded_engine(stream.shape.accounts)
    engine.apply_batch(prefill)
    apply, now = engine.apply_batch, time.perf_counter
    seconds = 0.0
    for batch in batches_of(run, stream.shape.prefill, stream.shape.prefill + stream.shape.timed):
        started = now()
        apply(batch)
        seconds += now() - started
    if engine.live_orders(w10k.MARKET) != stream.check.live:
        raise w10k.WrongNumbers(f"{engine.live_orders(w10k.MARKET)} live orders instead of {stream.check.live}")
    return stream.shape.timed / seconds


def check(stream: w10k.Stream, batches: Iterable[bytes]) -> None:
    """Untimed: every command succeeds, and the trades in the events add up to the published figures."""
    engine = w10k.funded_engine(stream.shape.accounts)
    trades = volume = notional = 0
    for batch in batches:
        codes, events = engine.apply_batch(batch)
        if any(codes):
            raise w10k.WrongNumbers("a command of the stream was refused")
        at = 0
        while at < len(events):
            length, kind = _LENGTH_KIND.unpack_from(events, at)
            if kind == _TRADE_EXECUTED:
                *_, price, amount = _TRADE.unpack_from(events, at + 4)
                trades += 1
                volume += amount
                notional += price * amount
            at += length
    found = w10k.Check(trades, volume, notional, engine.live_orders(w10k.MARKET))
    if found != stream.check:
        raise w10k.WrongNumbers(f"{found} instead of {stream.check}")
