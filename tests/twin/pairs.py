"""PlaceOco: a limit order and a stop of which one cancels the other."""

from dataclasses import replace

from tests.twin.column import Column, first_rejection
from tests.twin.commands import PlaceOco, PlaceOrder
from tests.twin.events import OrderRejected, Outcome
from tests.twin.legs import beyond, place_stop_leg
from tests.twin.matching import match_and_finish
from tests.twin.orders import accept, new_order, trigger_stops_and_answer, would_cross
from tests.twin.state import Order, State
from tests.twin.words import (
    FIRST_USER_ACCOUNT,
    ONE_CANCELS_OTHER,
    POST_ONLY,
    RESTING_TIFS,
    U64_MAX,
    Code,
    MarketStatus,
    SelfTrade,
    Side,
    Tif,
    Type,
)


def place_oco(state: State, command: PlaceOco) -> Outcome:
    code = first_rejection(_rejections(state, command))
    if code:
        state.emit(OrderRejected(command.account, command.market, code))
        if code != Code.CLIENT_ID_USED:
            return Outcome(code)
        return Outcome(
            code, id=state.remembered(command.account, command.client_id) or state.remembered(command.account, command.stop_client_id)
        )
    limit, stop = _legs(state, command)
    accept(state, limit)
    accept(state, stop)
    match_and_finish(state, limit)
    place_stop_leg(state, limit, stop)
    return trigger_stops_and_answer(state, limit)


def _legs(state: State, command: PlaceOco) -> tuple[Order, Order]:
    limit = PlaceOrder(
        time=command.time,
        account=command.account,
        market=command.market,
        side=command.side,
        type=Type.LIMIT,
        tif=command.tif,
        flags=command.flags | ONE_CANCELS_OTHER,
        self_trade=command.self_trade,
        price=command.price,
        amount=command.amount,
        expire_at=command.expire_at,
        client_id=command.client_id,
    )
    at_limit = command.stop_limit_price != 0
    stop = replace(
        limit,
        type=Type.STOP_LIMIT if at_limit else Type.STOP_MARKET,
        tif=command.tif if at_limit else Tif.IOC,
        flags=ONE_CANCELS_OTHER,
        price=command.stop_limit_price,
        stop_price=command.stop_price,
        expire_at=command.expire_at if at_limit else 0,
        client_id=command.stop_client_id,
    )
    legs = new_order(state, limit), new_order(state, stop)
    legs[1].order_id += 1
    return legs


def _rejections(state: State, command: PlaceOco) -> Column:
    yield command.account >= len(state.accounts), Code.ACCOUNT_NOT_FOUND
    yield command.account < FIRST_USER_ACCOUNT, Code.SYSTEM_ACCOUNT
    yield command.market >= len(state.markets), Code.MARKET_NOT_FOUND
    market = state.markets[command.market]
    yield market.status == MarketStatus.HALTED, Code.MARKET_HALTED

    yield command.side > Side.SELL, Code.ENUM_INVALID
    yield command.tif > Tif.GTD, Code.ENUM_INVALID
    yield command.flags > POST_ONLY, Code.ENUM_INVALID
    yield command.self_trade > SelfTrade.CANCEL_BOTH, Code.ENUM_INVALID

    yield command.tif not in RESTING_TIFS, Code.COMBINATION_INVALID
    yield (command.tif == Tif.GTD) != (command.expire_at != 0), Code.COMBINATION_INVALID
    yield command.stop_price == 0, Code.COMBINATION_INVALID
    yield command.side == Side.BUY and command.stop_limit_price == 0, Code.COMBINATION_INVALID
    yield beyond(command.side, command.price, command.stop_price), Code.COMBINATION_INVALID
    yield command.client_id == command.stop_client_id != 0, Code.COMBINATION_INVALID

    prices = [command.price, command.stop_price, *([command.stop_limit_price] if command.stop_limit_price else [])]
    for price in prices:
        yield price < market.min_price, Code.PRICE_TOO_LOW
        yield price > market.max_price, Code.PRICE_TOO_HIGH
    yield command.amount < market.min_amount, Code.AMOUNT_TOO_SMALL
    yield command.amount > market.max_amount, Code.AMOUNT_TOO_LARGE
    yield market.total(command.price, command.amount) < market.min_total, Code.TOTAL_TOO_SMALL
    if command.stop_limit_price:
        yield market.total(command.stop_limit_price, command.amount) < market.min_total, Code.TOTAL_TOO_SMALL

    yield command.tif == Tif.GTD and command.expire_at <= command.time, Code.ALREADY_EXPIRED
    for client_id in (command.client_id, command.stop_client_id):
        yield state.remembered(command.account, client_id) != 0, Code.CLIENT_ID_USED
    yield len(state.orders_of(command.account)) + 2 > state.max_open_orders, Code.TOO_MANY_OPEN_ORDERS
    limit, stop = _legs(state, command)
    yield bool(command.flags & POST_ONLY) and would_cross(state, limit), Code.WOULD_CROSS
    yield _lacks_funds(state, limit, stop), Code.INSUFFICIENT_FUNDS
    yield market.level_amount(command.side, command.price) + command.amount > U64_MAX, Code.LEVEL_FULL


def _lacks_funds(state: State, limit: Order, stop: Order) -> bool:
    asset, alone = state.cost_of(limit)
    return state.available(limit.account, asset) < max(alone, state.cost_of(stop)[1])
