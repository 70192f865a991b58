"""Orders, fills and ledger entries as this API shows them, from what the core and history have."""

from __future__ import annotations

from cambist import _core
from cambist.account_streams.orders import OrderTrade, TrackedOrder
from cambist.api_types import balances as api_balances
from cambist.api_types import orders as api
from cambist.api_types.values import Side
from cambist.dialects.native.listings import Listing, Listings, atoms_text
from cambist.domain.orders import DoneReason, OrderFlag, OrderStatus, OrderType, TimeInForce
from cambist.domain.transfers import Business, TransferKind
from cambist.history.records import Fill, LedgerEntry, Order

SIDE_WORDS: tuple[Side, Side] = ("buy", "sell")
FORCE_WORDS: dict[int, api.TimeInForce] = {
    TimeInForce.GTC: "gtc",
    TimeInForce.IOC: "ioc",
    TimeInForce.FOK: "fok",
    TimeInForce.GTD: "gtd",
}
REASON_WORDS: dict[int, api.EndReason] = {
    DoneReason.FILLED: "filled",
    DoneReason.CANCELLED: "cancelled",
    DoneReason.EXPIRED: "expired",
    DoneReason.UNFILLED: "unfilled",
    DoneReason.SELF_TRADE: "self-trade",
    DoneReason.INSUFFICIENT_FUNDS: "insufficient-funds",
    DoneReason.FOK: "fok",
    DoneReason.CANCEL_AFTER: "cancel-after",
    DoneReason.ONE_CANCELS_OTHER: "one-cancels-other",
}
LIVE_WORDS: dict[int, api.OrderStatus] = {OrderStatus.WAITING: "waiting", OrderStatus.RESTING: "open"}
TRAILS = OrderFlag.TRAILS_BY_PRICE | OrderFlag.TRAILS_BY_PPM


def type_word(kind: int, flags: int) -> api.OrderType:
    at_limit = kind in (OrderType.LIMIT, OrderType.STOP_LIMIT)
    if kind == OrderType.LIMIT:
        return "limit"
    if kind == OrderType.MARKET:
        return "market"
    if flags & TRAILS:
        return "trailing-stop-limit" if at_limit else "trailing-stop-market"
    if flags & OrderFlag.TAKE_PROFIT:
        return "take-profit-limit" if at_limit else "take-profit-market"
    return "stop-limit" if at_limit else "stop-market"


def status_of(reason: int, waiting: bool) -> api.OrderStatus:
    match reason:
        case 0:
            return "waiting" if waiting else "open"
        case DoneReason.FILLED:
            return "filled"
        case DoneReason.EXPIRED:
            return "expired"
        case _:
            return "cancelled"


def status_after(outcome: _core.Outcome) -> api.OrderStatus:
    """Of the order of a command, right after it."""
    live = LIVE_WORDS.get(outcome.status)
    if live is not None:
        return live
    return "filled" if outcome.filled and not outcome.remaining else "cancelled"


def placed_of(
    listing: Listing,
    texts: tuple[str, str, str, str],
    tag: str,
    status: api.OrderStatus,
    time: int,
    *,
    by_funds: int = 0,
    stop: int = 0,
) -> api.OrderPlaced:
    """What is answered to a new order. `texts`: number, filled, remaining and total, as `Outcome.texts` has them; `by_funds` is what it may
    spend, if it says that, `stop` the number of a pair's other order."""
    number, filled, remaining, total = texts
    return api.OrderPlaced(
        id=number,
        client_order_id=tag or None,
        market=listing.name,
        status=status,
        filled=filled,
        remaining=None if by_funds else remaining,
        total=total,
        time=time,
        stop_id=str(stop) if stop else None,
    )


def order_of(order: Order, listing: Listing, live: _core.LiveOrder | None = None) -> api.Order:
    """`live`: the same order as the core has it, which alone knows where a trigger that trails is."""
    waiting = live if live is not None and live.waiting else None
    stop_price, trail = (order.stop_price, 0) if waiting is None else (waiting.stop_price, waiting.trail)
    return _order(order, listing, order.tag or None, stop_price, trail, order.updated)


def tracked_order_of(order: TrackedOrder, listing: Listing, tag: str | None, trail: int) -> api.Order:
    """The same of an order as the stream follows it; `trail` as the core has it of a stop that waits, else 0."""
    return _order(order, listing, tag, order.stop_price, trail, order.done or order.updated)


def _order(order: Order | TrackedOrder, listing: Listing, tag: str | None, stop_price: int, trail: int, updated: int) -> api.Order:
    asset = listing.fee_asset(order.side)
    by_ppm = bool(order.flags & OrderFlag.TRAILS_BY_PPM)
    return api.Order(
        id=str(order.id),
        client_order_id=tag,
        market=listing.name,
        side=SIDE_WORDS[order.side],
        type=type_word(order.type, order.flags),
        status=status_of(order.reason, order.waiting),
        reason=REASON_WORDS[order.reason] if order.reason else None,
        price=listing.price(order.price) if order.price else None,
        amount=listing.amount(order.amount) if order.amount else None,
        funds=listing.total(order.funds) if order.funds else None,
        stop_price=listing.price(stop_price) if stop_price else None,
        trail=listing.price(trail) if trail and not by_ppm else None,
        trail_ppm=trail if trail and by_ppm else None,
        time_in_force=FORCE_WORDS[order.tif],
        expires=order.expire_at or None,
        post_only=bool(order.flags & OrderFlag.POST_ONLY),
        pair=bool(order.flags & OrderFlag.ONE_CANCELS_OTHER),
        filled=listing.amount(order.filled),
        remaining=None if order.funds else listing.amount(order.remaining),
        total=listing.total(order.total),
        fee=atoms_text(order.fee, asset),
        fee_asset=asset.code,
        created=order.created,
        updated=updated,
    )


def traded_of(order: TrackedOrder, trade: OrderTrade, listing: Listing, tag: str | None) -> api_balances.Fill:
    """A trade as the stream tells of it to the order's owner."""
    asset, maker = listing.fee_asset(order.side), trade.maker_order == order.id
    return api_balances.Fill(
        trade_id=str(trade.trade_id),
        order_id=str(order.id),
        client_order_id=tag,
        market=listing.name,
        side=SIDE_WORDS[order.side],
        role="maker" if maker else "taker",
        price=listing.price(trade.price),
        amount=listing.amount(trade.amount),
        total=listing.total(trade.total),
        fee=atoms_text(trade.maker_fee if maker else trade.taker_fee, asset),
        fee_asset=asset.code,
        time=trade.time,
    )


def fill_of(fill: Fill, listing: Listing) -> api_balances.Fill:
    asset = listing.fee_asset(fill.side)
    return api_balances.Fill(
        trade_id=str(fill.id),
        order_id=str(fill.order_id),
        client_order_id=fill.tag or None,
        market=listing.name,
        side=SIDE_WORDS[fill.side],
        role="maker" if fill.maker else "taker",
        price=listing.price(fill.price),
        amount=listing.amount(fill.amount),
        total=listing.total(fill.total),
        fee=atoms_text(fill.fee, asset),
        fee_asset=asset.code,
        time=fill.time,
    )


BUSINESS_WORDS = {Business.TRADE: "trade", Business.HOLD: "hold", Business.RELEASE: "release", Business.TRANSFER: "transfer"}
BUSINESS_NUMBERS = {word: number for number, word in BUSINESS_WORDS.items()}


def entry_of(entry: LedgerEntry, listings: Listings, counterparty: str | None = None) -> api_balances.LedgerEntry:
    asset = listings.asset_of(entry.asset)
    transfer = entry.business == Business.TRANSFER
    listing = None if transfer else listings.of(entry.market)

    def price(units: int) -> str | None:
        return listing.price(units) if listing is not None and units else None

    return api_balances.LedgerEntry(
        id=str(entry.id),
        time=entry.time,
        asset=asset.code,
        business=BUSINESS_WORDS[Business(entry.business)],  # type: ignore[arg-type]  # the values are those words
        available_change=atoms_text(entry.change_available, asset),
        held_change=atoms_text(entry.change_held, asset),
        available=atoms_text(entry.available, asset),
        held=atoms_text(entry.held, asset),
        market=listing.name if listing is not None else None,
        order_id=str(entry.order_id) if entry.order_id else None,
        trade_id=str(entry.reference) if entry.business == Business.TRADE else None,
        price=price(entry.price),
        amount=listing.amount(entry.amount) if listing is not None and entry.amount else None,
        fee=atoms_text(entry.fee, asset) if entry.fee else None,
        transfer_id=f"{entry.transfer_id:032x}" if transfer else None,
        kind=TransferKind(entry.kind).name.lower().replace("_", "-") if transfer else None,
        counterparty=counterparty,
    )
