"""What the two legs of a pair are to each other."""

from tests.twin.matching import end_order
from tests.twin.state import Order, State
from tests.twin.words import Reason, Side


def place_stop_leg(state: State, limit: Order, stop: Order, filled_before: int = 0) -> None:
    """The stop leg waits if the limit leg came to rest without a trade; else it is done."""
    if limit.order_id in state.live and limit.filled == filled_before:
        state.live[stop.order_id] = stop
        state.markets[stop.market].waiting.append(stop)
        state.hold(stop)
        return
    end_order(state, stop, Reason.ONE_CANCELS_OTHER)


def beyond(side: int, price: int, stop_price: int) -> bool:
    """The limit leg would not be reached before the stop leg is triggered."""
    return price >= stop_price if side == Side.BUY else price <= stop_price
