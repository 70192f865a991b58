"""The ways in which a live order ends without trading."""

from tests.twin.column import Column, first_refusal
from tests.twin.commands import AdvanceTime, CancelAll, CancelMany, CancelOrder
from tests.twin.events import Outcome
from tests.twin.matching import end_live_order
from tests.twin.state import State
from tests.twin.words import ALL_MARKETS, BOTH_SIDES, Code, OrderStatus, Reason, Side, Tif


def cancel_order(state: State, command: CancelOrder) -> Outcome:
    code = first_refusal(_cancel_refusals(state, command.account, command.order_id))
    if code:
        return Outcome(code)
    order = state.live[command.order_id]
    end_live_order(state, order, Reason.CANCELLED)
    return Outcome(id=order.order_id, status=OrderStatus.DONE, remaining=order.remaining)


def _cancel_refusals(state: State, account: int, order_id: int) -> Column:
    yield account >= len(state.accounts), Code.ACCOUNT_NOT_FOUND
    yield order_id == 0 or order_id >= state.next_order_id, Code.ORDER_NOT_FOUND
    yield order_id not in state.live, Code.ORDER_NOT_LIVE
    yield state.live[order_id].account != account, Code.NOT_YOUR_ORDER


def cancel_many(state: State, command: CancelMany) -> Outcome:
    if command.account >= len(state.accounts):
        return Outcome(Code.ACCOUNT_NOT_FOUND)
    count = 0
    for order_id in command.order_ids:
        if first_refusal(_cancel_refusals(state, command.account, order_id)) == Code.OK:
            end_live_order(state, state.live[order_id], Reason.CANCELLED)
            count += 1
    return Outcome(count=count)


def cancel_all(state: State, command: CancelAll) -> Outcome:
    code = first_refusal(_cancel_all_refusals(state, command))
    if code:
        return Outcome(code)
    orders = [
        order
        for order in state.orders_of(command.account)
        if command.market in (ALL_MARKETS, order.market) and command.side in (BOTH_SIDES, order.side)
    ]
    for order in orders:
        end_live_order(state, order, Reason.CANCELLED)
    return Outcome(count=len(orders))


def _cancel_all_refusals(state: State, command: CancelAll) -> Column:
    yield command.account >= len(state.accounts), Code.ACCOUNT_NOT_FOUND
    yield command.market != ALL_MARKETS and command.market >= len(state.markets), Code.MARKET_NOT_FOUND
    yield command.side not in (Side.BUY, Side.SELL, BOTH_SIDES), Code.ENUM_INVALID


def advance_time(state: State, command: AdvanceTime) -> Outcome:
    expired = [order for order in state.live.values() if order.tif == Tif.GTD and order.expire_at <= command.time]
    for order in sorted(expired, key=lambda order: (order.expire_at, order.order_id)):
        end_live_order(state, order, Reason.EXPIRED)
    return Outcome(count=len(expired))
