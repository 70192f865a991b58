"""PlaceOrder and ReplaceOrder."""

from collections.abc import Callable
from copy import copy

from tests.twin.column import Column, first_rejection
from tests.twin.commands import PlaceOrder, PlaceTrailing, ReplaceOrder
from tests.twin.events import OrderAccepted, OrderRejected, OrderReplaced, Outcome
from tests.twin.legs import beyond, place_stop_leg
from tests.twin.matching import fillable_now, match_and_finish, trigger_stops
from tests.twin.offers import next_offer, payable, standing_books
from tests.twin.state import Market, Order, State
from tests.twin.trailing import report, trails, trigger
from tests.twin.words import (
    ALL_MARKETS,
    FIRST_USER_ACCOUNT,
    LIMIT_TYPES,
    MARKET_TYPES,
    MAX_ATOMS,
    POST_ONLY,
    PPM,
    RESTING_TIFS,
    STOP_TYPES,
    TAKE_PROFIT,
    TRAILING_FLAGS,
    TRAILS_BY_PPM,
    U64_MAX,
    Code,
    MarketStatus,
    OrderStatus,
    SelfTrade,
    Side,
    Tif,
    Type,
)


def place_order(state: State, command: PlaceOrder) -> Outcome:
    code = first_rejection(_place_rejections(state, command, _flags_of_orders))
    if code:
        return _rejected(state, command, code)
    order = new_order(state, command)
    accept(state, order)
    if order.type in STOP_TYPES:
        _wait(state, order)
    else:
        match_and_finish(state, order)
    return trigger_stops_and_answer(state, order)


def place_trailing(state: State, command: PlaceTrailing) -> Outcome:
    placed = _as_a_stop(state, command)
    code = first_rejection(_place_rejections(state, placed, _flags_of_trailing_stops, command.trail))
    if code:
        return _rejected(state, placed, code)
    order = new_order(state, placed)
    order.trail, order.extreme = command.trail, state.markets[order.market].last_price
    accept(state, order)
    report(state, order)
    _wait(state, order)
    return trigger_stops_and_answer(state, order)


def _as_a_stop(state: State, command: PlaceTrailing) -> PlaceOrder:
    """With its first trigger, as far as there can be one."""
    last_price = state.markets[command.market].last_price if command.market < len(state.markets) else 0
    fields = {name: value for name, value in vars(command).items() if name != "trail"}
    return PlaceOrder(**fields, stop_price=trigger(command.side, command.flags, last_price, command.trail))


def _rejected(state: State, command: PlaceOrder, code: Code) -> Outcome:
    state.emit(OrderRejected(command.account, command.market, code))
    return Outcome(code, id=state.remembered(command.account, command.client_id) if code == Code.CLIENT_ID_USED else 0)


def _wait(state: State, stop: Order) -> None:
    state.live[stop.order_id] = stop
    state.markets[stop.market].waiting.append(stop)
    state.hold(stop)


def accept(state: State, order: Order) -> None:
    state.next_order_id += 1
    state.emit(
        OrderAccepted(
            order_id=order.order_id,
            account=order.account,
            market=order.market,
            side=order.side,
            type=order.type,
            tif=order.tif,
            flags=order.flags,
            self_trade=order.self_trade,
            price=order.price,
            amount=order.amount,
            stop_price=order.stop_price,
            expire_at=order.expire_at,
            funds=order.funds,
            client_id=order.client_id,
            maker_ppm=order.maker_ppm,
            taker_ppm=order.taker_ppm,
        )
    )


def new_order(state: State, command: PlaceOrder) -> Order:
    """The order that the command would become."""
    maker_ppm, taker_ppm = state.markets[command.market].fee_rates(state.accounts[command.account])
    return Order(
        order_id=state.next_order_id,
        account=command.account,
        market=command.market,
        type=command.type,
        side=command.side,
        tif=command.tif,
        flags=command.flags,
        self_trade=command.self_trade,
        price=command.price,
        amount=command.amount,
        filled=0,
        stop_price=command.stop_price,
        expire_at=command.expire_at,
        funds=command.funds,
        client_id=command.client_id,
        maker_ppm=maker_ppm,
        taker_ppm=taker_ppm,
        created=command.time,
    )


def _outcome(state: State, order: Order, filled_before: int = 0) -> Outcome:
    if order.order_id not in state.live:
        status = OrderStatus.DONE
    elif state.is_waiting(order):
        status = OrderStatus.WAITING
    else:
        status = OrderStatus.RESTING
    return Outcome(
        id=order.order_id,
        status=status,
        filled=order.filled - filled_before,
        remaining=order.remaining,
        count=order.trades,
        total=order.spent,
    )


def trigger_stops_and_answer(state: State, order: Order, filled_before: int = 0) -> Outcome:
    """Lets the stops loose and answers with the order as its own entering left it."""
    outcome = _outcome(state, order, filled_before)
    for stop in trigger_stops(state, order.market):
        if stop is order:
            outcome = _outcome(state, order, filled_before)
    return outcome


def _flags_of_orders(command: PlaceOrder) -> bool:
    return command.flags <= POST_ONLY | TAKE_PROFIT and command.type <= Type.STOP_MARKET


def _flags_of_trailing_stops(command: PlaceOrder) -> bool:
    return command.flags in TRAILING_FLAGS and command.type in STOP_TYPES


def _place_rejections(state: State, command: PlaceOrder, allowed: Callable[[PlaceOrder], bool], trail: int | None = None) -> Column:
    yield command.account >= len(state.accounts), Code.ACCOUNT_NOT_FOUND
    yield command.account < FIRST_USER_ACCOUNT, Code.SYSTEM_ACCOUNT
    yield command.market >= len(state.markets), Code.MARKET_NOT_FOUND
    market = state.markets[command.market]
    yield market.status == MarketStatus.HALTED, Code.MARKET_HALTED

    yield command.side > Side.SELL, Code.ENUM_INVALID
    yield command.tif > Tif.GTD, Code.ENUM_INVALID
    yield not allowed(command), Code.ENUM_INVALID
    yield command.self_trade > SelfTrade.CANCEL_BOTH, Code.ENUM_INVALID

    yield any(_combinations_that_make_no_sense(command, trail)), Code.COMBINATION_INVALID
    if trail is not None:
        yield trail == 0 or (command.flags == TRAILS_BY_PPM and trail > PPM), Code.TRAIL_INVALID
        yield market.last_price == 0, Code.NO_LAST_PRICE

    if command.type in LIMIT_TYPES:
        yield command.price < market.min_price, Code.PRICE_TOO_LOW
        yield command.price > market.max_price, Code.PRICE_TOO_HIGH
    if command.type in STOP_TYPES:
        yield command.stop_price < market.min_price, Code.PRICE_TOO_LOW
        yield command.stop_price > market.max_price, Code.PRICE_TOO_HIGH

    if command.funds == 0:
        yield command.amount < market.min_amount, Code.AMOUNT_TOO_SMALL
        yield command.amount > market.max_amount, Code.AMOUNT_TOO_LARGE
    else:
        yield command.funds > MAX_ATOMS, Code.TOTAL_TOO_LARGE
        yield command.funds < market.min_total, Code.TOTAL_TOO_SMALL
    if command.type in LIMIT_TYPES:
        yield market.total(command.price, command.amount) < market.min_total, Code.TOTAL_TOO_SMALL

    yield command.tif == Tif.GTD and command.expire_at <= command.time, Code.ALREADY_EXPIRED
    yield state.remembered(command.account, command.client_id) != 0, Code.CLIENT_ID_USED

    may_rest = command.type in STOP_TYPES or (command.type == Type.LIMIT and command.tif in RESTING_TIFS)
    yield may_rest and len(state.orders_of(command.account)) >= state.max_open_orders, Code.TOO_MANY_OPEN_ORDERS
    order = new_order(state, command)
    yield bool(command.flags & POST_ONLY) and would_cross(state, order), Code.WOULD_CROSS
    yield _lacks_funds(state, order), Code.INSUFFICIENT_FUNDS
    yield command.tif == Tif.FOK and order.type not in STOP_TYPES and not _can_fill_or_kill(state, order), Code.FILL_OR_KILL_UNFILLABLE
    if command.type in LIMIT_TYPES and command.tif in RESTING_TIFS:
        yield market.level_amount(command.side, command.price) + command.amount > U64_MAX, Code.LEVEL_FULL


def _combinations_that_make_no_sense(command: PlaceOrder, trail: int | None) -> list[bool]:
    post_only = bool(command.flags & POST_ONLY)
    rows = [
        trail is None and (command.type in STOP_TYPES) != (command.stop_price != 0),
        (command.tif == Tif.GTD) != (command.expire_at != 0),
        post_only and command.type != Type.LIMIT,
        post_only and command.tif not in RESTING_TIFS,
        bool(command.flags & TAKE_PROFIT) and command.type not in STOP_TYPES,
    ]
    if command.type in LIMIT_TYPES:
        rows += [command.funds != 0]
    if command.type in MARKET_TYPES:
        rows += [
            command.price != 0,
            command.tif not in (Tif.IOC, Tif.FOK),
            command.funds != 0 and command.side == Side.SELL,
            command.funds != 0 and command.amount != 0,
            command.funds != 0 and command.tif == Tif.FOK,
        ]
    if command.type == Type.STOP_MARKET:
        rows += [
            command.tif == Tif.FOK,
            command.side == Side.BUY and command.funds == 0,
        ]
    return rows


def would_cross(state: State, order: Order) -> bool:
    return next_offer(state, order, standing_books(state, order), payable(state), set()) is not None


def _lacks_funds(state: State, order: Order) -> bool:
    market = state.markets[order.market]
    if order.type == Type.MARKET:
        asset, least = (market.quote, 1) if order.side == Side.BUY else (market.base, market.base_unit)
    else:
        asset, least = state.hold_of(order)
    return state.available(order.account, asset) < least


def _can_fill_or_kill(state: State, order: Order) -> bool:
    market = state.markets[order.market]
    amount, cost = fillable_now(state, order)
    if amount < order.amount:
        return False
    if order.type != Type.MARKET:
        return True  # a limit order was asked for its whole cost already
    if order.side == Side.BUY:
        return cost <= state.available(order.account, market.quote)
    return market.base_atoms(order.amount) <= state.available(order.account, market.base)


def replace_order(state: State, command: ReplaceOrder) -> Outcome:
    code = first_rejection(_replace_rejections(state, command))
    if code:
        state.emit(OrderRejected(command.account, ALL_MARKETS, code))
        return Outcome(code)
    order = state.live[command.order_id]
    market = state.markets[order.market]
    old_price, old_amount, old_hold = order.price, order.amount, state.hold_of(order)[1]
    wanted = _wanted(order, command)
    order.trades = order.spent = 0
    filled_before = order.filled
    other = state.other_leg(order)

    if state.is_waiting(order):
        _emit_replaced(state, wanted, kept_priority=False)
        state.release(order)
        order.price, order.amount, order.stop_price = wanted.price, wanted.amount, wanted.stop_price
        state.hold(order)
        return trigger_stops_and_answer(state, order, filled_before)

    if wanted.price == old_price and wanted.amount <= old_amount:
        order.amount = wanted.amount
        _emit_replaced(state, wanted, kept_priority=True)
        shrinks_by = old_hold - state.hold_of(order)[1]
        if shrinks_by:
            state.release(order, shrinks_by)
            state.emit_level(order.market, order.side, order.price)
        return _outcome(state, order, filled_before)

    _emit_replaced(state, wanted, kept_priority=False)
    state.release(order)
    if other:
        state.release(other)
        market.waiting = [waiting for waiting in market.waiting if waiting is not other]
        del state.live[other.order_id]
    market.resting = [other for other in market.resting if other is not order]
    del state.live[order.order_id]
    state.emit_level(order.market, order.side, old_price)
    order.price, order.amount = wanted.price, wanted.amount
    match_and_finish(state, order)
    if other:
        place_stop_leg(state, order, other)
    return trigger_stops_and_answer(state, order, filled_before)


def _wanted(order: Order, command: ReplaceOrder) -> Order:
    """The order as it is to become: zero fields leave things as they were."""
    wanted = copy(order)
    wanted.price = command.price or order.price
    wanted.amount = command.amount or order.amount
    wanted.stop_price = command.stop_price or order.stop_price
    return wanted


def _emit_replaced(state: State, order: Order, *, kept_priority: bool) -> None:
    state.emit(
        OrderReplaced(
            order_id=order.order_id,
            account=order.account,
            market=order.market,
            kept_priority=kept_priority,
            price=order.price,
            amount=order.amount,
            stop_price=order.stop_price,
            remaining=order.remaining,
        )
    )


def _replace_rejections(state: State, command: ReplaceOrder) -> Column:
    yield command.account >= len(state.accounts), Code.ACCOUNT_NOT_FOUND
    yield command.order_id == 0 or command.order_id >= state.next_order_id, Code.ORDER_NOT_FOUND
    yield command.order_id not in state.live, Code.ORDER_NOT_LIVE
    order = state.live[command.order_id]
    yield order.account != command.account, Code.NOT_YOUR_ORDER
    market = state.markets[order.market]
    yield market.status == MarketStatus.HALTED, Code.MARKET_HALTED
    yield order.funds != 0, Code.NOT_REPLACEABLE
    waiting = state.is_waiting(order)
    yield command.stop_price != 0 and (not waiting or trails(order)), Code.COMBINATION_INVALID
    yield command.price != 0 and order.type == Type.STOP_MARKET, Code.COMBINATION_INVALID

    wanted, other = _wanted(order, command), state.other_leg(order)
    if other:
        limit, stop = (other, wanted) if waiting else (wanted, other)
        yield wanted.amount != order.amount, Code.COMBINATION_INVALID
        yield beyond(order.side, limit.price, stop.stop_price), Code.COMBINATION_INVALID
    if order.type in LIMIT_TYPES:
        yield wanted.price < market.min_price, Code.PRICE_TOO_LOW
        yield wanted.price > market.max_price, Code.PRICE_TOO_HIGH
    if waiting:
        yield wanted.stop_price < market.min_price, Code.PRICE_TOO_LOW
        yield wanted.stop_price > market.max_price, Code.PRICE_TOO_HIGH
    yield wanted.amount < market.min_amount, Code.AMOUNT_TOO_SMALL
    yield wanted.amount > market.max_amount, Code.AMOUNT_TOO_LARGE
    yield wanted.amount <= order.filled, Code.AMOUNT_BELOW_FILLED
    yield order.type in LIMIT_TYPES and market.total(wanted.price, wanted.amount) < market.min_total, Code.TOTAL_TOO_SMALL
    yield bool(order.flags & POST_ONLY) and would_cross(state, wanted), Code.WOULD_CROSS
    yield _cannot_pay_the_difference(state, order, wanted), Code.INSUFFICIENT_FUNDS
    yield not waiting and _level_without(market, order, wanted.price) + wanted.remaining > U64_MAX, Code.LEVEL_FULL


def _cannot_pay_the_difference(state: State, order: Order, wanted: Order) -> bool:
    other = state.other_leg(order)
    other_cost = state.cost_of(other)[1] if other else 0
    asset, cost = state.cost_of(order)
    return state.available(order.account, asset) + max(cost, other_cost) < max(state.cost_of(wanted)[1], other_cost)


def _level_without(market: Market, order: Order, price: int) -> int:
    level = market.level_amount(order.side, price)
    return level - order.remaining if order.price == price else level
