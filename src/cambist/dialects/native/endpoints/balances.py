"""What an account has, traded and was charged."""

from __future__ import annotations

from cambist import _core
from cambist.api_types import balances as api
from cambist.api_types.problems import Code, Problem, problem
from cambist.api_types.values import Page
from cambist.dialects.native.endpoint import Call
from cambist.dialects.native.listings import atoms_text
from cambist.dialects.native.order_views import BUSINESS_NUMBERS, entry_of, fill_of
from cambist.dialects.native.paging import cut, history_page
from cambist.dialects.native.user_names import names_of
from cambist.domain.transfers import Business
from cambist.exchange.user_transfers import is_user_transfer
from cambist.history.port import Page as HistoryPage
from cambist.history.records import Fill, LedgerEntry


def list_balances(call: Call) -> list[api.Balance]:
    """Every asset of the venue."""
    view, account = call.context.services.view, call.account
    return [balance_of(asset, *view.balance(account, asset.id)) for asset in call.context.listings.assets()]


def balance_of(asset: _core.AssetSpec, available: int, held: int) -> api.Balance:
    """Of atoms."""
    total = atoms_text(available + held, asset)
    return api.Balance(asset=asset.code, available=atoms_text(available, asset), held=atoms_text(held, asset), total=total)


def list_fees(call: Call) -> list[api.Fees]:
    """What new orders pay, by market."""
    view, account = call.context.services.view, call.account
    rates = ((listing.name, view.account_fees(account, listing.id)) for listing in call.context.listings.markets())
    return [api.Fees(market=name, maker_ppm=maker, taker_ppm=taker) for name, (maker, taker) in rates]


async def list_fills(call: Call, *, query: api.FillsQuery) -> Page[api.Fill] | Problem:
    """One's own trades, newest first. `market-unknown`, `not-found` for an order that is not one's own."""
    context, history = call.context, call.context.services.history
    listing = context.listings.market(query.market) if query.market is not None else None
    if query.market is not None and listing is None:
        return problem(Code.MARKET_UNKNOWN, field="market")
    page = history_page(query)
    await context.history_caught_up()
    if query.order is not None and listing is not None:
        return problem(Code.REQUEST_INVALID, "Name a market or an order, not both.", field="order")
    if query.order is None:
        found = await history.fills(call.account, page, market=listing.id if listing is not None else None)
    else:
        of_order = await _fills_of(call, query.order, page)
        if of_order is None:
            return problem(Code.NOT_FOUND, field="order")
        found = of_order
    part, following = cut(found, query.limit, lambda fill: fill.id)
    return Page(rows=[fill_of(fill, context.listings.of(fill.market)) for fill in part], next=following)


async def _fills_of(call: Call, order: str, page: HistoryPage) -> list[Fill] | None:
    """None: no order of one's own."""
    number = int(order) if order.isascii() and order.isdigit() and len(order) <= 19 else 0
    if not 0 < number < call.context.services.view.next_order_id:
        return None
    history = call.context.services.history
    stored = await history.orders_by_id([number])
    return await history.fills_of_order(number, page) if stored and stored[0].account == call.account else None


async def list_ledger_entries(call: Call, *, query: api.LedgerQuery) -> Page[api.LedgerEntry] | Problem:
    """Every change of one's balances, newest first, with what there was after it. `asset-unknown`."""
    asset = call.context.listings.asset(query.asset) if query.asset is not None else None
    if query.asset is not None and asset is None:
        return problem(Code.ASSET_UNKNOWN, field="asset")
    await call.context.history_caught_up()
    page = history_page(query)
    business = BUSINESS_NUMBERS[query.business] if query.business is not None else None
    number = asset.id if asset is not None else None
    found = await call.context.services.history.entries(call.account, page, asset=number, business=business)
    part, following = cut(found, query.limit, lambda entry: entry.id)
    others = {entry.id: other for entry in part if (other := _other_user(call, entry)) is not None}
    names = await names_of(call.context, others.values())
    rows = [entry_of(entry, call.context.listings, names.get(others.get(entry.id, 0))) for entry in part]
    return Page(rows=rows, next=following)


def _other_user(call: Call, entry: LedgerEntry) -> int | None:
    """The account to which, or from which, the entry's money was sent by name."""
    if entry.business != Business.TRANSFER or not is_user_transfer(entry.kind, entry.memo):
        return None
    return entry.destination if entry.source == call.account else entry.source
