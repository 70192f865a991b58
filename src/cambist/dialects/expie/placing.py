"""`POST markets/{m}/orders` and `_cancel`: what changes orders."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from cambist import _core
from cambist.account_streams.orders import TrackedOrder, state_of
from cambist.dialects.expie import errors, orders
from cambist.dialects.expie.context import DialectContext
from cambist.dialects.expie.errors import Rejection
from cambist.dialects.expie.markets import Market
from cambist.dialects.expie.numbers import units
from cambist.dialects.expie.order_views import OrderViews
from cambist.dialects.expie.parameters import Parameters, Wrong
from cambist.directory import ApiKey
from cambist.domain.markets import MarketStatus
from cambist.domain.meta import Meta
from cambist.domain.orders import OrderType, Side, TimeInForce
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.units import AccountId
from cambist.exchange.view import View
from cambist.history.port import HistoryError

SIDES = {orders.SELL: Side.SELL, orders.BUY: Side.BUY}
PPM = 1_000_000

Answer = str | Rejection


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order that looks good so far, in the core's units; `funds` atoms of money (0: an order by amount)."""

    side: Side
    type: OrderType
    price: int
    amount: int
    funds: int


def _fee(market: Market, side: Side, outcome: _core.Outcome, ppm: int, linked: bool) -> int | None:
    """What the trades of a new order cost it, atoms of what it receives; None when that does not follow from their sum.

    Each trade's fee is rounded up to the atom. Where no trade of this market can cost a fraction of one, all fees together are the
    rate's share of everything received, and the reply need not wait for history. `linked`: the market is in a linked group, where what
    a sale receives for an order of another book is converted, any number of atoms.
    """
    if not outcome.filled:
        return 0
    buy = side == Side.BUY
    if linked and ppm and not buy:
        return None
    if (market.stock_unit if buy else market.money_unit) * ppm % PPM:
        return None
    return (outcome.filled * market.stock_unit if buy else outcome.total) * ppm // PPM


class Placing:
    """Answers are JSON text or a Rejection. History is asked only for what an order traded that the commands did not say."""

    def __init__(self, context: DialectContext) -> None:
        self._context = context
        self._view = context.services.view
        self._commands = context.services.commands
        self._views = OrderViews(context)

    # --- placing ----------------------------------------------------------------------------------------------------------

    async def place(self, key: ApiKey, market: Market, given: Parameters) -> Answer:
        """A limit order with `price`, a market order without. A market buy's `amount` is money, every other one is stock."""
        order = self._order(key.account, market, given)
        return order if isinstance(order, Rejection) else await self._place(key, market, order)

    def _order(self, account: AccountId, market: Market, given: Parameters) -> NewOrder | Rejection:
        side = SIDES.get(given.integer("side"))
        amount = given.decimal("amount")
        if side is None:
            raise Wrong
        if given.has("price"):
            return self._limit(account, market, side, amount, given.decimal("price"))
        # A misspelt price must not buy at any price.
        given.only("side", "amount", "market")
        if not self._context.market_orders:
            return errors.MARKET_ORDERS_DISABLED
        return self._market(account, market, side, amount)

    async def _place(self, key: ApiKey, market: Market, order: NewOrder) -> Answer:
        def placed(view: View) -> tuple[int, tuple[int, int], bool]:
            return view.time, view.account_fees(key.account, market.id), view.linked_group_of(market.id) is not None

        done = await self._commands.place(
            key.account,
            market.id,
            order.side,
            order.type,
            TimeInForce.GTC if order.type == OrderType.LIMIT else TimeInForce.IOC,
            order.price,
            order.amount,
            funds=order.funds,
            meta=Meta(key_id=key.id),
            read=placed,
        )
        outcome, (now, rates, linked) = done.outcome, done.read
        if outcome.code:
            return errors.place_rejection(outcome.code)
        fee = _fee(market, order.side, outcome, rates[1], linked)
        if fee is None:
            return await self._as_stored(market, outcome.id, "placed")
        return orders.pending(
            market,
            TrackedOrder(
                id=outcome.id,
                account=key.account,
                market=market.id,
                side=order.side,
                type=order.type,
                price=order.price,
                amount=order.amount,
                funds=order.funds,
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

    async def _as_stored(self, market: Market, order_id: int, done: str) -> Answer:
        """An order as history has it. `done` was done to it, which is said even when history cannot be read."""
        try:
            return await self._views.by_id(market, order_id)
        except HistoryError:
            return errors.cannot_be_shown(order_id, done)

    def _limit(self, account: AccountId, market: Market, side: Side, amount: Decimal, price: Decimal) -> NewOrder | Rejection:
        stock, money = units(amount, market.stock_scale), units(price, market.money_scale)
        if not money:
            raise Wrong
        # The ancestor looks at the balance before anything else, the core at it last.
        buy = side == Side.BUY
        asset, cost = (market.money, money * stock * market.money_unit) if buy else (market.stock, stock * market.stock_unit)
        if self._view.balance(account, asset.id)[0] < cost:
            return errors.BALANCE_NOT_ENOUGH
        return NewOrder(side, OrderType.LIMIT, money, stock, 0)

    def _market(self, account: AccountId, market: Market, side: Side, amount: Decimal) -> NewOrder | Rejection:
        spec = market.spec()
        if spec.status != MarketStatus.OPEN:
            return errors.SERVICE_UNAVAILABLE
        buy = side == Side.BUY
        # Money counts in what people see of it: finer amounts could not be written back.
        stock = 0 if buy else units(amount, market.stock_scale)
        funds = units(amount, market.money.display_scale) * 10 ** (market.money.scale - market.money.display_scale) if buy else 0
        asset, cost = (market.money, funds) if buy else (market.stock, stock * market.stock_unit)
        if self._view.balance(account, asset.id)[0] < cost:
            return errors.BALANCE_NOT_ENOUGH
        # Where markets are linked, the other books fill an order as well as its own.
        bids, asks = self._view.converted_depth(market.id, 1)
        opposite = asks if buy else bids
        if not opposite:
            return errors.NO_ENOUGH_TRADER
        if (buy and funds < opposite[0][0] * spec.min_amount * market.money_unit) or not (funds or stock):
            return errors.AMOUNT_TOO_SMALL
        return NewOrder(side, OrderType.MARKET, 0, stock, funds)

    # --- cancelling -------------------------------------------------------------------------------------------------------

    async def cancel(self, key: ApiKey, market: Market, order_id: int) -> Answer:
        """Cancels and answers the order as it was; `left` is what was cancelled."""
        seq, order = self._view.seq, self._view.order(order_id)
        if order is None or order.market != market.id:
            return errors.ORDER_NOT_FOUND
        done = await self._commands.cancel(key.account, order_id, meta=Meta(key_id=key.id))
        if done.outcome.code != RejectReason.OK:
            return errors.cancel_rejection(done.outcome.code)
        if not order.filled and done.outcome.seq == seq + 1:  # nothing came between: it was cancelled as it stood
            return orders.pending(market, state_of(order))
        return await self._as_stored(market, order_id, "cancelled")
