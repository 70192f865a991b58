"""Stops whose trigger follows the price."""

from tests.twin.events import StopTrailed
from tests.twin.state import Market, Order, State
from tests.twin.words import PPM, TRAILS_BY_PPM, TRAILS_BY_PRICE, U64_MAX, Side


def trigger(side: int, flags: int, extreme: int, trail: int) -> int:
    """Where a stop with that trail is triggered, `extreme` being the best price since it was placed."""
    distance = trail if flags & TRAILS_BY_PRICE else -(-extreme * trail // PPM)
    return max(0, extreme - distance) if side == Side.SELL else min(U64_MAX, extreme + distance)


def trails(order: Order) -> bool:
    return bool(order.flags & (TRAILS_BY_PRICE | TRAILS_BY_PPM))


def trails_by_ppm(order: Order) -> int:
    """What comes before the id among stops that are triggered at the same price."""
    return order.trail if order.flags & TRAILS_BY_PPM else 0


def follow(market: Market, price: int) -> None:
    """A trade: every stop that trails comes after it if that is nearer."""
    for order in filter(trails, market.waiting):
        best = max if order.side == Side.SELL else min
        order.extreme = best(order.extreme, price)
        order.stop_price = trigger(order.side, order.flags, order.extreme, order.trail)


def report(state: State, order: Order) -> None:
    state.emit(StopTrailed(order.order_id, order.account, order.market, order.trail, order.stop_price))


def last_report(state: State, order: Order) -> None:
    """Where the trigger of a stop that trails has come to, when it stops waiting; nothing for any other order."""
    if trails(order) and state.is_waiting(order):
        report(state, order)
