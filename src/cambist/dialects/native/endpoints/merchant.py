"""Payments that merchants ask for, and paying them."""

from __future__ import annotations

import asyncio
from typing import Any

from cambist.api_types import funds as api
from cambist.api_types.problems import Code, Problem, problem
from cambist.api_types.values import Page, PageQuery
from cambist.dialects.native.auth import KeyCaller
from cambist.dialects.native.core_problems import of_core
from cambist.dialects.native.endpoint import Call
from cambist.dialects.native.endpoints.funds import atoms_of, shown_address
from cambist.dialects.native.listings import atoms_text
from cambist.dialects.native.notices import previous_until, secret_of
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.units import AssetId, MarketId
from cambist.merchant import MerchantOrder, MerchantRejection, OrderTexts, PaymentState, Terms
from cambist.merchant.values import NOT_SOLD

STATES: dict[PaymentState, api.PaymentStatus] = {
    PaymentState.OPEN: "open",
    PaymentState.PARTIAL: "partial",
    PaymentState.PAID: "paid",
    PaymentState.CANCELLED: "cancelled",
    PaymentState.CLOSED: "closed",
}
CODES = {
    MerchantRejection.AMOUNT_INVALID: Code.AMOUNT_TOO_LARGE,
    MerchantRejection.TOO_LONG: Code.REQUEST_INVALID,
    MerchantRejection.URL_INVALID: Code.URL_INVALID,
    MerchantRejection.NOT_OPEN: Code.PAYMENT_NOT_OPEN,
    MerchantRejection.BEGUN: Code.PAYMENT_BEGUN,
    MerchantRejection.NO_NETWORK: Code.NO_NETWORK,
    MerchantRejection.OWN_ORDER: Code.OWN_PAYMENT,
    MerchantRejection.TOO_MANY_ORDERS: Code.TOO_MANY_MERCHANT_ORDERS,
}


def _rejected(rejection: MerchantRejection) -> Problem:
    return problem(CODES.get(rejection, Code.UNAVAILABLE), rejection.words[0].upper() + rejection.words[1:] + ".")


async def create_merchant_order(call: Call, *, body: api.CreateMerchantOrder) -> api.MerchantOrderCreated | Problem:
    """Asks for a payment. `asset-unknown`, `market-unknown`, `too-many-decimals`, `amount-too-large`, `url-invalid`,
    `too-many-merchant-orders`."""
    asset = call.context.listings.asset(body.asset)
    if asset is None:
        return problem(Code.ASSET_UNKNOWN, field="asset")
    atoms = atoms_of(body.amount, asset)
    if isinstance(atoms, Problem):
        return atoms
    services = call.context.services
    texts = OrderTexts(body.description, body.success_url, body.failure_url, body.notify_url or "", body.data)
    key = call.caller.key.key if isinstance(call.caller, KeyCaller) else ""
    market = NOT_SOLD if body.autosell is None else _sold_in(call, body.autosell, asset.id)
    if isinstance(market, Problem):
        return market
    terms = Terms(body.accounts_only, body.repeated, market)
    service = services.merchants.service
    made = await service.create(call.account, asset.id, atoms, key, texts, terms=terms, meta=call.caller.meta)
    if isinstance(made, MerchantRejection):
        return _rejected(made)
    # The service's view follows durable frames: what it shows then has the order in it.
    await services.durable()
    order = service.order(made)
    if order is None:
        return problem(Code.UNAVAILABLE)
    return api.MerchantOrderCreated(**_fields(call, order), notice_secret=secret_of(call.context, order))


def _sold_in(call: Call, name: str, asset: AssetId) -> MarketId | Problem:
    listing = call.context.listings.market(name)
    if listing is None:
        return problem(Code.MARKET_UNKNOWN, field="autosell")
    if listing.base.id != asset:
        return problem(Code.REQUEST_INVALID, "This market does not sell that asset.", field="autosell")
    return listing.id


def _own(call: Call, text: str) -> MerchantOrder | None:
    order = call.context.services.merchants.service.order(text)
    return order if order is not None and order.account == call.account else None


def show_notice_secret(call: Call, *, merchant_order: str) -> api.NoticeSecret | Problem:
    """What the notices of one of one's own orders are signed with. `not-found`, `proof-required`."""
    order = _own(call, merchant_order)
    return problem(Code.NOT_FOUND) if order is None else _secret_shown(call, order)


async def rotate_notice_secret(call: Call, *, merchant_order: str) -> api.NoticeSecret | Problem:
    """Has a new secret sign the notices of one of one's own orders; the one before it signs them too for 24 hours, in a field of its own.
    `not-found`, `no-notices`, `proof-required`."""
    order = _own(call, merchant_order)
    if order is None:
        return problem(Code.NOT_FOUND)
    if secret_of(call.context, order) is None:
        return problem(Code.NO_NOTICES)
    services = call.context.services
    refused = await services.merchants.service.rotate_secret(order)
    if refused is not None:
        return _rejected(refused)
    await services.durable()
    return _secret_shown(call, services.merchants.service.order(order.id) or order)


def _secret_shown(call: Call, order: MerchantOrder) -> api.NoticeSecret:
    return api.NoticeSecret(notice_secret=secret_of(call.context, order), previous_until=previous_until(call.context, order))


async def cancel_merchant_order(call: Call, *, merchant_order: str) -> api.MerchantOrder | Problem:
    """Takes it back while nothing was paid of it. `not-found`, `payment-not-open`, `payment-begun`."""
    order = _own(call, merchant_order)
    if order is None:
        return problem(Code.NOT_FOUND)
    services = call.context.services
    refused = await services.merchants.service.withdraw(order)
    if refused is not None:
        return _rejected(refused)
    await services.durable()
    return _shown(call, services.merchants.service.order(order.id) or order)


async def list_merchant_orders(call: Call, *, query: PageQuery) -> Page[api.MerchantOrder]:
    """Payments that one asked for, newest first."""
    view = call.context.services.merchants.service.view
    before = int(query.cursor) if query.cursor else None
    found, following = view.newest_orders(call.account, query.limit, before)
    return Page(rows=[_shown(call, order) for order in found], next=str(following) if following is not None else None)


def find_merchant_order(call: Call, *, merchant_order: str) -> api.MerchantOrderDetails | Problem:
    """One of them, with what was paid. `not-found`."""
    service = call.context.services.merchants.service
    order = _own(call, merchant_order)
    if order is None:
        return problem(Code.NOT_FOUND)
    asset = call.context.listings.asset_of(order.asset)
    payments = [
        api.Payment(
            id=payment.id,
            amount=atoms_text(payment.amount, asset),
            pending=not payment.valid,
            by_coins=payment.by_coins,
            time=payment.seen,
        )
        for payment in service.payments(order.id)
    ]
    notices = [
        api.NoticeAttempts(status=status, attempts=attempts, next_attempt=due, outcome=said)  # type: ignore[arg-type]  # an order's words
        for status, attempts, due, said in service.view.notices(order.id)
    ]
    return api.MerchantOrderDetails(order=_shown(call, order), payments=payments, notices=notices)


def _shown(call: Call, order: MerchantOrder) -> api.MerchantOrder:
    return api.MerchantOrder(**_fields(call, order))


def _fields(call: Call, order: MerchantOrder) -> dict[str, Any]:
    """Those of an order, by their names."""
    asset = call.context.listings.asset_of(order.asset)
    pending, valid = call.context.services.merchants.service.view.sums(order.id)
    sold_in = order.terms.sell_in
    return {
        "id": order.id,
        "asset": asset.code,
        "amount": atoms_text(order.amount, asset),
        "paid": atoms_text(valid, asset),
        "pending": atoms_text(pending, asset),
        "status": STATES[order.state],
        "description": order.texts.description,
        "success_url": order.texts.success,
        "failure_url": order.texts.failure,
        "data": order.texts.data,
        "address": order.address or None,
        "accounts_only": order.terms.only_accounts,
        "repeated": order.terms.repeated,
        "notify_url": order.texts.notify or None,
        "autosell": call.context.listings.of(sold_in).name if sold_in != NOT_SOLD else None,
        "created": order.created,
        "expires": order.expires,
    }


async def show_payment(call: Call, *, payment: str) -> api.PaymentRequest | Problem:
    """A payment that somebody asked for, by its id, which is nobody's secret but that of those who were given it. `not-found`."""
    order = call.context.services.merchants.service.order(payment)
    return problem(Code.NOT_FOUND) if order is None else await _requested(call, order)


async def _requested(call: Call, order: MerchantOrder) -> api.PaymentRequest:
    services = call.context.services
    asset = call.context.listings.asset_of(order.asset)
    payee = await asyncio.to_thread(services.directory.user_by_account, order.account)
    missing = order.amount if order.terms.repeated else max(0, order.amount - sum(services.merchants.service.view.sums(order.id)))
    return api.PaymentRequest(
        id=order.id,
        payee=payee.name if payee is not None else "",
        asset=asset.code,
        amount=atoms_text(order.amount, asset),
        missing=atoms_text(missing, asset),
        status=STATES[order.state],
        description=order.texts.description,
        expires=order.expires,
    )


async def show_payment_address(call: Call, *, payment: str) -> api.DepositAddress | Problem:
    """Where to send coins for it; the same whenever it is asked for. `not-found`, `payment-not-open`, `no-network`."""
    services = call.context.services
    order = services.merchants.service.order(payment)
    if order is None:
        return problem(Code.NOT_FOUND)
    address = await services.merchants.service.coins(order)
    if isinstance(address, MerchantRejection):
        return _rejected(address)
    return await shown_address(call.context.listings.asset_of(order.asset).code, address)


async def pay(call: Call, *, payment: str) -> api.PaymentRequest | Problem:
    """Pays what is missing of it from one's account: once, however often this is asked, unless it may be paid again and again; of those the
    same Idempotency-Key pays once. `not-found`, `payment-not-open`, `own-payment`, `insufficient-funds`,
    `proof-required`."""
    services = call.context.services
    order = services.merchants.service.order(payment)
    if order is None:
        return problem(Code.NOT_FOUND)
    part = f"native/{call.account}/{call.idempotency_key}" if call.idempotency_key else f"native/{call.context.next_number()}"
    paid = await services.merchants.service.pay(order, call.account, call.caller.meta, part=part)
    if isinstance(paid, MerchantRejection):
        return _rejected(paid)
    if paid.code not in (RejectReason.OK, RejectReason.TRANSFER_ID_USED):
        return of_core(paid.code)
    await services.durable()
    return await _requested(call, services.merchants.service.order(payment) or order)
