"""Engines driven through random but valid days, and sources made of what they did."""

import random
from collections.abc import Iterator

from cambist import _core
from cambist.domain.meta import Meta
from cambist.domain.units import AccountId
from cambist.history.fold import fold
from cambist.history.port import HistoryWrites

START = 1_700_000_000_000_000
BTC, USD, LTC, EUR = 0, 1, 2, 3
BTC_USD, LTC_BTC, BTC_EUR = 0, 1, 2
USERS = (AccountId(16), AccountId(17), AccountId(18))


class Venue:
    """A core with two markets and three funded users; `runs` are the encoded events, one run per `cut`."""

    def __init__(self) -> None:
        self.engine = _core.Engine()
        self.time = START
        self.runs: list[tuple[bytes, int]] = []
        self.next_transfer = 1
        self.markets: tuple[int, ...] = (BTC_USD, LTC_BTC)
        engine = self.engine
        engine.create_asset(START, "BTC", 16, 8)
        engine.create_asset(START, "USD", 11, 2)
        engine.create_asset(START, "LTC", 8, 8)
        engine.create_market(START, BTC, USD, 3, 8, 0, 1, 10**9, 1, 10**12, 0, 1_000, 2_000)
        engine.create_market(START, LTC, BTC, 8, 8, 0, 1, 10**9, 1, 10**12, 0, 1_000, 2_000)
        for user in USERS:
            assert engine.open_account(self.time).id == user
            for asset in (BTC, USD, LTC):
                self.deposit(user, asset, 10**22)
        self.cut()

    def cut(self) -> bytes:
        """Ends a run, as a durable frame would."""
        raw = self.engine.take_events()
        if raw:
            self.runs.append((raw, self.engine.seq))
        return raw

    def tick(self, micros: int = 1_000) -> int:
        self.time += micros
        return self.time

    def deposit(self, account: int, asset: int, amount: int, **memo: str) -> int:
        number = self.next_transfer
        self.next_transfer += 1
        meta = Meta(memo=memo).encode() if memo else b""
        assert self.engine.transfer(self.tick(), number, 0, account, asset, 1, 0, amount, meta).code == 0
        return number

    def place(self, account: int, side: int, price: int, amount: int, market: int = BTC_USD, tag: str = "", **more: int) -> _core.Outcome:
        meta = Meta(tag=tag).encode() if tag else b""
        kind = more.pop("type", 0)
        tif = more.pop("tif", 0)
        flags = more.pop("flags", 0)
        mode = more.pop("self_trade", 0)
        return self.engine.place_order(self.tick(), account, market, side, kind, tif, flags, mode, price, amount, meta=meta, **more)

    @property
    def last_seq(self) -> int:
        return self.runs[-1][1]

    def move_rates(self, dice: random.Random) -> None:
        """Where there are any."""

    def source(self) -> "Recorded":
        return Recorded(self.runs)

    def folded_into(self, store: HistoryWrites) -> None:
        """Everything up to the last cut."""
        for raw, last in self.runs:
            if last > store.cursor.seq:
                store.apply(fold(store.cursor, raw))


class LinkedVenue(Venue):
    """The same with BTC/EUR linked to BTC/USD: a random day's orders meet across currencies, at rates that change."""

    def __init__(self) -> None:
        super().__init__()
        engine = self.engine
        assert engine.create_asset(self.tick(), "EUR", 13, 2).id == EUR
        assert engine.create_market(self.tick(), BTC, EUR, 4, 8, 0, 1, 10**9, 1, 10**12, 0, 1_000, 2_000).id == BTC_EUR
        engine.create_linked_group(self.tick(), BTC, USD, 2_500, 0)
        for market in (BTC_USD, BTC_EUR):
            engine.link_market(self.tick(), 0, market)
        engine.set_conversion_rates(self.tick(), 0, [(EUR, _core.RATE_ONE // 10)])
        for account in (*USERS, _core.CONVERSION):
            for asset in (USD, EUR):
                self.deposit(account, asset, 10**22)
        self.markets = (BTC_USD, LTC_BTC, BTC_EUR, BTC_EUR)
        self.cut()

    def move_rates(self, dice: random.Random) -> None:
        near = _core.RATE_ONE // 10
        assert self.engine.set_conversion_rates(self.tick(), 0, [(EUR, dice.randint(near * 97 // 100, near * 103 // 100))]).code == 0


class Recorded:
    """An event source of recorded runs."""

    def __init__(self, runs: list[tuple[bytes, int]]) -> None:
        self.recorded = runs

    @property
    def last_seq(self) -> int:
        return self.recorded[-1][1] if self.recorded else 0

    def runs(self, after_seq: int) -> Iterator[tuple[bytes, int]]:
        for raw, last in list(self.recorded):
            if last > after_seq:
                yield raw, last


def random_day(venue: Venue, seed: int, commands: int, cut_every: int = 7) -> None:
    """Orders of every kind, cancels, replaces, stops, expiries, transfers in both phases, rejections."""
    dice = random.Random(seed)
    pending: list[int] = []
    placed: list[int] = []
    for number in range(commands):
        random_command(venue, dice, pending, placed)
        if number % cut_every == cut_every - 1:
            venue.cut()
    venue.cut()


def random_command(venue: Venue, dice: random.Random, pending: list[int], placed: list[int]) -> None:
    engine = venue.engine
    user = dice.choice(USERS)
    market = dice.choice(venue.markets)
    price = dice.randint(95, 105)
    amount = dice.randint(1, 50) * 10**6
    at = venue.tick(dice.choice((0, 1, 1_000, 700_000, 40_000_000, 3_600_000_000)))
    match dice.randrange(14):
        case 0 | 1 | 2 | 3 | 4:
            tif, flags = dice.choice(((0, 0), (0, 0), (1, 0), (2, 0), (0, 1)))
            out = engine.place_order(
                at, user, market, dice.randrange(2), 0, tif, flags, dice.randrange(5), price, amount, meta=Meta(tag=f"t{at % 97}").encode()
            )
            placed.append(out.id)
        case 5:
            placed.append(engine.place_order(at, user, market, 1, 1, 1, 0, 1, 0, amount).id)
            engine.place_order(at, user, market, 0, 1, 1, 0, 1, 0, 0, funds=dice.randint(1, 10**17))
        case 6:
            stop = price + dice.choice((-3, 3))
            placed.append(engine.place_order(at, user, market, dice.randrange(2), 2, 0, 0, 1, price, amount, stop_price=stop).id)
        case 7:
            placed.append(engine.place_order(at, user, market, 0, 0, 3, 0, 2, price, amount, expire_at=at + dice.randint(1, 10**9)).id)
        case 8 if placed:
            engine.cancel_order(at, user, dice.choice(placed))
        case 9 if placed:
            engine.replace_order(at, user, dice.choice(placed), dice.choice((0, price)), dice.choice((0, amount)))
        case 10:
            engine.advance_time(at)
        case 11:
            venue.deposit(user, dice.randrange(3), dice.randint(1, 10**12), txid=f"x{at}")
        case 12:
            number = venue.next_transfer
            venue.next_transfer += 1
            meta = Meta(memo={"address": f"a{number}"}).encode()
            if engine.transfer(at, number, user, 3, dice.randrange(3), 2, 1, dice.randint(1, 10**10), meta).code == 0:
                pending.append(number)
        case 13 if pending:
            number = pending.pop(dice.randrange(len(pending)))
            meta = Meta(memo={"txid": f"tx{number}"}).encode()
            (engine.post_transfer if dice.random() < 0.7 else engine.void_transfer)(at, number, meta)
        case _:
            venue.move_rates(dice)
            engine.note(venue.time)
            engine.note(venue.time, Meta(memo={"for_account": user, "word": price}).encode())
            engine.note(venue.time, Meta(memo={"other": "for_account"}).encode())
