"""What happens to an order that meets the book: match, finish, and the stops that it sets off."""

from collections.abc import Iterator

from tests.twin.events import OrderDone, StopTriggered, TradeExecuted
from tests.twin.state import Market, Order, State
from tests.twin.trailing import follow, last_report, trails_by_ppm
from tests.twin.words import (
    FEES,
    LIMIT_TYPES,
    PPM,
    RESTING_TIFS,
    TAKE_PROFIT,
    U64_MAX,
    Business,
    Reason,
    SelfTrade,
    Side,
    Tif,
    Type,
)


def fee(received: int, ppm: int) -> int:
    """Rounded up."""
    return -(-received * ppm // PPM)


def fillable_now(state: State, order: Order) -> tuple[int, int]:
    """(amount, cost) that the order could trade if it were let loose on the book as it stands."""
    market = state.markets[order.market]
    mode = market.self_trade_mode(order.self_trade)
    amount = cost = 0
    for maker in market.book(1 - order.side):
        if order.type in LIMIT_TYPES and not price_crosses(order, maker.price):
            break
        if maker.account == order.account and mode == SelfTrade.CANCEL_OLDEST:
            continue
        if maker.account == order.account and mode != SelfTrade.ALLOW:
            break
        fill = min(maker.remaining, order.amount - amount)
        amount += fill
        cost += market.total(maker.price, fill)
    return amount, cost


def price_crosses(taker: Order, price: int) -> bool:
    return price <= taker.price if taker.side == Side.BUY else price >= taker.price


def end_order(state: State, order: Order, reason: Reason) -> None:
    """Takes the order out of wherever it is. Its hold is the caller's business."""
    market = state.markets[order.market]
    market.resting = [other for other in market.resting if other is not order]
    market.waiting = [other for other in market.waiting if other is not order]
    state.live.pop(order.order_id, None)
    state.finish_client_id(order)
    state.emit(OrderDone(order.order_id, order.account, order.market, order.side, reason, order.remaining, order.filled))


def end_live_order(state: State, order: Order, reason: Reason) -> int:
    """Cancelled or expired: done, money back, level changed; then the other leg of its pair likewise. How many ended."""
    other = state.other_leg(order)
    held, others = state.hold_of(order)[1], state.hold_of(other)[1] if other else 0
    _end_live(state, order, reason, held)
    if other is None:
        return 1
    _end_live(state, other, Reason.ONE_CANCELS_OTHER, others)
    return 2


def _end_live(state: State, order: Order, reason: Reason, held: int) -> None:
    was_resting = not state.is_waiting(order)
    last_report(state, order)
    end_order(state, order, reason)
    state.release(order, held)
    if was_resting:
        state.emit_level(order.market, order.side, order.price)


def end_other_leg(state: State, other: Order | None) -> None:
    """What a leg takes with it that was filled or triggered."""
    if other is not None:
        _end_live(state, other, Reason.ONE_CANCELS_OTHER, state.hold_of(other)[1])


def match(state: State, taker: Order) -> Reason | None:
    """Trades until something stops the taker; None when that was just the end of its amount, of the book or of its price."""
    market = state.markets[taker.market]
    mode = market.self_trade_mode(taker.self_trade)
    taker.purse = state.available(taker.account, market.quote if taker.side == Side.BUY else market.base)
    changed_level = 0  # the price at which something happened, until the matcher leaves it
    reason = None
    while reason is None:
        maker = _next_maker(market, taker)
        if changed_level and (maker is None or maker.price != changed_level):
            state.emit_level(taker.market, 1 - taker.side, changed_level)
            changed_level = 0
        if maker is None:
            return None
        if maker.account == taker.account and mode != SelfTrade.ALLOW:
            if mode in (SelfTrade.CANCEL_OLDEST, SelfTrade.CANCEL_BOTH):
                other = state.other_leg(maker)
                others = state.hold_of(other)[1] if other else 0
                end_order(state, maker, Reason.SELF_TRADE)
                state.release(maker)
                if other:
                    _end_live(state, other, Reason.ONE_CANCELS_OTHER, others)
                changed_level = maker.price
            if mode in (SelfTrade.CANCEL_NEWEST, SelfTrade.CANCEL_BOTH):
                reason = Reason.SELF_TRADE
            continue
        amount = min(_wanted(taker), maker.remaining, _affordable(market, taker, maker.price))
        if amount == 0:
            cannot_buy_one = taker.funds and taker.funds_left < market.total(maker.price, 1)
            reason = Reason.FILLED if cannot_buy_one else Reason.INSUFFICIENT_FUNDS
            continue
        _trade(state, maker, taker, amount)
        changed_level = maker.price
    if changed_level:
        state.emit_level(taker.market, 1 - taker.side, changed_level)
    return reason


def _next_maker(market: Market, taker: Order) -> Order | None:
    book = market.book(1 - taker.side)
    if taker.has_nothing_left or not book:
        return None
    if taker.type == Type.LIMIT and not price_crosses(taker, book[0].price):
        return None
    return book[0]


def _wanted(taker: Order) -> int:
    return U64_MAX - taker.filled if taker.funds else taker.remaining


def _affordable(market: Market, taker: Order, price: int) -> int:
    """Limit orders brought their whole cost; market orders spend what was there when they began."""
    if taker.type == Type.LIMIT:
        return taker.remaining
    if taker.side == Side.SELL:
        return (taker.purse - market.base_atoms(taker.filled)) // market.base_unit
    money = taker.purse - taker.spent
    if taker.funds:
        money = min(money, taker.funds_left)
    return money // market.total(price, 1)


def _trade(state: State, maker: Order, taker: Order, amount: int) -> None:
    market = state.markets[taker.market]
    price = maker.price
    total = market.total(price, amount)
    base = market.base_atoms(amount)
    trade_id = state.next_trade_id
    state.next_trade_id += 1
    state.last_trade_time = max(state.time, min(state.last_trade_time + 1, U64_MAX))
    market.last_price = price
    follow(market, price)
    stop_leg = state.other_leg(maker)
    stop_leg_holds = state.hold_of(stop_leg)[1] if stop_leg else 0
    for order in (maker, taker):
        order.filled += amount
    taker.trades += 1
    taker.spent += total

    buyer, seller = (taker, maker) if taker.side == Side.BUY else (maker, taker)
    buyer_fee = fee(base, buyer.taker_ppm if buyer is taker else buyer.maker_ppm)
    seller_fee = fee(total, seller.taker_ppm if seller is taker else seller.maker_ppm)
    state.emit(
        TradeExecuted(
            trade_id=trade_id,
            time=state.last_trade_time,
            market=taker.market,
            taker_side=taker.side,
            taker_market=taker.type not in LIMIT_TYPES,
            maker_account=maker.account,
            taker_account=taker.account,
            maker_order=maker.order_id,
            taker_order=taker.order_id,
            price=price,
            amount=amount,
            maker_remaining=maker.remaining,
            taker_remaining=taker.remaining,
            total=total,
            maker_fee=buyer_fee if buyer is maker else seller_fee,
            taker_fee=buyer_fee if buyer is taker else seller_fee,
        )
    )
    _pay(state, buyer, market.quote, total, trade_id, from_hold=buyer is maker)
    _receive(state, buyer.account, market.base, base - buyer_fee, trade_id)
    _pay(state, seller, market.base, base, trade_id, from_hold=seller is maker)
    _receive(state, seller.account, market.quote, total - seller_fee, trade_id)
    if buyer_fee:
        _receive(state, FEES, market.base, buyer_fee, trade_id)
    if seller_fee:
        _receive(state, FEES, market.quote, seller_fee, trade_id)
    if maker.remaining == 0:
        end_order(state, maker, Reason.FILLED)
    if stop_leg:
        _end_live(state, stop_leg, Reason.ONE_CANCELS_OTHER, stop_leg_holds)


def _pay(state: State, order: Order, asset: int, atoms: int, trade_id: int, *, from_hold: bool) -> None:
    if from_hold:
        state.change(order.account, asset, Business.TRADE, trade_id, held=-atoms)
    else:
        state.change(order.account, asset, Business.TRADE, trade_id, available=-atoms)


def _receive(state: State, account: int, asset: int, atoms: int, trade_id: int) -> None:
    state.change(account, asset, Business.TRADE, trade_id, available=atoms)


def finish(state: State, order: Order, stopped: Reason | None) -> None:
    """After the match: filled, resting, or done with what is left."""
    market = state.markets[order.market]
    if order.has_nothing_left:
        end_order(state, order, Reason.FILLED)
    elif order.type == Type.LIMIT and order.tif in RESTING_TIFS and stopped is None:
        if market.level_amount(order.side, order.price) + order.remaining > U64_MAX:
            end_order(state, order, Reason.UNFILLED)  # only a triggered stop gets here: the others were asked before
            return
        state.live[order.order_id] = order
        market.resting.append(order)
        state.hold(order)
        state.emit_level(order.market, order.side, order.price)
    else:
        end_order(state, order, stopped or Reason.UNFILLED)


def match_and_finish(state: State, order: Order) -> None:
    finish(state, order, match(state, order))


def trigger_stops(state: State, market_number: int) -> Iterator[Order]:
    """Lets loose, one after the other, all stops that the last price reached; each may move it further. Yields each as it entered."""
    while (order := _next_stop(state.markets[market_number])) is not None:
        market = state.markets[market_number]
        limit_leg, held = state.other_leg(order), state.hold_of(order)[1]
        last_report(state, order)
        state.emit(StopTriggered(order.order_id, order.account, market_number, market.last_price))
        end_other_leg(state, limit_leg)
        state.release(order, held)
        market.waiting = [other for other in market.waiting if other is not order]
        del state.live[order.order_id]
        order.trail = order.extreme = 0
        order.type = Type.LIMIT if order.type == Type.STOP_LIMIT else Type.MARKET
        if order.tif == Tif.FOK and fillable_now(state, order)[0] < order.amount:
            end_order(state, order, Reason.FOK)
        else:
            match_and_finish(state, order)
        yield order


def waits_for_a_rise(stop: Order) -> bool:
    return (stop.side == Side.BUY) != bool(stop.flags & TAKE_PROFIT)


def _next_stop(market: Market) -> Order | None:
    if market.last_price == 0:
        return None
    rising = [order for order in market.waiting if waits_for_a_rise(order) and order.stop_price <= market.last_price]
    falling = [order for order in market.waiting if not waits_for_a_rise(order) and order.stop_price >= market.last_price]
    candidates = []
    if rising:
        candidates.append(min(rising, key=lambda order: (order.stop_price, trails_by_ppm(order), order.order_id)))
    if falling:
        candidates.append(min(falling, key=lambda order: (-order.stop_price, trails_by_ppm(order), order.order_id)))
    return min(candidates, key=lambda order: order.order_id, default=None)
