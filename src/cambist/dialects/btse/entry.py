"""Placing an order: what all versions have together once their own words are read."""

from dataclasses import dataclass, replace

from cambist import _core
from cambist.account_streams.orders import TrackedOrder
from cambist.dialects.btse import errors
from cambist.dialects.btse.auth import Caller
from cambist.dialects.btse.context import DialectContext
from cambist.dialects.btse.errors import Rejection
from cambist.dialects.btse.fields import U64_MAX
from cambist.dialects.btse.records import PLAIN, TAKE_PROFIT, TIMED, OrderRecord, OrderRecords, client_id, is_market_type
from cambist.dialects.btse.rejected import RejectedOrders
from cambist.dialects.btse.status import BUSINESS, Status
from cambist.dialects.btse.symbols import Market
from cambist.domain.markets import MarketStatus
from cambist.domain.orders import DoneReason, OrderStatus, OrderType, SelfTrade, Side, TimeInForce
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.units import AccountId
from cambist.exchange.market_orders import uncovered_rejection
from cambist.exchange.view import View

SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
STOP_LEG = 1 << 63
"""In a client id: the stop of a pair, whose limit order has the same one without it. No request's mark has this bit."""
PLAIN_WORDS = {word: tif for tif, word in PLAIN.items()}


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order in the market's units; 0 is "not given". `tif` is a word of the API, `funds` quote atoms.

    `take_profit`: a stop that waits for the price to move in its favour. `trail`: of a stop that follows the price, so many units of price
    or ppm behind it.
    """

    market: Market
    side: Side
    type: OrderType
    tif: str
    price: int = 0
    amount: int = 0
    funds: int = 0
    stop_price: int = 0
    post_only: bool = False
    take_profit: bool = False
    self_trade: SelfTrade = SelfTrade.MARKET_DEFAULT
    tag: str = ""
    trail: int = 0
    trails_by_ppm: bool = False


@dataclass(frozen=True, slots=True)
class PairRequest:
    """A limit order and a stop of which one cancels the other. `stop_limit_price` 0: the stop sells at market."""

    limit: OrderRequest
    stop_price: int
    stop_limit_price: int


class OrderEntry:
    """Gives orders to the exchange."""

    def __init__(self, context: DialectContext, records: OrderRecords, rejected: RejectedOrders) -> None:
        self._context = context
        self._commands = context.services.commands
        self._view = context.services.view
        self._records = records
        self._rejected = rejected

    async def place(self, caller: Caller, order: OrderRequest) -> OrderRecord | Rejection:
        """The order as it stands after the command, or why it was not placed."""
        tif, expire_at = self._force(order)
        placed = await self._place(caller, order, tif, expire_at)
        if isinstance(placed, Rejection) and placed.code in BUSINESS:
            refused = refused_order(caller.account, order, tif, expire_at, self._view.time)
            self._rejected.rejected(refused, order.tag, Status(placed.code))
        return placed

    async def place_pair(self, caller: Caller, pair: PairRequest) -> list[OrderRecord] | Rejection:
        """Both orders as they stand after the command, the limit order first, or why they were not placed."""
        tif, expire_at = self._force(pair.limit)
        legs = await self._place_pair(caller, pair, tif, expire_at)
        if isinstance(legs, Rejection) and legs.code in BUSINESS:
            refused = refused_order(caller.account, pair.limit, tif, expire_at, self._view.time)
            self._rejected.rejected(refused, pair.limit.tag, Status(legs.code))
        return legs

    async def _place_pair(self, caller: Caller, pair: PairRequest, tif: TimeInForce, expire_at: int) -> list[OrderRecord] | Rejection:
        order = pair.limit
        if tif not in (TimeInForce.GTC, TimeInForce.GTD):
            return errors.of_core(RejectReason.COMBINATION_INVALID)
        if max(order.price, pair.stop_price, pair.stop_limit_price) > U64_MAX:
            return errors.of_core(RejectReason.PRICE_TOO_HIGH)
        if order.amount > U64_MAX:
            return errors.of_core(RejectReason.AMOUNT_TOO_LARGE)
        number = client_id(order.tag, caller.mark, always=caller.idempotent)
        done = await self._commands.place_oco(
            caller.account,
            order.market.id,
            order.side,
            order.price,
            order.amount,
            pair.stop_price,
            pair.stop_limit_price,
            post_only=order.post_only,
            expire_at=expire_at,
            client_id=number,
            stop_client_id=number | STOP_LEG if number else 0,
            meta=caller.meta(tag=order.tag),
            read=_newest,
        )
        if done.outcome.code:
            return errors.of_core(done.outcome.code)
        now, stop = done.read
        limit_leg = replace(placed(caller.account, order, done.outcome, tif, expire_at, now), paired=True)
        at_limit = pair.stop_limit_price != 0
        stop_leg = replace(
            limit_leg,
            id=limit_leg.id + 1,
            type=OrderType.STOP_LIMIT if at_limit else OrderType.STOP_MARKET,
            tif=tif if at_limit else TimeInForce.IOC,
            expire_at=expire_at if at_limit else 0,
            post_only=False,
            price=pair.stop_limit_price,
            filled=0,
            total=0,
            stop_price=pair.stop_price,
            waiting=True,
            reason=0,
        )
        if stop is None or not stop.waiting:
            # The limit order traded at once, or the stop was reached at once.
            untouched = done.outcome.status == OrderStatus.RESTING and not done.outcome.filled
            if untouched:
                (stop_leg,) = await self._records.by_id([stop_leg.id])
                limit_leg = replace(limit_leg, reason=DoneReason.ONE_CANCELS_OTHER)
            else:
                stop_leg = replace(stop_leg, waiting=False, reason=DoneReason.ONE_CANCELS_OTHER)
        for record in (limit_leg, stop_leg):
            self._records.recent.note(record)
        return [limit_leg, stop_leg]

    async def _place_trailing(self, caller: Caller, order: OrderRequest, tif: TimeInForce, expire_at: int) -> OrderRecord | Rejection:
        done = await self._commands.place_trailing(
            caller.account,
            order.market.id,
            order.side,
            order.type,
            tif,
            order.price,
            order.amount,
            order.trail,
            by_ppm=order.trails_by_ppm,
            funds=order.funds,
            self_trade=order.self_trade,
            expire_at=expire_at,
            client_id=client_id(order.tag, caller.mark, always=caller.idempotent),
            meta=caller.meta(tag=order.tag),
            read=_newest,
        )
        if done.outcome.code:
            return errors.of_core(done.outcome.code)
        now, stop = done.read
        trigger = stop.stop_price if stop is not None else 0
        record = placed(caller.account, replace(order, stop_price=trigger), done.outcome, tif, expire_at, now)
        self._records.recent.note(record)
        return record

    async def _place(self, caller: Caller, order: OrderRequest, tif: TimeInForce, expire_at: int) -> OrderRecord | Rejection:
        code = self._checked(caller.account, order)
        if code:
            return errors.of_core(code)
        if order.trail:
            return await self._place_trailing(caller, order, tif, expire_at)
        done = await self._commands.place(
            caller.account,
            order.market.id,
            order.side,
            order.type,
            tif,
            order.price,
            order.amount,
            funds=order.funds,
            post_only=order.post_only,
            take_profit=order.take_profit,
            self_trade=order.self_trade,
            stop_price=order.stop_price,
            expire_at=expire_at,
            client_id=client_id(order.tag, caller.mark, always=caller.idempotent),
            meta=caller.meta(tag=order.tag),
            read=lambda view: view.time,
        )
        if done.outcome.code:
            return errors.of_core(done.outcome.code)
        record = placed(caller.account, order, done.outcome, tif, expire_at, done.read)
        self._records.recent.note(record)
        return record

    def _force(self, order: OrderRequest) -> tuple[TimeInForce, int]:
        """The core's time in force and expiry. A market order never rests: whatever is not FOK is IOC for it."""
        if is_market_type(order.type):
            return (TimeInForce.FOK if order.tif == "FOK" else TimeInForce.IOC), 0
        if order.tif in TIMED:
            return TimeInForce.GTD, self._context.deadline(TIMED[order.tif])
        return PLAIN_WORDS[order.tif], 0

    def _checked(self, account: AccountId, order: OrderRequest) -> int:
        """Why the order must not reach the core, 0 when it may: numbers beyond its fields, and market orders beyond the money.

        The core would trade as much as the money allows; this API refuses the whole order.
        """
        if order.trail > U64_MAX:
            return RejectReason.TRAIL_INVALID
        if order.price > U64_MAX or order.stop_price > U64_MAX:
            return RejectReason.PRICE_TOO_HIGH
        if order.amount > U64_MAX:
            return RejectReason.AMOUNT_TOO_LARGE
        if order.type != OrderType.MARKET:
            return RejectReason.OK
        spec = self._context.symbols.spec(order.market)
        if not order.funds:
            return uncovered_rejection(self._view, spec, account, order.side, order.amount)
        if spec.status != MarketStatus.OPEN:
            return RejectReason.MARKET_HALTED
        available = self._view.balance(account, order.market.quote.id)[0]
        return RejectReason.INSUFFICIENT_FUNDS if order.funds > available else RejectReason.OK


def _newest(view: View) -> tuple[int, _core.LiveOrder | None]:
    """The time, and the order that was accepted last."""
    return view.time, view.order(view.next_order_id - 1)


def placed(account: AccountId, order: OrderRequest, outcome: _core.Outcome, tif: int, expire_at: int, now: int) -> OrderRecord:
    """The record of an order right after its command, without asking anybody."""
    reason = 0
    if outcome.status == OrderStatus.DONE:
        done = outcome.filled and not outcome.remaining
        reason = DoneReason.FILLED if done else DoneReason.UNFILLED
    waiting = outcome.status == OrderStatus.WAITING
    return OrderRecord(
        outcome.id, account, order.market, order.side, order.type, tif, order.post_only, order.price, order.amount, order.funds,
        outcome.filled, outcome.total, order.stop_price, expire_at, order.tag, waiting, bool(order.stop_price) and not waiting,
        reason, now, order.take_profit, False, order.trail, order.trails_by_ppm,
    )  # fmt: skip


def refused_order(account: AccountId, order: OrderRequest, tif: int, expire_at: int, now: int) -> TrackedOrder:
    """What a notification shows of an order that never was."""
    return TrackedOrder(
        id=0, account=account, market=order.market.id, side=order.side, type=order.type, price=order.price, amount=order.amount,
        funds=order.funds, stop_price=order.stop_price, client_id=0, maker_ppm=0, taker_ppm=0, filled=0, total=0, fee=0, reason=0,
        waiting=False, created=now, updated=now, done=now, meta=b"", tif=tif, expire_at=expire_at,
        flags=TAKE_PROFIT if order.take_profit else 0,
    )  # fmt: skip
