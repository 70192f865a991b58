"""The paths of the native API in one table, each with the scope that it needs. Documents, tests and the client are made from it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import PathErrors, Route
from cambist.dialects.native import asyncapi, openapi, reference_page
from cambist.dialects.native.answers import OF_ORDERS
from cambist.dialects.native.context import DialectContext
from cambist.dialects.native.endpoint import BASE, DIALECT, Endpoint, of_gateway
from cambist.dialects.native.endpoints import accounts, balances, funds, keys, market_data, merchant, operator, orders, passkeys, renderings
from cambist.dialects.native.scopes import Effect, Scope
from cambist.dialects.native.stream.routes import plain_routes

PUBLIC, READ, TRADE, FUNDS, ACCOUNT = Scope.PUBLIC, Scope.READ, Scope.TRADE, Scope.FUNDS, Scope.ACCOUNT
COMMAND, CHANGE = Effect.COMMAND, Effect.CHANGE

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/time", PUBLIC, market_data.server_time),
    Endpoint("GET", "/venue", PUBLIC, accounts.show_venue),
    Endpoint("GET", "/assets", PUBLIC, market_data.list_assets),
    Endpoint("GET", "/markets", PUBLIC, market_data.list_markets),
    Endpoint("GET", "/markets/{market}", PUBLIC, market_data.find_market),
    Endpoint("GET", "/markets/{market}/book", PUBLIC, market_data.show_book),
    Endpoint("GET", "/markets/{market}/trades", PUBLIC, market_data.list_trades),
    Endpoint("GET", "/markets/{market}/trades/history", PUBLIC, market_data.list_past_trades),
    Endpoint("GET", "/markets/{market}/candles", PUBLIC, market_data.list_candles),
    Endpoint("GET", "/markets/{market}/ticker", PUBLIC, market_data.show_ticker),
    Endpoint("GET", "/tickers", PUBLIC, market_data.list_tickers),
    Endpoint("GET", "/books", PUBLIC, market_data.show_books),
    Endpoint("POST", "/orders", TRADE, orders.place_order, COMMAND, 201, problems=OF_ORDERS),
    Endpoint("GET", "/orders", READ, orders.list_orders),
    Endpoint("DELETE", "/orders", TRADE, orders.cancel_all_orders, COMMAND),
    Endpoint("POST", "/orders/pair", TRADE, orders.place_pair, COMMAND, 201, problems=OF_ORDERS),
    Endpoint("POST", "/orders/cancel", TRADE, orders.cancel_orders, COMMAND),
    Endpoint("GET", "/orders/cancel-after", READ, orders.show_cancel_after),
    Endpoint("PUT", "/orders/cancel-after", TRADE, orders.set_cancel_after, COMMAND),
    Endpoint("GET", "/orders/by-client-id/{client_order_id}", READ, orders.find_order_by_client_id),
    Endpoint("GET", "/orders/{order}", READ, orders.find_order),
    Endpoint("GET", "/orders/{order}/renderings", READ, renderings.render_order),
    Endpoint("PATCH", "/orders/{order}", TRADE, orders.replace_order, COMMAND, problems=OF_ORDERS),
    Endpoint("DELETE", "/orders/{order}", TRADE, orders.cancel_order, COMMAND),
    Endpoint("POST", "/users", PUBLIC, accounts.sign_up, CHANGE, 201),
    Endpoint("POST", "/session", PUBLIC, accounts.log_in, CHANGE, 201),
    Endpoint("POST", "/session/demo", PUBLIC, accounts.demo_log_in, CHANGE, 201),
    Endpoint("GET", "/session", ACCOUNT, accounts.show_session),
    Endpoint("DELETE", "/session", ACCOUNT, accounts.log_out, CHANGE),
    Endpoint("POST", "/session/passkey/options", PUBLIC, passkeys.begin_passkey_log_in),
    Endpoint("POST", "/session/passkey", PUBLIC, passkeys.log_in_with_passkey, CHANGE, 201),
    Endpoint("POST", "/session/proof", ACCOUNT, accounts.prove_identity, CHANGE),
    Endpoint("POST", "/session/proof/passkey/options", ACCOUNT, passkeys.begin_passkey_proof, CHANGE),
    Endpoint("POST", "/session/proof/passkey", ACCOUNT, passkeys.prove_with_passkey, CHANGE),
    Endpoint("GET", "/account", READ, accounts.show_profile),
    Endpoint("PUT", "/account/password", ACCOUNT, accounts.change_password, CHANGE),
    Endpoint("POST", "/account/totp", ACCOUNT, accounts.enrol_totp, CHANGE, proof=True),
    Endpoint("POST", "/account/totp/confirm", ACCOUNT, accounts.confirm_totp, CHANGE, proof=True),
    Endpoint("POST", "/account/totp/remove", ACCOUNT, accounts.remove_totp, CHANGE),
    Endpoint("POST", "/account/recovery-codes", ACCOUNT, accounts.renew_recovery_codes, CHANGE),
    Endpoint("GET", "/account/passkeys", ACCOUNT, passkeys.list_passkeys),
    Endpoint("POST", "/account/passkeys/options", ACCOUNT, passkeys.begin_passkey, CHANGE, proof=True),
    Endpoint("POST", "/account/passkeys", ACCOUNT, passkeys.enrol_passkey, CHANGE, 201, proof=True),
    Endpoint("PATCH", "/account/passkeys/{passkey}", ACCOUNT, passkeys.rename_passkey, CHANGE),
    Endpoint("DELETE", "/account/passkeys/{passkey}", ACCOUNT, passkeys.remove_passkey, CHANGE, proof=True),
    Endpoint("GET", "/account/sessions", ACCOUNT, accounts.list_sessions),
    Endpoint("DELETE", "/account/sessions/{session}", ACCOUNT, accounts.revoke_session, CHANGE),
    Endpoint("GET", "/account/events", ACCOUNT, accounts.list_security_events),
    Endpoint("GET", "/balances", READ, balances.list_balances),
    Endpoint("GET", "/fees", READ, balances.list_fees),
    Endpoint("GET", "/fills", READ, balances.list_fills),
    Endpoint("GET", "/ledger", READ, balances.list_ledger_entries),
    Endpoint("GET", "/addresses/{asset}", READ, funds.show_deposit_address),
    Endpoint("POST", "/addresses/{asset}", READ, funds.create_deposit_address, CHANGE, 201),
    Endpoint("GET", "/deposits", READ, funds.list_deposits),
    Endpoint("POST", "/withdrawals", FUNDS, funds.request_withdrawal, COMMAND, 201, proof=True),
    Endpoint("GET", "/withdrawals", READ, funds.list_withdrawals),
    Endpoint("GET", "/withdrawals/{withdrawal}", READ, funds.find_withdrawal),
    Endpoint("DELETE", "/withdrawals/{withdrawal}", FUNDS, funds.cancel_withdrawal, CHANGE),
    Endpoint("POST", "/transfers", FUNDS, funds.send_transfer, CHANGE, 201, proof=True),
    Endpoint("GET", "/transfers", READ, funds.list_transfers),
    Endpoint("GET", "/transfers/{transfer}", READ, funds.find_transfer),
    Endpoint("POST", "/coupons", FUNDS, funds.create_coupon, CHANGE, 201, proof=True),
    Endpoint("GET", "/coupons", READ, funds.list_coupons),
    Endpoint("POST", "/coupons/redeem", FUNDS, funds.redeem_coupon, CHANGE),
    Endpoint("POST", "/merchant/orders", FUNDS, merchant.create_merchant_order, COMMAND, 201),
    Endpoint("GET", "/merchant/orders", READ, merchant.list_merchant_orders),
    Endpoint("GET", "/merchant/orders/{merchant_order}", READ, merchant.find_merchant_order),
    Endpoint("DELETE", "/merchant/orders/{merchant_order}", FUNDS, merchant.cancel_merchant_order, CHANGE),
    Endpoint("GET", "/merchant/orders/{merchant_order}/notice-secret", FUNDS, merchant.show_notice_secret, proof=True),
    Endpoint("POST", "/merchant/orders/{merchant_order}/notice-secret", FUNDS, merchant.rotate_notice_secret, CHANGE, proof=True),
    Endpoint("GET", "/payments/{payment}", READ, merchant.show_payment),
    Endpoint("POST", "/payments/{payment}/address", READ, merchant.show_payment_address, CHANGE),
    Endpoint("POST", "/payments/{payment}/pay", FUNDS, merchant.pay, COMMAND, proof=True),
    Endpoint("GET", "/keys", ACCOUNT, keys.list_keys),
    Endpoint("GET", "/keys/kinds", ACCOUNT, keys.list_key_kinds),
    Endpoint("GET", "/keys/snippets", PUBLIC, keys.list_snippets),
    Endpoint("POST", "/keys", ACCOUNT, keys.create_key, CHANGE, 201, proof=True),
    Endpoint("GET", "/keys/{key}/secret", ACCOUNT, keys.reveal_key, proof=True),
    Endpoint("DELETE", "/keys/{key}", ACCOUNT, keys.revoke_key, CHANGE),
    *operator.endpoints(),
)


def routes(context: DialectContext) -> tuple[Route, ...]:
    return (*(endpoint.route(context) for endpoint in ENDPOINTS), *_documents(), *plain_routes())


def path_errors(made: Sequence[Route]) -> tuple[PathErrors, ...]:
    return (PathErrors("/cambist", of_gateway(made), DIALECT),)


class _Document:
    """A text that is made when somebody first asks for it, once in a process and beside the loop: it takes longer than a request may."""

    def __init__(self, make: Callable[[], Reply]) -> None:
        self._make = make
        self._making: Future[Reply] | None = None

    def reply(self, _request: Request) -> Reply | Awaitable[Reply]:
        if self._making is None:
            self._making = _MAKER.submit(self._make)
        return self._making.result() if self._making.done() else self._made(self._making)

    async def _made(self, making: Future[Reply]) -> Reply:
        return await asyncio.shield(asyncio.wrap_future(making))  # whoever else waits for it goes on when this one gives up


_MAKER = ThreadPoolExecutor(1, thread_name_prefix="native-documents")
_KEPT_A_WHILE = ((b"cache-control", b"max-age=300"),)
_OPEN_API = _Document(lambda: Reply(200, openapi.encoded(ENDPOINTS), headers=_KEPT_A_WHILE))
_ASYNC_API = _Document(lambda: Reply(200, asyncapi.encoded(), headers=_KEPT_A_WHILE))
_REFERENCE = _Document(lambda: Reply(200, reference_page.html(ENDPOINTS), b"text/html; charset=utf-8", reference_page.HEADERS))


_TO_REFERENCE = Reply(303, headers=((b"location", f"{BASE}/reference".encode()),))
BEGINNINGS = ("/cambist", "/cambist/", BASE, f"{BASE}/")
"""Where who looks for the API is led to its reference."""


def _documents() -> tuple[Route, ...]:
    """The API's own description."""
    return (
        *(Route(path, lambda _request: _TO_REFERENCE, dialect=DIALECT, name="/cambist", durable=False) for path in BEGINNINGS),
        Route(f"{BASE}/openapi.json", _OPEN_API.reply, dialect=DIALECT, durable=False),
        Route(f"{BASE}/asyncapi.json", _ASYNC_API.reply, dialect=DIALECT, durable=False),
        Route(f"{BASE}/reference", _REFERENCE.reply, dialect=DIALECT, durable=False),
    )
