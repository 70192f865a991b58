"""`Trade`, `CancelOrder`, `CancelOrders`: the methods that change orders."""

from collections.abc import Awaitable

from cambist import _core
from cambist.dialects.btce_wex import errors
from cambist.dialects.btce_wex.auth import Caller
from cambist.dialects.btce_wex.context import MethodGroup
from cambist.dialects.btce_wex.errors import error_body
from cambist.dialects.btce_wex.pairs import Pair
from cambist.dialects.btce_wex.parse import U64_MAX, whole_number
from cambist.dialects.btce_wex.render import quoted_text, succeeded
from cambist.domain.orders import MarketStatus, OrderStatus, OrderType, RejectReason, Side, TimeInForce

SIDES = {"buy": Side.BUY, "sell": Side.SELL}
FORMS = {"limit": (OrderType.LIMIT, TimeInForce.GTC), "market": (OrderType.MARKET, TimeInForce.IOC)}
"""By `mode`."""
RESTING = int(OrderStatus.RESTING)
MAX_CANCELS = 1000
"""Order ids in one CancelOrders."""
LEVELS_AT_FIRST = 16
"""Book levels that a market order's funds check looks at first; eight times as many whenever they do not suffice."""


class Orders(MethodGroup):
    def trade(self, caller: Caller) -> bytes:
        """Places an order. `received` is the base amount traded at once, before fees; received + remains = amount, always.

        `order_id` is 0 when nothing of the order rests: fully traded, or a market order, whose rest is dropped.
        """
        fields = caller.fields
        pair = self.context.pairs.find(fields.get("pair", ""))
        side = SIDES.get(fields.get("type", ""))
        mode = fields.get("mode", "limit")
        form = FORMS.get(mode)
        if pair is None or side is None or form is None:
            return error_body(errors.FIELDS_WRONG)
        order_type, tif = form
        amount = _core.client_units(fields.get("amount", ""), pair.amount_scale)
        price = 0 if order_type else _core.client_units(fields.get("rate", ""), pair.price_scale)
        if amount is None or price is None:
            return error_body(errors.FIELDS_WRONG)
        if order_type:
            rejection = self._market_rejection(caller.account, pair, side, amount)
        else:
            rejection = RejectReason.PRICE_TOO_HIGH if price > U64_MAX else RejectReason.AMOUNT_TOO_LARGE if amount > U64_MAX else 0
        if rejection:
            return error_body(errors.place_rejection(rejection, pair, side == Side.BUY))
        outcome = self.services.commands.place(caller.account, pair.market, side, order_type, tif, price, amount, meta=caller.meta())
        if outcome.code:
            return error_body(errors.place_rejection(outcome.code, pair, side == Side.BUY))
        return self._placed(caller, pair, outcome)

    def _placed(self, caller: Caller, pair: Pair, outcome: _core.Outcome) -> bytes:
        order_id = outcome.id if outcome.status == RESTING else 0
        received, remains = pair.amount_text(outcome.filled), pair.amount_text(outcome.remaining)
        return succeeded(f'{{"received":{received},"remains":{remains},"order_id":{order_id},"funds":{self.funds(caller)}}}')

    def _market_rejection(self, account: int, pair: Pair, side: Side, amount: int) -> int:
        """Why a market order is refused before it is placed, 0 when it is not.

        The core would trade as much as the money allows; the original's funds check refuses the whole order, and so do we.
        """
        spec = pair.spec()
        if spec.status != MarketStatus.OPEN:
            return RejectReason.MARKET_HALTED
        if amount < spec.min_amount:
            return RejectReason.AMOUNT_TOO_SMALL
        if amount > spec.max_amount:
            return RejectReason.AMOUNT_TOO_LARGE
        if side == Side.SELL:
            needed, available = amount * pair.base_unit, self.view.balance(account, pair.base.id)[0]
        else:
            needed, available = self._cost_to_buy(pair, amount), self.view.balance(account, pair.quote.id)[0]
        return RejectReason.INSUFFICIENT_FUNDS if needed > available else RejectReason.OK

    def _cost_to_buy(self, pair: Pair, amount: int) -> int:
        """Quote atoms that buying `amount` at the standing asks takes; only what is offered when that is less."""
        levels = LEVELS_AT_FIRST
        while True:
            asks = self.view.depth(pair.market, levels)[1]
            left, cost = amount, 0
            for price, offered in asks:
                taken = min(left, offered)
                cost += taken * price
                left -= taken
                if not left:
                    break
            if not left or len(asks) < levels:
                return cost * pair.quote_unit
            levels *= 8

    def cancel_order(self, caller: Caller) -> bytes | Awaitable[bytes]:
        """Cancels one order. An order that is done already is a `bad status`, one that is not the caller's an `invalid order`."""
        order_id = whole_number(caller.fields.get("order_id", ""))
        if order_id is None:
            return error_body(errors.invalid_parameter("order_id"))
        if not 0 < order_id < self.view.next_order_id:
            return error_body(errors.ORDER_INVALID)
        outcome = self.services.commands.cancel(caller.account, order_id, meta=caller.meta())
        if outcome.code == RejectReason.OK:
            return succeeded(f'{{"order_id":{order_id},"funds":{self.funds(caller)}}}')
        if outcome.code == RejectReason.ORDER_NOT_LIVE:
            return self._not_live(caller.account, order_id)
        return error_body(
            errors.ORDER_INVALID if outcome.code in (RejectReason.ORDER_NOT_FOUND, RejectReason.NOT_YOUR_ORDER) else errors.UNAVAILABLE
        )

    async def _not_live(self, account: int, order_id: int) -> bytes:
        """The core forgets whose a finished order was; history knows, and strangers learn nothing about it."""
        await self.context.history_caught_up()
        orders = await self.services.history.orders_by_id([order_id])
        own = bool(orders) and orders[0].account == account
        return error_body(errors.ORDER_NOT_ACTIVE if own else errors.ORDER_INVALID)

    def cancel_orders(self, caller: Caller) -> bytes:
        """Cancels several orders in one command; says for each whether it was cancelled. Succeeds over all, even when none was.

        A finished order says `invalid status`, an unknown or a stranger's live one `invalid order`.
        """
        ids = [whole_number(text.strip()) for text in caller.fields.get("order_id", "").split(",", MAX_CANCELS)]
        order_ids = list(dict.fromkeys(order_id for order_id in ids if order_id is not None))
        if None in ids or not order_ids or len(ids) > MAX_CANCELS:
            return error_body(errors.invalid_parameter("order_id"))
        answers = {order_id: self._cancel_answer(caller.account, order_id) for order_id in order_ids}
        live = [order_id for order_id, answer in answers.items() if not answer]
        if live:
            outcome = self.services.commands.cancel_many(caller.account, live, meta=caller.meta())
            if outcome.code:
                return error_body(errors.UNAVAILABLE)
        result = ",".join(
            f'"{order_id}":{{"success":0,"error":{quoted_text(answer)}}}' if answer else f'"{order_id}":{{"success":1}}'
            for order_id, answer in answers.items()
        )
        return succeeded(f'{{"cancel_result":{{{result}}},"funds":{self.funds(caller)}}}')

    def _cancel_answer(self, account: int, order_id: int) -> str:
        """Why the order cannot be cancelled, empty when it can."""
        if not 0 < order_id < self.view.next_order_id:
            return errors.ORDER_INVALID
        order = self.view.order(order_id)
        if order is None:
            return errors.ORDER_NOT_ACTIVE_IN_LIST
        return "" if order.account == account else errors.ORDER_INVALID
