"""Placing, changing, cancelling and showing one's own orders."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from cambist import _core
from cambist.api_types import orders as api
from cambist.api_types.problems import Code, Problem, problem
from cambist.api_types.values import Page
from cambist.dialects.native import entry
from cambist.dialects.native.core_problems import of_core
from cambist.dialects.native.endpoint import Call
from cambist.dialects.native.listings import Listing
from cambist.dialects.native.order_views import order_of, placed_of, status_after
from cambist.dialects.native.paging import cut, history_page
from cambist.domain.reject_reasons import RejectReason
from cambist.exchange.view import Read
from cambist.history.records import Order

SECOND = 1_000_000


_time: Read[int] = attrgetter("time")


async def place_order(call: Call, *, body: api.PlaceOrder) -> api.OrderPlaced | Problem:
    """Places an order. With an Idempotency-Key and without `client_order_id`, the key is the client order id: also after a restart the same
    request places no second order, while the first lives and for the 1,000 orders behind it. `market-unknown`, `order-invalid` and what a
    market or the account's money does not allow."""
    listing = call.context.listings.market(body.market)
    if listing is None:
        return problem(Code.MARKET_UNKNOWN, field="market")
    order = entry.read(body, listing)
    if type(order) is Problem:
        return order
    form, caller, tag = order.form, call.caller, body.client_order_id or call.idempotency_key
    client_id = entry.client_id(tag) if tag else 0
    commands = call.context.services.commands
    if order.trail:
        placing = commands.place_trailing(
            caller.account,
            listing.id,
            form.side,
            form.kind,
            form.tif,
            order.price,
            order.amount,
            order.trail,
            by_ppm=order.trails_by_ppm,
            funds=order.funds,
            self_trade=order.self_trade,
            expire_at=order.expires,
            client_id=client_id,
            meta=caller.meta(tag=tag),
            read=_time,
        )
    else:
        placing = commands.place(
            caller.account,
            listing.id,
            form.side,
            form.kind,
            form.tif,
            order.price,
            order.amount,
            funds=order.funds,
            post_only=order.post_only,
            take_profit=form.take_profit,
            self_trade=order.self_trade,
            stop_price=order.stop_price,
            expire_at=order.expires,
            client_id=client_id,
            meta=caller.meta(None, tag),
            read=_time,
        )
    done = await placing
    outcome = done.outcome
    if outcome.code:
        if outcome.code != RejectReason.CLIENT_ID_USED:
            return of_core(outcome.code, listing)
        return await _placed_before(call, listing, outcome.id, body) if call.idempotency_key else of_core(outcome.code, order_id=outcome.id)
    texts = outcome.texts(listing.amount_scale, listing.total_scale)
    return placed_of(listing, texts, tag, status_after(outcome), done.read, by_funds=order.funds)


async def _placed_before(call: Call, listing: Listing, order_id: int, body: api.PlaceOrder | api.PlacePair) -> api.OrderPlaced | Problem:
    """The order that the same request placed before, as it stands; another one has the id if its terms are others."""
    stored = await _stored(call, order_id)
    if stored is None:
        return problem(Code.UNAVAILABLE)
    shown = order_of(stored, listing, call.context.services.view.order(order_id)) if stored.market == listing.id else None
    # A replacement may have changed price and amount since: what never changes says whether it is the same request.
    if shown is None or shown.side != body.side or (isinstance(body, api.PlaceOrder) and shown.type != body.type):
        return problem(Code.IDEMPOTENCY_KEY_REUSED, order_id=str(order_id))
    return api.OrderPlaced(
        id=shown.id,
        client_order_id=shown.client_order_id,
        market=shown.market,
        status=shown.status,
        filled=shown.filled,
        remaining=shown.remaining,
        total=shown.total,
        time=shown.created,
        stop_id=str(order_id + 1) if shown.pair and isinstance(body, api.PlacePair) else None,
    )


async def place_pair(call: Call, *, body: api.PlacePair) -> api.OrderPlaced | Problem:
    """Places a limit order and a stop of which one cancels the other; the reply is the limit order's. Idempotency as for one order.
    `market-unknown`."""
    listing = call.context.listings.market(body.market)
    if listing is None:
        return problem(Code.MARKET_UNKNOWN, field="market")
    units = _pair_units(body, listing)
    if isinstance(units, Problem):
        return units
    price, amount, stop_price, stop_limit_price = units
    tag = body.client_order_id or call.idempotency_key
    number = entry.client_id(tag)
    done = await call.context.services.commands.place_oco(
        call.account,
        listing.id,
        entry.SIDES[body.side],
        price,
        amount,
        stop_price,
        stop_limit_price,
        post_only=body.post_only,
        self_trade=entry.SELF_TRADES[body.self_trade],
        expire_at=body.expires or 0,
        client_id=number,
        stop_client_id=number | entry.STOP_LEG if number else 0,
        meta=call.caller.meta(tag=tag),
        read=_time,
    )
    outcome = done.outcome
    if outcome.code == RejectReason.CLIENT_ID_USED and call.idempotency_key:
        return await _placed_before(call, listing, outcome.id, body)
    if outcome.code:
        return of_core(outcome.code, listing, order_id=outcome.id if outcome.code == RejectReason.CLIENT_ID_USED else 0)
    texts = outcome.texts(listing.amount_scale, listing.total_scale)
    return placed_of(listing, texts, tag, status_after(outcome), done.read, stop=outcome.id + 1)


def _pair_units(body: api.PlacePair, listing: Listing) -> tuple[int, int, int, int] | Problem:
    found = []
    for field, text, scale in (
        (entry.PRICE, body.price, listing.price_scale),
        (entry.AMOUNT, body.amount, listing.amount_scale),
        (entry.STOP_PRICE, body.stop_price, listing.price_scale),
        (entry.STOP_LIMIT_PRICE, body.stop_limit_price, listing.price_scale),
    ):
        units = entry.units(field, text, scale)
        if isinstance(units, Problem):
            return units
        found.append(units)
    price, amount, stop_price, stop_limit_price = found
    if body.side == "buy" and not stop_limit_price:
        return problem(Code.ORDER_INVALID, "The stop of a pair that buys needs stop_limit_price.", field="stop_limit_price")
    if (price >= stop_price) if body.side == "buy" else (price <= stop_price):
        where = "below" if body.side == "buy" else "above"
        return problem(Code.ORDER_INVALID, f"The price of a pair that {body.side}s lies {where} its stop_price.", field="stop_price")
    return price, amount, stop_price, stop_limit_price


# --- changing and cancelling ----------------------------------------------------------------------------------------------------
def order_number(text: str) -> int:
    """0 for what is no order's id."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 19 and text[0] != "0" else 0


def _live(call: Call, text: str) -> _core.LiveOrder | None:
    """One's own live order."""
    order = call.context.services.view.order(order_number(text))
    return order if order is not None and order.account == call.account else None


async def _not_live(call: Call, text: str) -> Problem:
    """Why there is no live order of that id: it has ended, if it was one's own."""
    stored = await _stored(call, order_number(text))
    return problem(Code.NOT_FOUND) if stored is None else problem(Code.ORDER_NOT_LIVE, order_id=text)


async def _stored(call: Call, number: int) -> Order | None:
    """One's own order as history has it. HistoryError."""
    context = call.context
    if not 0 < number < context.services.view.next_order_id:
        return None
    await context.history_caught_up()
    found = await context.services.history.orders_by_id([number])
    return found[0] if found and found[0].account == call.account else None


async def replace_order(call: Call, *, order: str, body: api.ReplaceOrder) -> api.OrderReplaced | Problem:
    """Changes a live order's price, amount or trigger. `not-found`, `order-not-live`, `order-not-replaceable`, `amount-below-filled`."""
    live = _live(call, order)
    if live is None:
        return await _not_live(call, order)
    listing = call.context.listings.of(live.market)
    units = []
    for field, text, scale in (
        (entry.PRICE, body.price, listing.price_scale),
        (entry.AMOUNT, body.amount, listing.amount_scale),
        (entry.STOP_PRICE, body.stop_price, listing.price_scale),
    ):
        found = entry.units(field, text, scale)
        if isinstance(found, Problem):
            return found
        units.append(found)
    if not any(units):
        return problem(Code.REQUEST_INVALID, "Say what is to change: price, amount or stop_price.")
    price, amount, stop_price = units
    done = await call.context.services.commands.replace(
        call.account, live.order_id, price=price, amount=amount, stop_price=stop_price, meta=call.caller.meta(), read=_time
    )
    outcome = done.outcome
    if outcome.code == RejectReason.ORDER_NOT_LIVE:
        return problem(Code.ORDER_NOT_LIVE, order_id=order)
    if outcome.code:
        return of_core(outcome.code, listing)
    return api.OrderReplaced(
        id=order,
        market=listing.name,
        status=status_after(outcome) if outcome.remaining else "filled",
        filled=listing.amount(outcome.filled),
        remaining=listing.amount(outcome.remaining),
        total=listing.total(outcome.total),
        time=done.read,
    )


async def cancel_order(call: Call, *, order: str) -> api.OrderCancelled | Problem:
    """Takes a live order back. `not-found`, `order-not-live`."""
    live = _live(call, order)
    if live is None:
        return await _not_live(call, order)
    done = await call.context.services.commands.cancel(call.account, live.order_id, meta=call.caller.meta(), read=_time)
    if done.outcome.code == RejectReason.ORDER_NOT_LIVE:
        return problem(Code.ORDER_NOT_LIVE, order_id=order)
    listing = call.context.listings.of(live.market)
    if done.outcome.code:
        return of_core(done.outcome.code, listing)
    remaining = None if live.funds else listing.amount(done.outcome.remaining)
    return api.OrderCancelled(id=order, market=listing.name, remaining=remaining, time=done.read)


async def cancel_orders(call: Call, *, body: api.CancelOrders) -> api.OrdersCancelled | Problem:
    """Takes several orders back in one command."""
    numbers = [number for number in map(order_number, body.ids) if number]
    done = await call.context.services.commands.cancel_many(call.account, numbers, meta=call.caller.meta())
    return of_core(done.outcome.code) if done.outcome.code else api.OrdersCancelled(count=done.outcome.count)


async def cancel_all_orders(call: Call, *, query: api.CancelQuery) -> api.OrdersCancelled | Problem:
    """Takes all orders back, or those of a market or side, in one command. `market-unknown`."""
    listing = call.context.listings.market(query.market) if query.market is not None else None
    if query.market is not None and listing is None:
        return problem(Code.MARKET_UNKNOWN, field="market")
    market = listing.id if listing is not None else _core.ALL_MARKETS
    side = entry.SIDES[query.side] if query.side is not None else _core.BOTH_SIDES
    done = await call.context.services.commands.cancel_all(call.account, market, side, meta=call.caller.meta())
    return of_core(done.outcome.code) if done.outcome.code else api.OrdersCancelled(count=done.outcome.count)


async def set_cancel_after(call: Call, *, body: api.SetCancelAfter) -> api.CancelAfter | Problem:
    """Arms the dead man's switch, puts it off, or takes it back. It is journaled: it fires after a restart too."""
    services = call.context.services
    # A clock that ran ahead and was set back leaves the journal's time ahead of it.
    due = max(services.clock() + body.seconds * SECOND, services.view.time + 1) if body.seconds else 0
    done = await services.commands.cancel_after(call.account, due, meta=call.caller.meta())
    return of_core(done.outcome.code) if done.outcome.code else api.CancelAfter(due=due or None)


def show_cancel_after(call: Call) -> api.CancelAfter:
    """When the dead man's switch fires."""
    return api.CancelAfter(due=call.context.services.view.cancel_after(call.account) or None)


# --- showing --------------------------------------------------------------------------------------------------------------------
async def list_orders(call: Call, *, query: api.OrdersQuery) -> Page[api.Order] | Problem:
    """Orders, newest first. `market-unknown`."""
    listing = call.context.listings.market(query.market) if query.market is not None else None
    if query.market is not None and listing is None:
        return problem(Code.MARKET_UNKNOWN, field="market")
    if query.state == "open":
        return await _open_orders(call, listing, query)
    await call.context.history_caught_up()
    market = listing.id if listing is not None else None
    found = await call.context.services.history.orders(call.account, history_page(query), market=market, state=query.state)
    part, following = cut(found, query.limit, lambda order: order.id)
    return Page(rows=_shown(call, part), next=following)


async def _open_orders(call: Call, listing: Listing | None, query: api.OrdersQuery) -> Page[api.Order]:
    view, last = call.context.services.view, int(query.cursor) - 1 if query.cursor else None
    live = view.open_orders(call.account) if listing is None else view.open_orders(call.account, listing.id)
    numbers = [order.order_id for order in reversed(live) if last is None or order.order_id <= last]
    found: list[Order] = []
    # Of those that lived just now, some may have ended before history was asked: others stand in for them.
    while numbers and len(found) <= query.limit:
        wanted, numbers = numbers[: query.limit + 1 - len(found)], numbers[query.limit + 1 - len(found) :]
        await call.context.history_caught_up()
        stored = await call.context.services.history.orders_by_id(wanted)
        found += [order for order in reversed(stored) if not order.reason]
    part, following = cut(found, query.limit, lambda order: order.id)
    return Page(rows=_shown(call, part), next=following)


def _shown(call: Call, orders: Sequence[Order]) -> list[api.Order]:
    view, listings = call.context.services.view, call.context.listings
    return [order_of(order, listings.of(order.market), None if order.reason else view.order(order.id)) for order in orders]


async def find_order(call: Call, *, order: str) -> api.Order | Problem:
    """One order, live or finished. `not-found`."""
    stored = await _stored(call, order_number(order))
    return problem(Code.NOT_FOUND) if stored is None else _shown(call, [stored])[0]


async def find_order_by_client_id(call: Call, *, client_order_id: str) -> api.Order | Problem:
    """The order of a client order id, while it lives and for the account's 1,000 orders behind it. `not-found`."""
    number = call.context.services.view.order_by_client_id(call.account, entry.client_id(client_order_id))
    stored = await _stored(call, number)
    return problem(Code.NOT_FOUND) if stored is None else _shown(call, [stored])[0]
