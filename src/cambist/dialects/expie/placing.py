"""`POST markets/{m}/orders` and `_cancel`: what changes orders."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cambist import _core
from cambist.account_streams.orders import TrackedOrder, state_of
from cambist.dialects.expie import errors, orders
from cambist.dialects.expie.context import DialectContext
from cambist.dialects.expie.errors import Rejection
from cambist.dialects.expie.markets import Market
from cambist.dialects.expie.numbers import U64_MAX, units
from cambist.dialects.expie.parameters import Parameters, Wrong
from cambist.directory import ApiKey
from cambist.domain.meta import Meta
from cambist.domain.orders import MarketStatus, OrderType, RejectReason, Side, TimeInForce
from cambist.history.port import Page
from cambist.history.records import Fill

SIDES = {orders.SELL: Side.SELL, orders.BUY: Side.BUY}
PAGE = 1_000
PPM = 1_000_000

Answer = str | Rejection


@dataclass(frozen=True, slots=True)
class Wanted:
    """An order that looks good so far, in the core's units; `funds` atoms of money (0: an order by amount)."""

    side: Side
    type: OrderType
    price: int
    amount: int
    funds: int


def _fee(market: Market, side: Side, outcome: _core.Outcome, ppm: int) -> int | None:
    """What the trades of a new order cost it, atoms of what it receives; None when that cannot be told from their sum.

    Each trade's fee is rounded up to the atom. Where no trade of this market can cost a fraction of one, all fees together are the
    rate's share of everything received, and the reply need not wait for histories.
    """
    if not outcome.filled:
        return 0
    buy = side == Side.BUY
    if (market.stock_unit if buy else market.money_unit) * ppm % PPM:
        return None
    return (outcome.filled * market.stock_unit if buy else outcome.total) * ppm // PPM


class Placing:
    """Answers are JSON text or a Failure; an awaitable where histories must be asked for what an order traded."""

    def __init__(self, context: DialectContext) -> None:
        self._context = context
        self._view = context.services.view
        self._orders = context.services.commands
        self._history = context.services.history

    # --- placing ----------------------------------------------------------------------------------------------------------

    def place(self, key: ApiKey, market: Market, given: Parameters) -> Answer | Awaitable[Answer]:
        """A limit order with `price`, a market order without. A market buy's `amount` is money, every other one is stock."""
        side = SIDES.get(given.integer("side"))
        amount = given.decimal("amount")
        if side is None:
            raise Wrong
        if given.has("price"):
            wanted = self._limit(key.account, market, side, amount, given.decimal("price"))
        elif not self._context.market_orders:
            return errors.MARKET_ORDERS_DISABLED
        else:
            wanted = self._market(key.account, market, side, amount)
        return wanted if isinstance(wanted, Rejection) else self._place(key, market, wanted)

    def _place(self, key: ApiKey, market: Market, wanted: Wanted) -> Answer | Awaitable[Answer]:
        rates = self._view.account_fees(key.account, market.id)
        outcome = self._orders.place(
            key.account,
            market.id,
            wanted.side,
            wanted.type,
            TimeInForce.GTC if wanted.type == OrderType.LIMIT else TimeInForce.IOC,
            wanted.price,
            wanted.amount,
            funds=wanted.funds,
            meta=Meta(key_id=key.id),
        )
        if outcome.code:
            return errors.place_rejection(outcome.code)
        fee = _fee(market, wanted.side, outcome, rates[1])
        if fee is None:
            return self._placed(market, outcome.id)
        now = self._view.time
        return orders.pending(
            market,
            TrackedOrder(
                id=outcome.id,
                account=key.account,
                market=market.id,
                side=wanted.side,
                type=wanted.type,
                price=wanted.price,
                amount=wanted.amount,
                funds=wanted.funds,
                stop_price=0,
                client_id=0,
                maker_ppm=rates[0],
                taker_ppm=rates[1],
                filled=outcome.filled,
                total=outcome.total,
                fee=fee,
                reason=0,
                waiting=False,
                created=now,
                updated=now,
                done=0,
                meta=b"",
            ),
        )

    async def _placed(self, market: Market, order_id: int) -> Answer:
        """An order that traded at once, as histories have it."""
        await self._context.history_caught_up()
        (order,) = await self._history.orders_by_id([order_id])
        return orders.pending(market, order)

    def _limit(self, account: int, market: Market, side: Side, amount: Decimal, price: Decimal) -> Wanted | Rejection:
        stock, money = units(amount, market.stock_scale), units(price, market.money_scale)
        if not money or money > U64_MAX or stock > U64_MAX:
            raise Wrong
        # The ancestor looks at the balance before anything else, the core at it last.
        buy = side == Side.BUY
        asset, cost = (market.money, money * stock * market.money_unit) if buy else (market.stock, stock * market.stock_unit)
        if self._view.balance(account, asset.id)[0] < cost:
            return errors.BALANCE_NOT_ENOUGH
        return Wanted(side, OrderType.LIMIT, money, stock, 0)

    def _market(self, account: int, market: Market, side: Side, amount: Decimal) -> Wanted | Rejection:
        spec = market.spec()
        if spec.status != MarketStatus.OPEN:
            return errors.SERVICE_UNAVAILABLE
        bid, ask = self._view.best(market.id)
        buy = side == Side.BUY
        # Money counts in what people see of it: finer amounts could not be written back.
        stock = 0 if buy else units(amount, market.stock_scale)
        funds = units(amount, market.money.display_scale) * 10 ** (market.money.scale - market.money.display_scale) if buy else 0
        asset, cost = (market.money, funds) if buy else (market.stock, stock * market.stock_unit)
        if stock > U64_MAX:
            raise Wrong
        if self._view.balance(account, asset.id)[0] < cost:
            return errors.BALANCE_NOT_ENOUGH
        opposite = ask if buy else bid
        if not opposite:
            return errors.NO_ENOUGH_TRADER
        if (buy and funds < ask * spec.min_amount * market.money_unit) or not (funds or stock):
            return errors.AMOUNT_TOO_SMALL
        return Wanted(side, OrderType.MARKET, 0, stock, funds)

    # --- cancelling -------------------------------------------------------------------------------------------------------

    def cancel(self, key: ApiKey, market: Market, order_id: int) -> Answer | Awaitable[Answer]:
        """Cancels and answers the order as it was; `left` is what was cancelled."""
        order = self._view.order(order_id)
        if order is None or order.market != market.id:
            return errors.ORDER_NOT_FOUND
        outcome = self._orders.cancel(key.account, order_id, meta=Meta(key_id=key.id))
        if outcome.code != RejectReason.OK:
            return errors.cancel_refusal(outcome.code)
        if not order.filled:
            return orders.pending(market, state_of(order))
        return self._cancelled(market, order)

    async def _cancelled(self, market: Market, order: _core.LiveOrder) -> Answer:
        await self._context.history_caught_up()
        return orders.pending(market, state_of(order, await self._all_fills(order.order_id)))

    async def _all_fills(self, order_id: int) -> Sequence[Fill]:
        fills: list[Fill] = []
        while True:
            first = fills[-1].id + 1 if fills else None
            page = await self._history.fills_of_order(order_id, Page(first_id=first, limit=PAGE, newest_first=False))
            fills += page
            if len(page) < PAGE:
                return fills
