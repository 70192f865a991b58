"""What a taker meets: the orders of its own book and, converted, those of the other books of its group."""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from tests.twin.state import Order, State
from tests.twin.words import CONVERSION, LIMIT_TYPES, MAX_ATOMS, PPM, RATE_ONE, U64_MAX, MarketStatus, Side, Type

OrdersByMarket = Mapping[int, list[Order]]
"""By market: the orders that a taker could take, in the order in which it would."""
Payable = Callable[[int], int]
"""What the conversion account can pay of an asset."""


@dataclass(frozen=True)
class Offer:
    """An order that rests, as the taker's market sees it."""

    maker: Order
    price: int
    unit: Fraction
    """What one unit of amount costs the taker, or brings it: atoms of its quote, not rounded."""
    maker_unit: int
    """The same for the maker, in its own quote."""
    side: int
    """The taker's."""
    foreign: bool

    def total(self, amount: int) -> int:
        return _against_the_taker(self.side, amount * self.unit)

    def most(self, amount: int, cap: int) -> int:
        """The largest amount up to so much whose total is at most `cap`."""
        if self.side == Side.BUY:
            return min(amount, floor(cap / self.unit))
        return min(amount, ceil((cap + 1) / self.unit) - 1)


def _against_the_taker(side: int, value: Fraction) -> int:
    return ceil(value) if side == Side.BUY else floor(value)


def standing_books(state: State, taker: Order) -> OrdersByMarket:
    return {market: state.markets[market].book(1 - taker.side) for market in state.linked_to(taker.market)}


def next_offer(state: State, taker: Order, books: OrdersByMarket, can_pay: Payable, passed_over: set[int]) -> Offer | None:
    """The one that the taker comes to next. What may be paid and has been passed over is the walk's to remember."""
    offers = [
        offer
        for market, orders in books.items()
        if orders and market not in passed_over
        if (offer := _offer(state, taker, orders[0])) is not None
        if not offer.foreign or _is_within_reach(state, taker, offer, can_pay)
        if taker.type not in LIMIT_TYPES or price_crosses(taker, offer.price)
    ]
    sign = 1 if taker.side == Side.BUY else -1
    return min(offers, key=lambda offer: (sign * offer.price, offer.foreign, offer.maker.order_id), default=None)


def price_crosses(taker: Order, price: int) -> bool:
    return price <= taker.price if taker.side == Side.BUY else price >= taker.price


def _offer(state: State, taker: Order, maker: Order) -> Offer | None:
    market, resting = state.markets[taker.market], state.markets[maker.market]
    maker_unit = resting.total(maker.price, 1)
    if maker.market == taker.market:
        return Offer(maker, maker.price, Fraction(maker_unit), maker_unit, taker.side, foreign=False)
    factor = _factor(state, taker, maker)
    if factor is None or resting.status == MarketStatus.HALTED:
        return None
    price = _against_the_taker(taker.side, maker.price * factor * Fraction(10) ** (market.price_scale - resting.price_scale))
    scales = state.assets[market.quote].scale - state.assets[resting.quote].scale
    return Offer(maker, price, maker_unit * factor * Fraction(10) ** scales, maker_unit, taker.side, foreign=True)


def _factor(state: State, taker: Order, maker: Order) -> Fraction | None:
    """How many whole units of the taker's quote stand against one of the maker's; None when a rate is missing or too old."""
    number = state.group_of(taker.market)
    assert number is not None, "only linked markets meet"
    ours, theirs = (_current_rate(state, number, state.markets[market].quote) for market in (taker.market, maker.market))
    if ours is None or theirs is None:
        return None
    fee = Fraction(PPM + state.groups[number].fee_ppm, PPM)
    return Fraction(theirs, ours) * (fee if taker.side == Side.BUY else 1 / fee)


def _current_rate(state: State, number: int, asset: int) -> int | None:
    group = state.groups[number]
    if asset == group.anchor:
        return RATE_ONE
    rate = group.rates.get(asset)
    if rate is None or (group.max_age and state.time - rate.set_at > group.max_age):
        return None
    return rate.rate


def _is_within_reach(state: State, taker: Order, offer: Offer, can_pay: Payable) -> bool:
    market = state.markets[taker.market]
    return market.min_price <= offer.price <= market.max_price and payable_amount(state, taker, offer, 1, can_pay) == 1


def payable_amount(state: State, taker: Order, offer: Offer, amount: int, can_pay: Payable) -> int:
    """How much of an amount the conversion account can pay for."""
    if taker.side == Side.BUY:
        return min(amount, can_pay(state.markets[offer.maker.market].quote) // offer.maker_unit)
    return offer.most(amount, can_pay(state.markets[taker.market].quote))


def fillable(state: State, taker: Order, offer: Offer, amount: int, can_pay: Payable) -> tuple[int, bool]:
    """(how much of an amount can be traded with a foreign order, whether more would be but for the conversion account)."""
    if not offer.foreign:
        return amount, False
    fitting = payable_amount(state, taker, offer, amount, can_pay)
    return fitting, fitting < amount


def one_trade_at_most(offer: Offer, amount: int) -> int:
    return offer.most(amount, MAX_ATOMS) if offer.foreign else amount


def payable(state: State) -> Payable:
    """What stands on the conversion account."""
    return lambda asset: state.available(CONVERSION, asset)


class LookAhead:
    """The same walk without trading: on copies, with its own account of what has been paid."""

    def __init__(self, state: State, taker: Order, books: OrdersByMarket) -> None:
        self.books = books
        self._state = state
        self._taker = taker
        self._paid: dict[int, int] = {}
        self._passed_over: set[int] = set()

    def next(self) -> Offer | None:
        return next_offer(self._state, self._taker, self.books, self._payable, self._passed_over)

    def skip(self, offer: Offer) -> None:
        self.books[offer.maker.market].pop(0)

    def take(self, offer: Offer, amount: int) -> int:
        """How much of it there is to be had."""
        amount = one_trade_at_most(offer, min(amount, offer.maker.remaining))
        amount, limited = fillable(self._state, self._taker, offer, amount, self._payable)
        if limited:
            self._passed_over.add(offer.maker.market)
        if offer.foreign:
            markets = self._state.markets
            buys = self._taker.side == Side.BUY
            asset = markets[offer.maker.market if buys else self._taker.market].quote
            self._paid[asset] = self._paid.get(asset, 0) + (amount * offer.maker_unit if buys else offer.total(amount))
        offer.maker.filled += amount
        if offer.maker.remaining == 0:
            self.skip(offer)
        return amount

    def _payable(self, asset: int) -> int:
        return self._state.available(CONVERSION, asset) - self._paid.get(asset, 0)


def converted_levels(state: State, market: int, side: int) -> list[tuple[int, int]]:
    """What a taker could take of that side, best first."""
    taker = Order(
        order_id=0,
        account=0,
        market=market,
        type=Type.MARKET,
        side=1 - side,
        tif=0,
        flags=0,
        self_trade=0,
        price=0,
        amount=0,
        filled=0,
        stop_price=0,
        expire_at=0,
        funds=0,
        client_id=0,
        maker_ppm=0,
        taker_ppm=0,
        created=0,
    )
    books = {number: [copy(maker) for maker in makers] for number, makers in standing_books(state, taker).items()}
    ahead = LookAhead(state, taker, books)
    levels: dict[int, int] = {}
    while (offer := ahead.next()) is not None:
        levels[offer.price] = min(U64_MAX, levels.get(offer.price, 0) + ahead.take(offer, U64_MAX))
    return list(levels.items())
