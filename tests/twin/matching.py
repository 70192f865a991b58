"""What happens to an order that meets the book: match, finish, and the stops that it sets off."""

from collections.abc import Iterator
from copy import copy

from tests.twin.events import ConvertedTradeExecuted, OrderDone, StopTriggered, TradeExecuted
from tests.twin.offers import LookAhead, Offer, fillable, next_offer, one_trade_at_most, payable, standing_books
from tests.twin.state import Market, Order, State
from tests.twin.trailing import follow, last_report, trails_by_ppm
from tests.twin.words import (
    CONVERSION,
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
    """(amount, cost) that the order could trade if it were let loose on the books as they stand."""
    mode = state.markets[order.market].self_trade_mode(order.self_trade)
    books = {market: [copy(maker) for maker in makers] for market, makers in standing_books(state, order).items()}
    ahead = LookAhead(state, order, books)
    amount = cost = 0
    while amount < order.amount and (offer := ahead.next()) is not None:
        own = offer.maker.account == order.account
        if own and mode == SelfTrade.CANCEL_OLDEST:
            ahead.skip(offer)
            continue
        if own and mode != SelfTrade.ALLOW:
            break
        fill = ahead.take(offer, order.amount - amount)
        amount += fill
        cost += offer.total(fill)
    return amount, cost


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
    """Trades until something stops the taker; None when that was just the end of its amount, of the books or of its price."""
    market = state.markets[taker.market]
    mode = market.self_trade_mode(taker.self_trade)
    taker.purse = state.available(taker.account, market.quote if taker.side == Side.BUY else market.base)
    passed_over: set[int] = set()
    changed: tuple[int, int] | None = None  # market and price of the level where something happened, until the matcher leaves it
    reason = None
    while reason is None:
        offer = None if taker.has_nothing_left else next_offer(state, taker, standing_books(state, taker), payable(state), passed_over)
        here = None if offer is None else (offer.maker.market, offer.maker.price)
        if changed and here != changed:
            state.emit_level(changed[0], 1 - taker.side, changed[1])
            changed = None
        if offer is None:
            return None
        maker = offer.maker
        if maker.account == taker.account and mode != SelfTrade.ALLOW:
            if mode in (SelfTrade.CANCEL_OLDEST, SelfTrade.CANCEL_BOTH):
                other = state.other_leg(maker)
                others = state.hold_of(other)[1] if other else 0
                end_order(state, maker, Reason.SELF_TRADE)
                state.release(maker)
                if other:
                    _end_live(state, other, Reason.ONE_CANCELS_OTHER, others)
                changed = here
            if mode in (SelfTrade.CANCEL_NEWEST, SelfTrade.CANCEL_BOTH):
                reason = Reason.SELF_TRADE
            continue
        amount = one_trade_at_most(offer, min(_wanted(taker), maker.remaining))
        amount = _affordable(market, taker, offer, amount)
        if amount == 0:
            cannot_buy_one = taker.funds and taker.funds_left < offer.total(1)
            reason = Reason.FILLED if cannot_buy_one else Reason.INSUFFICIENT_FUNDS
            continue
        amount, is_last = fillable(state, taker, offer, amount, payable(state))
        if is_last:
            passed_over.add(maker.market)
        _trade(state, offer, taker, amount)
        changed = here
    if changed:
        state.emit_level(changed[0], 1 - taker.side, changed[1])
    return reason


def _wanted(taker: Order) -> int:
    return U64_MAX - taker.filled if taker.funds else taker.remaining


def _affordable(market: Market, taker: Order, offer: Offer, amount: int) -> int:
    """Limit orders brought their whole cost; market orders spend what was there when they began."""
    if taker.type == Type.LIMIT:
        return amount
    if taker.side == Side.SELL:
        return min(amount, (taker.purse - market.base_atoms(taker.filled)) // market.base_unit)
    money = taker.purse - taker.spent
    if taker.funds:
        money = min(money, taker.funds_left)
    return offer.most(amount, money)


def _trade(state: State, offer: Offer, taker: Order, amount: int) -> None:
    maker = offer.maker
    market, resting = state.markets[taker.market], state.markets[maker.market]
    total, resting_total = offer.total(amount), amount * offer.maker_unit
    base = market.base_atoms(amount)
    trade_id = state.next_trade_id
    state.next_trade_id += 1
    state.last_trade_time = max(state.time, min(state.last_trade_time + 1, U64_MAX))
    market.last_price, resting.last_price = offer.price, maker.price
    follow(market, offer.price)
    if offer.foreign:
        follow(resting, maker.price)
    stop_leg = state.other_leg(maker)
    stop_leg_holds = state.hold_of(stop_leg)[1] if stop_leg else 0
    for order in (maker, taker):
        order.filled += amount
    taker.trades += 1
    taker.spent += total

    taker_buys = taker.side == Side.BUY
    buyer, seller = (taker, maker) if taker_buys else (maker, taker)
    paid, earned = (total, resting_total) if taker_buys else (resting_total, total)
    paid_in, earned_in = state.markets[buyer.market].quote, state.markets[seller.market].quote
    buyer_fee = fee(base, buyer.taker_ppm if buyer is taker else buyer.maker_ppm)
    seller_fee = fee(earned, seller.taker_ppm if seller is taker else seller.maker_ppm)
    trade = TradeExecuted(
        trade_id=trade_id,
        time=state.last_trade_time,
        market=taker.market,
        taker_side=taker.side,
        taker_market=taker.type not in LIMIT_TYPES,
        maker_account=maker.account,
        taker_account=taker.account,
        maker_order=maker.order_id,
        taker_order=taker.order_id,
        price=offer.price,
        amount=amount,
        maker_remaining=maker.remaining,
        taker_remaining=taker.remaining,
        total=total,
        maker_fee=buyer_fee if buyer is maker else seller_fee,
        taker_fee=buyer_fee if buyer is taker else seller_fee,
    )
    if offer.foreign:
        state.emit(
            ConvertedTradeExecuted(**vars(trade), resting_market=maker.market, resting_price=maker.price, resting_total=resting_total)
        )
    else:
        state.emit(trade)
    _pay(state, buyer, paid_in, paid, trade_id, from_hold=buyer is maker)
    _receive(state, buyer.account, market.base, base - buyer_fee, trade_id)
    _pay(state, seller, market.base, base, trade_id, from_hold=seller is maker)
    _receive(state, seller.account, earned_in, earned - seller_fee, trade_id)
    if offer.foreign:
        _receive(state, CONVERSION, paid_in, paid, trade_id)
        _receive(state, CONVERSION, earned_in, -earned, trade_id)
    if buyer_fee:
        _receive(state, FEES, market.base, buyer_fee, trade_id)
    if seller_fee:
        _receive(state, FEES, earned_in, seller_fee, trade_id)
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


def trigger_stops(state: State, own: int) -> Iterator[Order]:
    """Lets loose, one after the other, all stops that a last price reached; each may move it further. Yields each as it entered."""
    while (order := _next_stop_of_the_group(state, own)) is not None:
        market = state.markets[order.market]
        limit_leg, held = state.other_leg(order), state.hold_of(order)[1]
        last_report(state, order)
        state.emit(StopTriggered(order.order_id, order.account, order.market, market.last_price))
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


def _next_stop_of_the_group(state: State, own: int) -> Order | None:
    """Of the own market first, then of the others in order of number."""
    for market in sorted(state.linked_to(own), key=lambda number: (number != own, number)):
        if (order := _next_stop(state.markets[market])) is not None:
            return order
    return None


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
