"""Commands for the property tests: one number becomes one command, mostly a sensible one.

Drawing every field on its own makes orders that are refused, or that never meet. Here few accounts trade few amounts at few prices, most
of what is asked for is possible, and now and then a field is absurd. What a number becomes depends on the state too (which order to
cancel, say), so a number means something in any list of numbers, and shorter lists stay sensible: that is what shrinking needs.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, TypeVar

from tests.twin.state import Order, State
from tests.twin.words import (
    ALL_MARKETS,
    BOTH_SIDES,
    MAX_ATOMS,
    NO_FEE_OVERRIDE,
    TAKE_PROFIT,
    U32_MAX,
    U64_MAX,
    WORLD,
    Side,
    Tif,
    Type,
)

T = TypeVar("T")
Call = tuple[str, dict[str, Any]]
"""A typed call of the engine without its time."""

USERS = (16, 17, 18, 19)
GEM, USD, BTC = 0, 1, 2
DEEP = 2  # the market with room for amounts that fill a u64

ABSURD = (0, 2**31, 2**32, 2**63 - 1, 2**63, U64_MAX)
RATES = (0, 0, 1, 2_500, 333_333, 1_000_000)
FIRST_TRANSFER = 2**70


def furniture(number: int) -> list[Call]:
    """Three assets of different scales, three markets among them, four users with more or less money."""
    chance = Random(number)
    calls: list[Call] = [
        ("create_asset", {"code": code, "scale": scale, "display_scale": display})
        for code, scale, display in (("GEM", 3, 2), ("USD", 6, 2), ("BTC", 9, 8))
    ]
    for base, quote, price_scale, amount_scale in ((GEM, USD, 2, 1), (BTC, USD, 0, 6), (GEM, BTC, 6, 3)):
        scales = {"base": base, "quote": quote, "price_scale": price_scale, "amount_scale": amount_scale}
        deep = {"max_amount": U64_MAX} if (base, quote) == (GEM, BTC) else {}
        fees = {"maker_ppm": chance.choice(RATES), "taker_ppm": chance.choice(RATES)}
        calls.append(("create_market", {**scales, "self_trade": chance.randrange(5), **limits(chance), **fees, **deep}))
    calls += [("open_account", {}) for _ in USERS]
    for user in USERS:
        for asset in (GEM, USD, BTC):
            if purse := chance.choice([10**9, 10**9, 10**9, 2**90, 2**90, 2**90, 2**90, 2**90, 20_000, 2_000]):
                transfer_id = 1 + user * 10 + asset
                fields = {"transfer_id": transfer_id, "source": WORLD, "destination": user, "asset": asset, "amount": purse}
                calls.append(("transfer", {**fields, "kind": 1, "pending": 0}))
    return calls


def limits(chance: Random) -> dict[str, int]:
    """They let most of the prices and amounts below through."""
    return {
        "min_price": chance.choice([1, 1, 1, 2]),
        "max_price": chance.choice([100, 100, 100, 5]),
        "min_amount": chance.choice([1, 1, 1, 2]),
        "max_amount": chance.choice([10**6, 10**6, 12]),
        "min_total": chance.choice([0, 0, 0, 0, 1, 8]),
    }


class Traffic:
    """What comes next, given a number, the state it will meet, and the time."""

    def __init__(self, number: int, state: State) -> None:
        self.chance = Random(number)
        self.state = state

    def call(self) -> tuple[int, str, dict[str, Any]]:
        """(time, command, fields)."""
        weights, makers = zip(*self.kinds(), strict=True)
        (make,) = self.chance.choices(makers, weights)
        if any(market.status for market in self.state.markets) and self.one_in(4):
            make = Traffic.status
        if self.state.max_open_orders < 100 and self.one_in(12):
            make = Traffic.max_open_orders
        command, fields = make(self)
        return self.time(command), command, fields

    def kinds(self) -> Sequence[tuple[int, Callable[[Any], Call]]]:
        """(weight, what makes the command)"""
        return KINDS

    # --- small choices

    def one_in(self, count: int) -> bool:
        return self.chance.randrange(count) == 0

    def pick(self, usual: Sequence[T], rare: Sequence[T] = ()) -> T:
        """One in forty is rare."""
        return self.chance.choice(rare if rare and self.one_in(40) else usual)

    def time(self, command: str) -> int:
        if command == "advance_time":
            return self.state.time + self.pick([1, 2, 3], [0, 2**40])
        return max(0, self.state.time + self.pick([0, 0, 0, 1, 2], [-1, -5]))

    def user(self) -> int:
        return self.pick(USERS, [0, 1, 15, 20, U32_MAX])

    def market(self) -> int:
        return self.pick([0, 0, 0, 1, 1, DEEP], [3, 0xFFFF])

    def price(self, side: int) -> int:
        """Buys and sells overlap in the middle: some rest, some cross."""
        return self.pick([1, 2, 3, 3, 4] if side == Side.BUY else [3, 4, 4, 5, 6], ABSURD)

    def amount(self, market: int) -> int:
        if market == DEEP and self.one_in(3):
            return self.pick([2**63, 2**63 - 1, 2**63 - 3, U64_MAX, 2**62])
        return self.pick([1, 2, 3, 5, 8, 12], ABSURD)

    def everything(self, account: int, market: int, side: int, price: int) -> int:
        """The largest amount that the account can pay for; or one more."""
        if account >= len(self.state.accounts) or market >= len(self.state.markets):
            return 1
        rules = self.state.markets[market]
        asset, cost = (rules.quote, rules.total(price, 1)) if side == Side.BUY else (rules.base, rules.base_unit)
        return self.fitting(max(0, self.state.available(account, asset)) // max(1, cost) + self.pick([0, 0, 1]))

    def fitting(self, amount: int) -> int:
        return min(max(amount, 0), U64_MAX)

    def lifetime(self, tif: int) -> int:
        return max(0, self.state.time + self.pick([3, 5, 9, 9, 0], [-1, 2**50])) if tif == Tif.GTD else 0

    def stop_price(self, market: int, side: int) -> int:
        """Near the last price, and often beyond it, so that the next trade or two reaches it."""
        last = self.state.markets[market].last_price if market < len(self.state.markets) else 0
        if last == 0 or last > 100:
            return self.pick([2, 3, 4, 5], ABSURD)
        step = self.pick([1, 1, 1, 2, 2, 0, -1])
        return max(1, last + step if side == Side.BUY else last - step)

    def order_id(self) -> int:
        """Usually of a live order."""
        live = sorted(self.state.live)
        return self.pick(live, [0, 1, self.state.next_order_id - 1, self.state.next_order_id, U64_MAX]) if live else self.pick([0, 1, 2, 5])

    def owner(self, order_id: int) -> int:
        order = self.state.live.get(order_id)
        return self.user() if order is None or self.one_in(25) else order.account

    # --- orders

    def order(self, **fields: int) -> Call:
        order = {
            "account": self.user(),
            "flags": 0,
            "self_trade": self.pick([0, 0, 0, 0, 1, 2, 3, 4], [5, 255]),
            "client_id": self.chance.choice([0, 0, 0, self.pick(range(1, 40), [2**128 - 1])]),
            **fields,
        }
        order.setdefault("expire_at", self.lifetime(order["tif"]))
        if order["amount"] and self.one_in(16):
            order["amount"] = self.everything(order["account"], order["market"], order["side"], order["price"] or 3)
        return "place_order", order

    def plain_limit(self) -> Call:
        market, side = self.market(), self.pick([0, 1])
        size = {"price": self.price(side), "amount": self.amount(market)}
        return self.order(market=market, side=side, type=Type.LIMIT, tif=Tif.GTC, **size)

    def other_limit(self) -> Call:
        market, side, tif = self.market(), self.pick([0, 1], [2, 255]), self.pick([0, 1, 2, 3, 3], [4, 255])
        flags = self.pick([0, 1], [2, 255]) if tif in (Tif.GTC, Tif.GTD) else 0
        size = {"price": self.price(side), "amount": self.amount(market)}
        return self.order(market=market, side=side, type=Type.LIMIT, tif=tif, flags=flags, **size)

    def market_order(self) -> Call:
        market, side, tif = self.market(), self.pick([0, 1]), self.pick([1, 1, 2])
        return self.order(market=market, side=side, type=Type.MARKET, tif=tif, price=0, amount=self.amount(market))

    def funds(self, market: int) -> int:
        if market == DEEP:
            return self.pick([1, 3, 9, 25, 60, 2**63, 2**64, 2**66])
        return self.pick([1, 3, 17, 999, 4_000, 17_500, 60_000], [MAX_ATOMS, MAX_ATOMS + 1, 2**128 - 1])

    def market_order_by_funds(self) -> Call:
        market = self.market()
        return self.order(market=market, side=Side.BUY, type=Type.MARKET, tif=Tif.IOC, price=0, amount=0, funds=self.funds(market))

    def stop_limit(self) -> Call:
        market, side, tif = self.market(), self.pick([0, 1]), self.pick([0, 0, 0, 1, 2, 3])
        size = {"price": self.price(side), "amount": self.amount(market), "stop_price": self.stop_price(market, side)}
        return self.order(market=market, side=side, type=Type.STOP_LIMIT, tif=tif, flags=self.pick([0, TAKE_PROFIT]), **size)

    def stop_market(self) -> Call:
        market, side = self.market(), self.pick([0, 1])
        size = {"amount": self.amount(market)} if side == Side.SELL else {"amount": 0, "funds": self.funds(market)}
        stop = {"stop_price": self.stop_price(market, side), "price": 0, "flags": self.pick([0, TAKE_PROFIT])}
        return self.order(market=market, side=side, type=Type.STOP_MARKET, tif=Tif.IOC, **size, **stop)

    def pair(self) -> Call:
        """Mostly with the limit leg on the better side of the last price and the stop leg on the other."""
        market, side, tif = self.market(), self.pick([0, 1], [2, 255]), self.pick([0, 0, 0, 3], [1, 2, 4])
        stop_price = self.stop_price(market, side)
        ahead = self.pick([1, 2, 3], [0, 255])
        price = max(1, stop_price - ahead) if side == Side.BUY else self.fitting(stop_price + ahead)
        at_limit = side == Side.BUY or self.one_in(2)
        order = {
            "account": self.user(),
            "market": market,
            "side": side,
            "tif": tif,
            "flags": self.pick([0, 0, 0, 1], [2, 4, 255]),
            "self_trade": self.pick([0, 0, 1, 2, 3, 4], [5, 255]),
            "price": price,
            "amount": self.amount(market),
            "stop_price": stop_price,
            "stop_limit_price": self.pick([self.price(side)], [0]) if at_limit else 0,
            "expire_at": self.lifetime(tif),
            "client_id": self.chance.choice([0, 0, self.pick(range(1, 40))]),
            "stop_client_id": self.chance.choice([0, 0, self.pick(range(1, 40))]),
        }
        return "place_oco", order

    def trailing_stop(self) -> Call:
        market, side = self.market(), self.pick([0, 1], [2, 255])
        at_limit = self.one_in(2)
        tif = self.pick([0, 0, 1, 2, 3]) if at_limit else self.pick([1], [0, 2])
        by_funds = not at_limit and side == Side.BUY
        flags = self.pick([8, 16], [0, 1, 2, 4, 10, 24, 255])
        by_ppm = self.pick([1, 100_000, 250_000, 400_000, 999_999], [0, 10**6, 10**6 + 1])
        trail = self.pick([1, 1, 1, 2, 3], ABSURD) if flags == 8 else by_ppm
        order = {
            "account": self.user(),
            "market": market,
            "side": side,
            "type": self.pick([Type.STOP_LIMIT if at_limit else Type.STOP_MARKET], [Type.LIMIT, Type.MARKET, 4]),
            "tif": tif,
            "flags": flags,
            "self_trade": self.pick([0, 0, 1, 2, 3, 4], [5, 255]),
            "price": self.price(side) if at_limit else 0,
            "amount": 0 if by_funds else self.amount(market),
            "trail": trail,
            "expire_at": self.lifetime(tif),
            "funds": self.funds(market) if by_funds else 0,
            "client_id": self.chance.choice([0, 0, self.pick(range(1, 40))]),
        }
        return "place_trailing", order

    def odd_order(self) -> Call:
        """Fields that know nothing of each other."""
        market, side = self.market(), self.pick([0, 1], [2])
        return self.order(
            market=market,
            side=side,
            type=self.pick([0, 1, 2, 3], [4, 255]),
            tif=self.pick([0, 1, 2, 3], [4]),
            flags=self.pick([0, 0, 1, 2], [3, 4]),
            price=self.pick([0, self.price(side)]),
            amount=self.pick([0, self.amount(market)]),
            stop_price=self.pick([0, self.stop_price(market, side)]),
            expire_at=self.pick([0, 0, self.state.time, self.state.time + 3]),
            funds=self.pick([0, 0, self.funds(market)]),
        )

    def replace(self) -> Call:
        order_id = self.order_id()
        order = self.state.live.get(order_id)
        fields = self._changes(order) if order else {"price": self.pick([0, 3]), "amount": self.pick([0, 5])}
        return "replace_order", {"account": self.owner(order_id), "order_id": order_id, **fields}

    def _changes(self, order: Order) -> dict[str, int]:
        """Less, more, all that money can buy, elsewhere, across the book, or nothing at all."""
        waiting = self.state.is_waiting(order)
        most = order.amount + self.everything(order.account, order.market, order.side, order.price)
        amount = self.pick([0, 0, order.amount, max(1, order.amount - 1), order.amount + 5, order.filled or 1, most], ABSURD)
        price = self.pick([0, 0, order.price, self.price(order.side), self.price(1 - order.side)], ABSURD)
        stop = self.pick([0, self.stop_price(order.market, order.side)]) if waiting else self.pick([0], [3])
        if order.type == Type.STOP_MARKET:
            price = self.pick([0], [3])
        return {"price": price, "amount": self.fitting(amount), "stop_price": stop}

    def cancel(self) -> Call:
        order_id = self.order_id()
        return "cancel_order", {"account": self.owner(order_id), "order_id": order_id}

    def cancel_many(self) -> Call:
        return "cancel_many", {"account": self.user(), "order_ids": [self.order_id() for _ in range(self.chance.randrange(6))]}

    def cancel_all(self) -> Call:
        where = {"market": self.pick([0, 1, 2, ALL_MARKETS], [3]), "side": self.pick([0, 1, BOTH_SIDES], [2])}
        return "cancel_all", {"account": self.user(), **where}

    def cancel_after(self) -> Call:
        """Often soon, sometimes taken back, now and then too late."""
        due = self.pick([0, self.state.time + self.pick([1, 2, 3, 5]), self.state.time + 9], [self.state.time, 1, U64_MAX])
        return "set_cancel_after", {"account": self.user(), "due": due}

    # --- money

    def transfer(self) -> Call:
        source = self.user()
        asset = self.pick([GEM, USD, BTC], [3, 0xFFFF])
        there = self.state.available(source, asset) if source < len(self.state.accounts) else 0
        few = self.pick([1, 500, there, there + 1, there - 1_000, there - 30_000])  # the last two leave a little
        fields = {
            "transfer_id": self.pick([FIRST_TRANSFER + len(self.state.used_transfer_ids)], [0, 161, FIRST_TRANSFER + 1, 2**128 - 1]),
            "source": self.pick([source, source, WORLD]),
            "destination": self.pick([self.user(), 3], [source, WORLD]),
            "asset": asset,
            "kind": self.pick([1, 2, 3, 4, 5, 6, 7, 8], [0, 9]),
            "pending": self.pick([0, 1], [2]),
            "amount": self.pick([max(0, few)], [0, MAX_ATOMS, MAX_ATOMS + 1, 2**128 - 1]),
        }
        return "transfer", fields

    def finish_transfer(self) -> Call:
        used = sorted(self.state.used_transfer_ids) or [1]
        pending = sorted(self.state.pending) or used
        command = self.pick(["post_transfer", "void_transfer"])
        return command, {"transfer_id": self.pick(pending, [*used[:3], 0, FIRST_TRANSFER + 10**6])}

    # --- the venue

    def advance_time(self) -> Call:
        return "advance_time", {}

    def note(self) -> Call:
        return "note", {"meta": self.chance.randbytes(self.pick([0, 3, 40], [4_096]))}

    def status(self) -> Call:
        """A halted market is opened again soon."""
        halted = [number for number, market in enumerate(self.state.markets) if market.status]
        if halted and not self.one_in(8):
            return "set_market_status", {"market": halted[0], "status": 0}
        return "set_market_status", {"market": self.market(), "status": self.pick([0, 1, 1, 1], [2, 255])}

    def market_limits(self) -> Call:
        market = self.market()
        deep = {"max_amount": U64_MAX} if market == DEEP and not self.one_in(4) else {}
        spoiled = self.pick([{}], [{"min_price": 0}, {"min_amount": 0}, {"max_price": U64_MAX}, {"max_price": 1, "min_price": 2}])
        return "set_market_limits", {"market": market, **limits(self.chance), **deep, **spoiled}

    def rates(self) -> dict[str, int]:
        return {name: self.pick(RATES, [1_000_001, NO_FEE_OVERRIDE]) for name in ("maker_ppm", "taker_ppm")}

    def market_fees(self) -> Call:
        return "set_market_fees", {"market": self.market(), **self.rates()}

    def account_fees(self) -> Call:
        none = {"maker_ppm": NO_FEE_OVERRIDE, "taker_ppm": NO_FEE_OVERRIDE}
        return "set_account_fees", {"account": self.user(), **self.pick([none, self.rates()])}

    def max_open_orders(self) -> Call:
        """A tight limit is lifted again soon."""
        if self.state.max_open_orders < 100 and not self.one_in(8):
            return "set_max_open_orders", {"count": 10_000}
        return "set_max_open_orders", {"count": self.pick([10_000, 2, 4, 8], [0, U32_MAX])}

    def open_account(self) -> Call:
        return "open_account", {}

    def create_asset(self) -> Call:
        code = self.pick(["OIL", f"A{len(self.state.assets)}"], ["A", "oil", "GEM", "ABCDEFGHIJKL", "A B", "", "A\0B"])
        scale = self.pick([0, 2, 18], [19, 255])
        return "create_asset", {"code": code, "scale": scale, "display_scale": self.pick([0, min(scale, 2)], [scale + 1 & 255])}

    def create_market(self) -> Call:
        assets = range(len(self.state.assets) + 1)
        scales = {"price_scale": self.pick([0, 1, 3], [19, 255]), "amount_scale": self.pick([0, 1, 3], [19, 255])}
        fields = {"base": self.pick(assets), "quote": self.pick(assets), "self_trade": self.pick([0, 1, 2, 3, 4], [5])}
        return "create_market", {**fields, **scales, **limits(self.chance), **self.rates()}


KINDS: tuple[tuple[int, Callable[[Traffic], Call]], ...] = (
    (330, Traffic.plain_limit),
    (130, Traffic.other_limit),
    (60, Traffic.market_order),
    (40, Traffic.market_order_by_funds),
    (70, Traffic.stop_limit),
    (50, Traffic.stop_market),
    (50, Traffic.pair),
    (50, Traffic.trailing_stop),
    (20, Traffic.odd_order),
    (110, Traffic.replace),
    (40, Traffic.cancel),
    (10, Traffic.cancel_many),
    (5, Traffic.cancel_all),
    (12, Traffic.cancel_after),
    (30, Traffic.transfer),
    (15, Traffic.finish_transfer),
    (20, Traffic.advance_time),
    (8, Traffic.note),
    (10, Traffic.status),
    (8, Traffic.market_limits),
    (8, Traffic.market_fees),
    (10, Traffic.account_fees),
    (8, Traffic.max_open_orders),
    (4, Traffic.open_account),
    (4, Traffic.create_asset),
    (6, Traffic.create_market),
)
"""How often out of about a thousand."""
