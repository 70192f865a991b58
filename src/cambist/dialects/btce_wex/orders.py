"""`Trade`, `CancelOrder`, `CancelOrders`: the methods that change orders."""

from functools import partial

from cambist import _core
from cambist.dialects.btce_wex import errors, ids
from cambist.dialects.btce_wex.auth import Caller
from cambist.dialects.btce_wex.context import MethodGroup
from cambist.dialects.btce_wex.errors import error_body
from cambist.dialects.btce_wex.pairs import Pair
from cambist.dialects.btce_wex.parse import U64_MAX
from cambist.dialects.btce_wex.render import quoted_text, succeeded
from cambist.domain.orders import OrderStatus, OrderType, Side, TimeInForce
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.units import AccountId
from cambist.exchange.market_orders import uncovered_rejection
from cambist.history.port import HistoryError
from cambist.history.records import StoredOrderState

SIDES = {"buy": Side.BUY, "sell": Side.SELL}
FORMS = {"limit": (OrderType.LIMIT, TimeInForce.GTC), "market": (OrderType.MARKET, TimeInForce.IOC)}
"""By `mode`."""
RESTING = int(OrderStatus.RESTING)
MAX_CANCELS = 1000
"""Order ids in one CancelOrders."""


def placed_body(pair: Pair, filled: int, remaining: int, resting: int | None, funds: str) -> bytes:
    """What Trade answers: what was traded at once and what remains, the order's number if it rests, and `funds` as JSON."""
    write, scale = _core.format_units, pair.amount_scale
    order_id = ids.shown(resting) if resting is not None else 0
    # As `succeeded` would have it, written out: so the funds, of many assets, are not copied once more.
    placed = f'"received":{write(filled, scale)},"remains":{write(remaining, scale)},"order_id":{order_id},"funds":'
    return f'{{"success":1,"return":{{{placed}{funds}}}}}'.encode()


class Orders(MethodGroup):
    async def trade(self, caller: Caller) -> bytes:
        """Places an order. `received` is the base amount traded at once, before fees; received + remains = amount, always.

        `order_id` is 0 when nothing of the order rests: fully traded, or a market order, whose rest is dropped.
        """
        fields, account = caller.fields, caller.key.account
        pair = self.pairs.find(fields.get("pair", ""))
        side = SIDES.get(fields.get("type", ""))
        form = FORMS.get(fields.get("mode", "limit"))
        if pair is None or side is None or form is None:
            return error_body(errors.FIELDS_WRONG)
        order_type, tif = form
        amount = _core.client_units(fields.get("amount", ""), pair.amount_scale)
        price = 0 if order_type else _core.client_units(fields.get("rate", ""), pair.price_scale)
        if amount is None or price is None:
            return error_body(errors.FIELDS_WRONG)
        rejection = 0
        if order_type:
            # The core would trade as much as the money allows; the original's funds check rejects the whole order, and so do we.
            rejection = uncovered_rejection(self.view, pair.spec(), account, side, amount)
        elif price > U64_MAX or amount > U64_MAX:
            rejection = RejectReason.PRICE_TOO_HIGH if price > U64_MAX else RejectReason.AMOUNT_TOO_LARGE
        if rejection:
            return error_body(errors.place_rejection(rejection, pair, side == Side.BUY))
        done = await self.commands.place(
            account,
            pair.market,
            side,
            order_type,
            tif,
            price,
            amount,
            meta=caller.meta(),
            read=partial(self.assets.funds, account),
        )
        outcome = done.outcome
        if outcome.code:
            return error_body(errors.place_rejection(outcome.code, pair, side == Side.BUY))
        resting = outcome.id if outcome.status == RESTING else None
        return placed_body(pair, outcome.filled, outcome.remaining, resting, done.read)

    async def cancel_order(self, caller: Caller) -> bytes:
        """Cancels one order. An order that is done already is a `bad status`, one that is not the caller's an `invalid order`."""
        order_id = ids.of_text(caller.fields.get("order_id", ""))
        if order_id is None:
            return error_body(errors.invalid_parameter("order_id"))
        if not 0 < order_id < self.view.next_order_id:
            return error_body(errors.ORDER_INVALID)
        account = caller.key.account
        done = await self.commands.cancel(account, order_id, meta=caller.meta(), read=partial(self.assets.funds, account))
        match done.outcome.code:
            case RejectReason.OK:
                return succeeded(f'{{"order_id":{ids.shown(order_id)},"funds":{done.read}}}')
            case RejectReason.ORDER_NOT_LIVE:
                # The core forgets whose a finished order was; history knows, and strangers learn nothing about it.
                await self.context.history_caught_up()
                orders = await self.services.history.orders_by_id([order_id])
                own = bool(orders) and orders[0].account == account
                return error_body(errors.ORDER_NOT_ACTIVE if own else errors.ORDER_INVALID)
            case RejectReason.ORDER_NOT_FOUND | RejectReason.NOT_YOUR_ORDER:
                return error_body(errors.ORDER_INVALID)
            case _:
                return error_body(errors.UNAVAILABLE)

    async def cancel_orders(self, caller: Caller) -> bytes:
        """Cancels several orders in one command; says for each whether it was cancelled. Succeeds over all, even when none was.

        A finished order says `invalid status`, an unknown or a stranger's live one `invalid order`.
        """
        named = [ids.of_text(text.strip()) for text in caller.fields.get("order_id", "").split(",", MAX_CANCELS)]
        order_ids = list(dict.fromkeys(order_id for order_id in named if order_id is not None))
        if None in named or not order_ids or len(named) > MAX_CANCELS:
            return error_body(errors.invalid_parameter("order_id"))
        account = caller.key.account
        answers = {order_id: self._cancel_answer(account, order_id) for order_id in order_ids}
        live = [order_id for order_id, answer in answers.items() if not answer]
        funds = None
        if live:
            done = await self.commands.cancel_many(account, live, meta=caller.meta(), read=partial(self.assets.funds, account))
            if done.outcome.code:
                return error_body(errors.UNAVAILABLE)
            if done.outcome.count < len(live):
                answers |= await self._ended_before(live)
            funds = done.read
        result = ",".join(f'"{ids.shown(order_id)}":{_cancelled(answer)}' for order_id, answer in answers.items())
        return succeeded(f'{{"cancel_result":{{{result}}},"funds":{funds or self.funds(caller)}}}')

    def _cancel_answer(self, account: AccountId, order_id: int) -> str:
        """Why the order cannot be cancelled, empty when it can."""
        if not 0 < order_id < self.view.next_order_id:
            return errors.ORDER_INVALID
        order = self.view.order(order_id)
        if order is None:
            return errors.ORDER_NOT_ACTIVE_IN_LIST
        return "" if order.account == account else errors.ORDER_INVALID

    async def _ended_before(self, order_ids: list[int]) -> dict[int, str]:
        """What is said of those orders that were live when the request came and traded or expired before its command was applied."""
        try:
            await self.context.history_caught_up()
            orders = await self.services.history.orders_by_id(order_ids)
        except HistoryError:
            # Which of them were cancelled cannot be known now; that the command was applied must not get lost all the same.
            return dict.fromkeys(order_ids, errors.UNAVAILABLE)
        return {order.id: errors.ORDER_NOT_ACTIVE_IN_LIST for order in orders if order.state != StoredOrderState.CANCELLED}


def _cancelled(error: str) -> str:
    """What CancelOrders says of one order."""
    return f'{{"success":0,"error":{quoted_text(error)}}}' if error else '{"success":1}'
