"""An order with all that is known of it: what a dialect words when it is asked how it would tell of that order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

from msgspec import structs

from cambist import _core
from cambist.dialect_kit.order_life import STOP_TYPES, LifeCommand, Moments, life_of
from cambist.dialect_kit.venue_services import VenueServices
from cambist.domain.orders import DoneReason, OrderFlag, OrderType, Side, TimeInForce
from cambist.domain.transfers import Business
from cambist.domain.units import AccountId, AssetId
from cambist.history.port import Page
from cambist.history.records import Fill, Order, OrderTerms

MOST_TRADES = 20
"""Trades of an order that are worded; it may have thousands."""
MOST_READ = 10_000
"""Trades of an order that are read, to add up what it traded at once."""
PAGE = 1_000
MOST_ENTRIES = 7
"""Ledger entries of one trade behind its first."""
MOST_BEHIND = 999
"""µs that a trade's time may be behind its command's: no two trades have the same time."""


@dataclass(frozen=True, slots=True)
class AtOnce:
    """How the order stood right after the command that placed it. Units as in history's Order; `reason` is 0 unless it had ended."""

    filled: int
    total: int
    fee: int
    reason: int
    waiting: bool
    triggered: bool

    @property
    def open(self) -> bool:
        """It rests in the book or waits for its trigger."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order of an account. `order` as it stands; `live`: the same as the core has it, None once it has ended. `first`: as it stands but
    for price, amount and stop price, which are what it asked for when it was placed.

    `fills` are its first trades, oldest first, `more_fills` how many it has beside these. `commands` are what was done to it, up to the
    last of these. `available`: atoms that the account could spend right after the order was placed, of every asset. `changed`: it was
    replaced before that was kept, and `first` is the first that is known. `now`: µs. `other`: of an order of a pair the other one.
    """

    order: Order
    first: Order
    live: _core.LiveOrder | None
    fills: Sequence[Fill]
    more_fills: int
    at_once: AtOnce
    commands: Sequence[LifeCommand]
    available: Mapping[AssetId, int]
    username: str
    changed: bool
    now: int
    other: PlacedOrder | None = None

    @property
    def asked(self) -> PlacedOrder:
        """The same with what was asked for at first, which is what its request says."""
        other = None if self.other is None else replace(self.other.asked, other=None)
        return replace(self, order=self.first, live=self.live if self.first is self.order else None, other=other)

    @property
    def pair(self) -> tuple[PlacedOrder, PlacedOrder] | None:
        """The limit order and the stop of the pair that the order is of; None when it is of none."""
        if self.other is None:
            return None
        return (self.other, self) if self.is_stop else (self, self.other)

    @property
    def is_stop(self) -> bool:
        return self.order.type in STOP_TYPES

    @property
    def is_market(self) -> bool:
        """It named no price; a stop at market is one too."""
        return self.order.type in (OrderType.MARKET, OrderType.STOP_MARKET)

    @property
    def takes_profit(self) -> bool:
        return self.has(OrderFlag.TAKE_PROFIT)

    @property
    def trails(self) -> bool:
        return self.has(OrderFlag.TRAILS_BY_PRICE) or self.has(OrderFlag.TRAILS_BY_PPM)

    @property
    def trail(self) -> int:
        """How far its trigger stays behind the price, in units of price or ppm; 0 once that is known no more."""
        return self.live.trail if self.live is not None and self.live.waiting else 0

    def has(self, flag: OrderFlag) -> bool:
        return bool(self.order.flags & flag)


async def read_placed_order(services: VenueServices, account: AccountId, number: int) -> PlacedOrder | None:
    """An account's own order with everything that it can have been told of it; None when it has none of that number. HistoryError."""
    if not 0 < number < services.view.next_order_id:
        return None
    await services.history_caught_up()
    found = await services.history.orders_by_id([number])
    if not found or found[0].account != account:
        return None
    placed = await _read(services, found[0])
    partner = await _partner(services, found[0])
    return placed if partner is None else replace(placed, other=await _read(services, partner))


async def _partner(services: VenueServices, order: Order) -> Order | None:
    """The other order of a pair, which the same command placed."""
    number = _partner_number(order)
    found = await services.history.orders_by_id([number]) if number else []
    return next((other for other in found if other.seq == order.seq and other.account == order.account), None)


async def _read(services: VenueServices, order: Order) -> PlacedOrder:
    account, number = order.account, order.id
    fills = await _fills(services, number)
    shown = fills[:MOST_TRADES]
    terms = await services.history.terms_of_order(number)
    replacements = [each for each in terms if each.seq > order.seq]
    triggered = await _triggered(services, order, fills, {each.seq for each in replacements})
    ended = await _ended(services, order, fills)
    moments = Moments(triggered, ended, await _times(services, order, shown))
    assets = [asset.id for asset in services.catalogue.assets.by_id]
    balances = await services.history.balances_at(account, order.seq, assets)
    user = services.directory.user_by_account(account)
    first = _with_terms(order, terms[0]) if replacements else order
    return PlacedOrder(
        order=order,
        first=first,
        live=None if order.reason else services.view.order(number),
        fills=shown,
        more_fills=len(fills) - len(shown),
        at_once=_at_once(order, fills, moments),
        commands=life_of(first, shown, moments, replacements, whole=len(shown) == len(fills)),
        available=dict.fromkeys(assets, 0) | {balance.asset: balance.available for balance in balances},
        username=user.name if user is not None else "",
        changed=_changed_unseen(order, terms, fills),
        now=services.clock(),
    )


def _with_terms(order: Order, terms: OrderTerms) -> Order:
    stop_price = terms.stop_price or order.stop_price  # 0 where the trigger moved
    return structs.replace(order, price=terms.price, amount=terms.amount, stop_price=stop_price)


def _changed_unseen(order: Order, terms: Sequence[OrderTerms], fills: Sequence[Fill]) -> bool:
    """Whether it was replaced before that was kept. Then its terms are known from some time after it was placed on."""
    if not terms or terms[0].seq:
        return False
    # Something else than a replacement may have been the last that had happened to it by then.
    last = terms[0].time
    return not any(last <= moment <= last + MOST_BEHIND for moment in (order.created, order.triggered, *(fill.time for fill in fills)))


async def _fills(services: VenueServices, number: int) -> list[Fill]:
    fills: list[Fill] = []
    while len(fills) < MOST_READ:
        first = fills[-1].id + 1 if fills else None
        page = await services.history.fills_of_order(number, Page(first_id=first, limit=PAGE, newest_first=False))
        fills += page
        if len(page) < PAGE:
            break
    return fills


async def _times(services: VenueServices, order: Order, fills: Sequence[Fill]) -> dict[int, int]:
    """Times of the commands in which an order traded, by seq: the ledger has them. Of those between very many other entries some lack."""
    if not fills:
        return {}
    page = Page(first_id=fills[0].entry_id, last_id=fills[-1].entry_id + MOST_ENTRIES, limit=PAGE, newest_first=False)
    entries = await services.history.entries(order.account, page, business=Business.TRADE)
    return {entry.seq: entry.time for entry in entries}


async def _triggered(services: VenueServices, order: Order, fills: Sequence[Fill], replaced: Set[int]) -> int:
    """Seq of the command that triggered the order; 0 where nothing tells it. An order that trades as a taker does so in that very command,
    or in one that replaced it.
    One that came to rest was triggered as it was placed, or by a trade at its trigger in a command of that time."""
    if not order.triggered:
        return 0
    if fills and not fills[0].maker and fills[0].seq not in replaced:
        return fills[0].seq
    page = Page(since=order.triggered, until=order.triggered + MOST_BEHIND, limit=PAGE, newest_first=False)
    trades = await services.history.market_trades(order.market, page)
    at_once = order.seq if order.triggered == order.created else 0
    return next((trade.seq for trade in trades if trade.seq > order.seq and _reaches(trade.price, order)), at_once)


def _reaches(price: int, order: Order) -> bool:
    falling = (order.side == Side.SELL) != bool(order.flags & OrderFlag.TAKE_PROFIT)
    return price <= order.stop_price if falling else price >= order.stop_price


async def _ended(services: VenueServices, order: Order, fills: Sequence[Fill]) -> int:
    """Seq of the command that ended the order; 0 where nothing tells it. One that is not filled had its money given back by it, but for one
    that never held any: that one ended as it was placed. Two orders of a pair hold the same money: what ends one ends the other."""
    if not order.reason:
        return 0
    if order.reason == DoneReason.FILLED and fills:
        return fills[-1].seq
    partner = _partner_number(order)
    page = Page(since=order.updated, until=order.updated, limit=PAGE)
    released = await services.history.entries(order.account, page, business=Business.RELEASE)
    seq = next((entry.seq for entry in released if entry.order_id in (order.id, partner)), 0)
    if seq or not partner:
        return seq or order.seq
    traded = await services.history.fills_of_order(partner, Page(limit=1, newest_first=False))
    return traded[0].seq if traded else 0


def _partner_number(order: Order) -> int:
    """Of the other order of a pair, whose stop has the number behind the limit order's; 0 for an order of none."""
    if not order.flags & OrderFlag.ONE_CANCELS_OTHER:
        return 0
    return order.id - 1 if order.type in STOP_TYPES else order.id + 1


def _at_once(order: Order, fills: Sequence[Fill], moments: Moments) -> AtOnce:
    first = [fill for fill in fills if fill.seq == order.seq]
    triggered = bool(order.triggered) and moments.triggered == order.seq
    ended = bool(order.reason) and moments.ended == order.seq
    return AtOnce(
        filled=sum(fill.amount for fill in first),
        total=sum(fill.total for fill in first),
        fee=sum(fill.fee for fill in first),
        reason=order.reason if ended else 0,
        waiting=order.type in STOP_TYPES and not triggered and not ended,
        triggered=triggered,
    )


def beyond_plain_orders(placed: PlacedOrder, api: str) -> str:
    """Why an API that knows plain orders alone, at a limit until cancelled or at market, cannot place this one: a sentence, else empty."""
    order = placed.order
    if placed.has(OrderFlag.ONE_CANCELS_OTHER):
        return f"{api} has no pairs of orders of which one cancels the other."
    if placed.is_stop:
        return f"{api} has no stop orders: it takes limit and market orders."
    if placed.has(OrderFlag.POST_ONLY):
        return f"{api} has no post-only orders: this order might have traded at once there."
    if order.type == OrderType.LIMIT and order.tif != TimeInForce.GTC:
        return f"{api} has no time in force: a limit order rests there until it is filled or cancelled."
    if order.type == OrderType.MARKET and order.tif == TimeInForce.FOK:
        return f"{api} has no fill-or-kill: a market order takes there what it finds."
    return ""
