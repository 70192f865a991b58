"""The ways in which a live order ends without trading."""

from tests.twin.column import Column, first_rejection
from tests.twin.commands import AdvanceTime, CancelAll, CancelMany, CancelOrder, SetCancelAfter
from tests.twin.events import CancelAfterFired, CancelAfterSet, Outcome
from tests.twin.matching import end_live_order
from tests.twin.state import Order, State
from tests.twin.words import ALL_MARKETS, BOTH_SIDES, FIRST_USER_ACCOUNT, Code, OrderStatus, Reason, Side, Tif


def cancel_order(state: State, command: CancelOrder) -> Outcome:
    code = first_rejection(_cancel_rejections(state, command.account, command.order_id))
    if code:
        return Outcome(code)
    order = state.live[command.order_id]
    end_live_order(state, order, Reason.CANCELLED)
    return Outcome(id=order.order_id, status=OrderStatus.DONE, remaining=order.remaining)


def _cancel_rejections(state: State, account: int, order_id: int) -> Column:
    yield account >= len(state.accounts), Code.ACCOUNT_NOT_FOUND
    yield order_id == 0 or order_id >= state.next_order_id, Code.ORDER_NOT_FOUND
    yield order_id not in state.live, Code.ORDER_NOT_LIVE
    yield state.live[order_id].account != account, Code.NOT_YOUR_ORDER


def cancel_many(state: State, command: CancelMany) -> Outcome:
    if command.account >= len(state.accounts):
        return Outcome(Code.ACCOUNT_NOT_FOUND)
    count = 0
    for order_id in command.order_ids:
        if first_rejection(_cancel_rejections(state, command.account, order_id)) == Code.OK:
            count += end_live_order(state, state.live[order_id], Reason.CANCELLED)
    return Outcome(count=count)


def cancel_all(state: State, command: CancelAll) -> Outcome:
    code = first_rejection(_cancel_all_rejections(state, command))
    if code:
        return Outcome(code)
    orders = [
        order
        for order in state.orders_of(command.account)
        if command.market in (ALL_MARKETS, order.market) and command.side in (BOTH_SIDES, order.side)
    ]
    return Outcome(count=_end_all(state, orders, Reason.CANCELLED))


def _end_all(state: State, orders: list[Order], reason: Reason) -> int:
    """How many ended: a leg takes the other one with it."""
    return sum(end_live_order(state, order, reason) for order in orders if order.order_id in state.live)


def _cancel_all_rejections(state: State, command: CancelAll) -> Column:
    yield command.account >= len(state.accounts), Code.ACCOUNT_NOT_FOUND
    yield command.market != ALL_MARKETS and command.market >= len(state.markets), Code.MARKET_NOT_FOUND
    yield command.side not in (Side.BUY, Side.SELL, BOTH_SIDES), Code.ENUM_INVALID


def set_cancel_after(state: State, command: SetCancelAfter) -> Outcome:
    code = first_rejection(_cancel_after_rejections(state, command))
    if code:
        return Outcome(code)
    state.cancel_after.pop(command.account, None)
    if command.due:
        state.cancel_after[command.account] = command.due
    state.emit(CancelAfterSet(command.account, command.due))
    return Outcome()


def _cancel_after_rejections(state: State, command: SetCancelAfter) -> Column:
    yield command.account >= len(state.accounts), Code.ACCOUNT_NOT_FOUND
    yield command.account < FIRST_USER_ACCOUNT, Code.SYSTEM_ACCOUNT
    yield command.due != 0 and command.due <= state.time, Code.ALREADY_EXPIRED


def advance_time(state: State, command: AdvanceTime) -> Outcome:
    count = 0
    while True:
        expiries = [(order.expire_at, 0, order.order_id) for order in state.live.values() if order.tif == Tif.GTD]
        switches = [(due, 1, account) for account, due in state.cancel_after.items()]
        time, is_switch, number = min([*expiries, *switches], default=(command.time + 1, 0, 0))
        if time > command.time:
            return Outcome(count=count)
        if is_switch:
            count += _fire_cancel_after(state, number)
        else:
            count += end_live_order(state, state.live[number], Reason.EXPIRED)


def _fire_cancel_after(state: State, account: int) -> int:
    due = state.cancel_after.pop(account)
    orders = state.orders_of(account)
    state.emit(CancelAfterFired(account, len(orders), due))
    return _end_all(state, orders, Reason.CANCEL_AFTER)
