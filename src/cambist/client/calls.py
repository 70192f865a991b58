"""What can be asked: a function for each endpoint, which gives the call that a client sends.

Made by scripts/native_client_calls.py from the server's table of routes.
"""

from __future__ import annotations

from urllib.parse import quote

from cambist.api_types.accounts import (
    ChangePassword,
    ConfirmCode,
    Enrolment,
    LogIn,
    Profile,
    ProveIdentity,
    RecoveryCodes,
    SecurityEvent,
    Session,
    SessionRow,
    SignUp,
)
from cambist.api_types.balances import Balance, Fees, Fill, FillsQuery, LedgerEntry, LedgerQuery
from cambist.api_types.books import BalanceSheet
from cambist.api_types.funds import (
    Coupon,
    CouponCreated,
    CouponRedeemed,
    CreateCoupon,
    CreateMerchantOrder,
    Deposit,
    DepositAddress,
    MerchantOrder,
    MerchantOrderCreated,
    MerchantOrderDetails,
    NoticeSecret,
    PaymentRequest,
    RedeemCoupon,
    RequestWithdrawal,
    SendTransfer,
    Transfer,
    TransfersQuery,
    Withdrawal,
)
from cambist.api_types.keys import CreateKey, Key, KeyKind, KeyWithSecret, Snippet
from cambist.api_types.markets import (
    Asset,
    Book,
    BookQuery,
    Candle,
    CandlesQuery,
    Market,
    ServerTime,
    Ticker,
    Trade,
    TradeHistoryQuery,
    TradesQuery,
)
from cambist.api_types.orders import (
    CancelAfter,
    CancelOrders,
    CancelQuery,
    Order,
    OrderCancelled,
    OrderPlaced,
    OrderReplaced,
    OrdersCancelled,
    OrdersQuery,
    PlaceOrder,
    PlacePair,
    ReplaceOrder,
    SetCancelAfter,
)
from cambist.api_types.passkeys import EnrolPasskey, Passkey, PasskeyCreationOptions, PasskeyRequestOptions, RenamePasskey, UsePasskey
from cambist.api_types.renderings import OrderRenderings
from cambist.api_types.values import Nothing, Page, PageQuery
from cambist.api_types.venue import DemoLogIn, Venue
from cambist.client.call import Call


def server_time() -> Call[ServerTime]:
    """GET /time: The time. Signed requests are judged by `time`."""
    return Call("GET", "/time", ServerTime)


def show_venue() -> Call[Venue]:
    """GET /venue: What kind of venue this is, and who may come in. Demo users are told to browsers on the sandbox's own machine only."""
    return Call("GET", "/venue", Venue)


def list_assets() -> Call[list[Asset]]:
    """GET /assets: Every asset."""
    return Call("GET", "/assets", list[Asset])


def list_markets() -> Call[list[Market]]:
    """GET /markets: Every market, with its limits and fees as they stand."""
    return Call("GET", "/markets", list[Market])


def find_market(market: str) -> Call[Market]:
    """GET /markets/{market}: One market. `market-unknown`."""
    return Call("GET", f"/markets/{quote(market, safe='')}", Market)


def show_book(market: str, query: BookQuery | None = None) -> Call[Book]:
    """GET /markets/{market}/book: The best levels a side. `market-unknown`."""
    return Call("GET", f"/markets/{quote(market, safe='')}/book", Book, query=query)


def list_trades(market: str, query: TradesQuery | None = None) -> Call[list[Trade]]:
    """GET /markets/{market}/trades: The newest trades, newest first, of the last 5,000. `market-unknown`."""
    return Call("GET", f"/markets/{quote(market, safe='')}/trades", list[Trade], query=query)


def list_past_trades(market: str, query: TradeHistoryQuery | None = None) -> Call[Page[Trade]]:
    """GET /markets/{market}/trades/history: Every trade that there ever was, newest first. `market-unknown`."""
    return Call("GET", f"/markets/{quote(market, safe='')}/trades/history", Page[Trade], query=query)


def list_candles(market: str, query: CandlesQuery | None = None) -> Call[list[Candle]]:
    """GET /markets/{market}/candles: Candles, oldest first. `market-unknown`, `interval-invalid`."""
    return Call("GET", f"/markets/{quote(market, safe='')}/candles", list[Candle], query=query)


def show_ticker(market: str) -> Call[Ticker]:
    """GET /markets/{market}/ticker: A market's last trade, best prices and last 24 hours. `market-unknown`."""
    return Call("GET", f"/markets/{quote(market, safe='')}/ticker", Ticker)


def list_tickers() -> Call[list[Ticker]]:
    """GET /tickers: Every market's ticker."""
    return Call("GET", "/tickers", list[Ticker])


def show_books() -> Call[BalanceSheet]:
    """GET /books: Where all the venue's money is, asset by asset, added up from every account, with the journal's sequence and the
    state's hash."""
    return Call("GET", "/books", BalanceSheet)


def place_order(body: PlaceOrder) -> Call[OrderPlaced]:
    """POST /orders: Places an order. With an Idempotency-Key and without `client_order_id`, the key is the client order id: also after
    a restart the same request places no second order, while the first lives and for the 1,000 orders behind it. `market-
    unknown`, `order-invalid` and what a market or the account's money does not allow."""
    return Call("POST", "/orders", OrderPlaced, body=body)


def list_orders(query: OrdersQuery | None = None) -> Call[Page[Order]]:
    """GET /orders: Orders, newest first. `market-unknown`."""
    return Call("GET", "/orders", Page[Order], query=query)


def cancel_all_orders(query: CancelQuery | None = None) -> Call[OrdersCancelled]:
    """DELETE /orders: Takes all orders back, or those of a market or side, in one command. `market-unknown`."""
    return Call("DELETE", "/orders", OrdersCancelled, query=query)


def place_pair(body: PlacePair) -> Call[OrderPlaced]:
    """POST /orders/pair: Places a limit order and a stop of which one cancels the other; the reply is the limit order's. Idempotency
    as for one order. `market-unknown`."""
    return Call("POST", "/orders/pair", OrderPlaced, body=body)


def cancel_orders(body: CancelOrders) -> Call[OrdersCancelled]:
    """POST /orders/cancel: Takes several orders back in one command."""
    return Call("POST", "/orders/cancel", OrdersCancelled, body=body)


def show_cancel_after() -> Call[CancelAfter]:
    """GET /orders/cancel-after: When the dead man's switch fires."""
    return Call("GET", "/orders/cancel-after", CancelAfter)


def set_cancel_after(body: SetCancelAfter) -> Call[CancelAfter]:
    """PUT /orders/cancel-after: Arms the dead man's switch, puts it off, or takes it back. It is journaled: it fires after a restart
    too."""
    return Call("PUT", "/orders/cancel-after", CancelAfter, body=body)


def find_order_by_client_id(client_order_id: str) -> Call[Order]:
    """GET /orders/by-client-id/{client_order_id}: The order of a client order id, while it lives and for the account's 1,000 orders
    behind it. `not-found`."""
    return Call("GET", f"/orders/by-client-id/{quote(client_order_id, safe='')}", Order)


def find_order(order: str) -> Call[Order]:
    """GET /orders/{order}: One order, live or finished. `not-found`."""
    return Call("GET", f"/orders/{quote(order, safe='')}", Order)


def render_order(order: str) -> Call[OrderRenderings]:
    """GET /orders/{order}/renderings: One order as each API of the venue words it: the request that places it, the reply, rows of
    lists and histories, pushes. No key and no secret is in it. `not-found`."""
    return Call("GET", f"/orders/{quote(order, safe='')}/renderings", OrderRenderings)


def replace_order(order: str, body: ReplaceOrder) -> Call[OrderReplaced]:
    """PATCH /orders/{order}: Changes a live order's price, amount or trigger. `not-found`, `order-not-live`, `order-not-replaceable`,
    `amount-below-filled`."""
    return Call("PATCH", f"/orders/{quote(order, safe='')}", OrderReplaced, body=body)


def cancel_order(order: str) -> Call[OrderCancelled]:
    """DELETE /orders/{order}: Takes a live order back. `not-found`, `order-not-live`."""
    return Call("DELETE", f"/orders/{quote(order, safe='')}", OrderCancelled)


def sign_up(body: SignUp) -> Call[Session]:
    """POST /users: Makes a user with an account of their own, and logs them in. `sign-up-closed`, `name-taken`, `name-invalid`,
    `password-too-short`, `password-too-long`."""
    return Call("POST", "/users", Session, body=body)


def log_in(body: LogIn) -> Call[Session]:
    """POST /session: Opens a session: its token is in a cookie that no page can read, and is another one after each login. `login-
    wrong`, `code-required`, `code-wrong`, `login-paused`, `code-paused`, `user-frozen`."""
    return Call("POST", "/session", Session, body=body)


def demo_log_in(body: DemoLogIn) -> Call[Session]:
    """POST /session/demo: Opens a session for a demo user of a sandbox, without a password, for a browser on the sandbox's own
    machine. `not-found`, `code-required` for one who has switched one-time codes on, `user-frozen`."""
    return Call("POST", "/session/demo", Session, body=body)


def show_session() -> Call[Session]:
    """GET /session: The session that the cookie is of, and its CSRF token."""
    return Call("GET", "/session", Session)


def log_out() -> Call[Nothing]:
    """DELETE /session: Ends the session."""
    return Call("DELETE", "/session", Nothing)


def begin_passkey_log_in() -> Call[PasskeyRequestOptions]:
    """POST /session/passkey/options: What a browser asks its owner's authenticator with, whoever that is. `passkeys-unavailable`."""
    return Call("POST", "/session/passkey/options", PasskeyRequestOptions)


def log_in_with_passkey(body: UsePasskey) -> Call[Session]:
    """POST /session/passkey: Opens a session, as a login with password and code does. `passkey-wrong`, `passkeys-unavailable`, `user-
    frozen`, `rate-limited`."""
    return Call("POST", "/session/passkey", Session, body=body)


def prove_identity(body: ProveIdentity) -> Call[Session]:
    """POST /session/proof: Says password and code once more: what answers `proof-required` is then done for a while (`proved_until`),
    as after a login. `login-wrong`, `code-required`, `code-wrong`, `login-paused`, `code-paused`, `user-frozen`."""
    return Call("POST", "/session/proof", Session, body=body)


def begin_passkey_proof() -> Call[PasskeyRequestOptions]:
    """POST /session/proof/passkey/options: What a browser asks for one of one's own passkeys with, to prove once more who one is.
    `passkeys-unavailable`."""
    return Call("POST", "/session/proof/passkey/options", PasskeyRequestOptions)


def prove_with_passkey(body: UsePasskey) -> Call[Session]:
    """POST /session/proof/passkey: As `prove_identity`, by one of one's own passkeys. `passkey-wrong`, `passkeys-unavailable`, `rate-
    limited`."""
    return Call("POST", "/session/proof/passkey", Session, body=body)


def show_profile() -> Call[Profile]:
    """GET /account: Whose key or session this is."""
    return Call("GET", "/account", Profile)


def change_password(body: ChangePassword) -> Call[Session]:
    """PUT /account/password: Replaces the password and ends every session; this browser gets a new one. `login-wrong`, `login-paused`,
    `code-required`, `code-wrong`, `code-paused`, `user-frozen`, `password-too-short`, `password-too-long`."""
    return Call("PUT", "/account/password", Session, body=body)


def enrol_totp() -> Call[Enrolment]:
    """POST /account/totp: A secret for an authenticator app; codes are asked for once a first one was confirmed. `totp-active`,
    `proof-required`."""
    return Call("POST", "/account/totp", Enrolment)


def confirm_totp(body: ConfirmCode) -> Call[RecoveryCodes]:
    """POST /account/totp/confirm: Switches one-time codes on, and gives the recovery codes. `code-wrong`."""
    return Call("POST", "/account/totp/confirm", RecoveryCodes, body=body)


def remove_totp(body: ProveIdentity) -> Call[Profile]:
    """POST /account/totp/remove: Switches one-time codes off, and takes the recovery codes away. `totp-inactive`, `login-wrong`,
    `login-paused`, `code-required`, `code-wrong`, `code-paused`, `user-frozen`."""
    return Call("POST", "/account/totp/remove", Profile, body=body)


def renew_recovery_codes(body: ProveIdentity) -> Call[RecoveryCodes]:
    """POST /account/recovery-codes: New recovery codes in the place of all earlier ones. `totp-inactive`, `login-wrong`, `login-
    paused`, `code-required`, `code-wrong`, `code-paused`, `user-frozen`."""
    return Call("POST", "/account/recovery-codes", RecoveryCodes, body=body)


def list_passkeys() -> Call[list[Passkey]]:
    """GET /account/passkeys: One's own passkeys, in the order in which they were enrolled."""
    return Call("GET", "/account/passkeys", list[Passkey])


def begin_passkey() -> Call[PasskeyCreationOptions]:
    """POST /account/passkeys/options: What a browser makes a new passkey from. `proof-required`, `passkeys-unavailable`."""
    return Call("POST", "/account/passkeys/options", PasskeyCreationOptions)


def enrol_passkey(body: EnrolPasskey) -> Call[Passkey]:
    """POST /account/passkeys: Takes the browser's new passkey. `proof-required`, `passkeys-unavailable`, `passkey-wrong`, `passkey-
    taken`, `too-many-passkeys`."""
    return Call("POST", "/account/passkeys", Passkey, body=body)


def rename_passkey(passkey: str, body: RenamePasskey) -> Call[Passkey]:
    """PATCH /account/passkeys/{passkey}: Gives one of one's own another name. `not-found`."""
    return Call("PATCH", f"/account/passkeys/{quote(passkey, safe='')}", Passkey, body=body)


def remove_passkey(passkey: str) -> Call[Nothing]:
    """DELETE /account/passkeys/{passkey}: Ends one of one's own for good. `proof-required`, `not-found`."""
    return Call("DELETE", f"/account/passkeys/{quote(passkey, safe='')}", Nothing)


def list_sessions() -> Call[list[SessionRow]]:
    """GET /account/sessions: One's own logins, newest first."""
    return Call("GET", "/account/sessions", list[SessionRow])


def revoke_session(session: str) -> Call[Nothing]:
    """DELETE /account/sessions/{session}: Ends one of one's own logins, and its open sockets. `not-found`."""
    return Call("DELETE", f"/account/sessions/{quote(session, safe='')}", Nothing)


def list_security_events(query: PageQuery | None = None) -> Call[Page[SecurityEvent]]:
    """GET /account/events: What happened to one's own security, newest first."""
    return Call("GET", "/account/events", Page[SecurityEvent], query=query)


def list_balances() -> Call[list[Balance]]:
    """GET /balances: Every asset of the venue."""
    return Call("GET", "/balances", list[Balance])


def list_fees() -> Call[list[Fees]]:
    """GET /fees: What new orders pay, by market."""
    return Call("GET", "/fees", list[Fees])


def list_fills(query: FillsQuery | None = None) -> Call[Page[Fill]]:
    """GET /fills: One's own trades, newest first. `market-unknown`, `not-found` for an order that is not one's own."""
    return Call("GET", "/fills", Page[Fill], query=query)


def list_ledger_entries(query: LedgerQuery | None = None) -> Call[Page[LedgerEntry]]:
    """GET /ledger: Every change of one's balances, newest first, with what there was after it. `asset-unknown`."""
    return Call("GET", "/ledger", Page[LedgerEntry], query=query)


def show_deposit_address(asset: str) -> Call[DepositAddress]:
    """GET /addresses/{asset}: One's newest deposit address of an asset. `asset-unknown`."""
    return Call("GET", f"/addresses/{quote(asset, safe='')}", DepositAddress)


def create_deposit_address(asset: str) -> Call[DepositAddress]:
    """POST /addresses/{asset}: A new deposit address; earlier ones stay good. `asset-unknown`, `no-network`, `too-many-addresses`."""
    return Call("POST", f"/addresses/{quote(asset, safe='')}", DepositAddress)


def list_deposits(query: PageQuery | None = None) -> Call[Page[Deposit]]:
    """GET /deposits: Coins that came, newest first."""
    return Call("GET", "/deposits", Page[Deposit], query=query)


def request_withdrawal(body: RequestWithdrawal) -> Call[Withdrawal]:
    """POST /withdrawals: Sends coins. Under an Idempotency-Key the same request is done once, for ever: the ledger takes a transfer's
    id once. `asset-unknown`, `no-network`, `coin-address-invalid`, `too-many-decimals`, `amount-too-large`, `withdrawal-too-
    small`, `insufficient-funds`, `proof-required`."""
    return Call("POST", "/withdrawals", Withdrawal, body=body)


def list_withdrawals(query: PageQuery | None = None) -> Call[Page[Withdrawal]]:
    """GET /withdrawals: Coins on their way out, newest first."""
    return Call("GET", "/withdrawals", Page[Withdrawal], query=query)


def find_withdrawal(withdrawal: str) -> Call[Withdrawal]:
    """GET /withdrawals/{withdrawal}: One of them. `not-found`."""
    return Call("GET", f"/withdrawals/{quote(withdrawal, safe='')}", Withdrawal)


def cancel_withdrawal(withdrawal: str) -> Call[Withdrawal]:
    """DELETE /withdrawals/{withdrawal}: Takes the money back if the coins have not left. `not-found`, `not-cancellable`."""
    return Call("DELETE", f"/withdrawals/{quote(withdrawal, safe='')}", Withdrawal)


def send_transfer(body: SendTransfer) -> Call[Transfer]:
    """POST /transfers: Sends money to another user of this venue, at once and for good. `asset-unknown`, `too-many-decimals`, `user-
    unknown`, `own-transfer`, `amount-too-large`, `insufficient-funds`, `proof-required`, `rate-limited` for more than the venue
    allows in a day."""
    return Call("POST", "/transfers", Transfer, body=body)


def list_transfers(query: TransfersQuery | None = None) -> Call[Page[Transfer]]:
    """GET /transfers: All money that moved without a trade, newest first. `asset-unknown`."""
    return Call("GET", "/transfers", Page[Transfer], query=query)


def find_transfer(transfer: str) -> Call[Transfer]:
    """GET /transfers/{transfer}: One of them. `not-found`."""
    return Call("GET", f"/transfers/{quote(transfer, safe='')}", Transfer)


def create_coupon(body: CreateCoupon) -> Call[CouponCreated]:
    """POST /coupons: Turns money into a code. `asset-unknown`, `too-many-decimals`, `amount-too-large`, `user-unknown`, `insufficient-
    funds`, `coupon-code-used`, `proof-required`, `rate-limited` for more than the venue allows in a day."""
    return Call("POST", "/coupons", CouponCreated, body=body)


def list_coupons(query: PageQuery | None = None) -> Call[Page[Coupon]]:
    """GET /coupons: Coupons that one made, newest first, and whether they were redeemed."""
    return Call("GET", "/coupons", Page[Coupon], query=query)


def redeem_coupon(body: RedeemCoupon) -> Call[CouponRedeemed]:
    """POST /coupons/redeem: Turns a code into money, once. `coupon-invalid`, `coupon-redeemed`. Who redeemed it themselves is answered
    as the first time."""
    return Call("POST", "/coupons/redeem", CouponRedeemed, body=body)


def create_merchant_order(body: CreateMerchantOrder) -> Call[MerchantOrderCreated]:
    """POST /merchant/orders: Asks for a payment. `asset-unknown`, `market-unknown`, `too-many-decimals`, `amount-too-large`, `url-
    invalid`, `too-many-merchant-orders`."""
    return Call("POST", "/merchant/orders", MerchantOrderCreated, body=body)


def list_merchant_orders(query: PageQuery | None = None) -> Call[Page[MerchantOrder]]:
    """GET /merchant/orders: Payments that one asked for, newest first."""
    return Call("GET", "/merchant/orders", Page[MerchantOrder], query=query)


def find_merchant_order(merchant_order: str) -> Call[MerchantOrderDetails]:
    """GET /merchant/orders/{merchant_order}: One of them, with what was paid. `not-found`."""
    return Call("GET", f"/merchant/orders/{quote(merchant_order, safe='')}", MerchantOrderDetails)


def cancel_merchant_order(merchant_order: str) -> Call[MerchantOrder]:
    """DELETE /merchant/orders/{merchant_order}: Takes it back while nothing was paid of it. `not-found`, `payment-not-open`, `payment-
    begun`."""
    return Call("DELETE", f"/merchant/orders/{quote(merchant_order, safe='')}", MerchantOrder)


def show_notice_secret(merchant_order: str) -> Call[NoticeSecret]:
    """GET /merchant/orders/{merchant_order}/notice-secret: What the notices of one of one's own orders are signed with. `not-found`,
    `proof-required`."""
    return Call("GET", f"/merchant/orders/{quote(merchant_order, safe='')}/notice-secret", NoticeSecret)


def rotate_notice_secret(merchant_order: str) -> Call[NoticeSecret]:
    """POST /merchant/orders/{merchant_order}/notice-secret: Has a new secret sign the notices of one of one's own orders; the one
    before it signs them too for 24 hours, in a field of its own. `not-found`, `no-notices`, `proof-required`."""
    return Call("POST", f"/merchant/orders/{quote(merchant_order, safe='')}/notice-secret", NoticeSecret)


def show_payment(payment: str) -> Call[PaymentRequest]:
    """GET /payments/{payment}: A payment that somebody asked for, by its id, which is nobody's secret but that of those who were given
    it. `not-found`."""
    return Call("GET", f"/payments/{quote(payment, safe='')}", PaymentRequest)


def show_payment_address(payment: str) -> Call[DepositAddress]:
    """POST /payments/{payment}/address: Where to send coins for it; the same whenever it is asked for. `not-found`, `payment-not-
    open`, `no-network`."""
    return Call("POST", f"/payments/{quote(payment, safe='')}/address", DepositAddress)


def pay(payment: str) -> Call[PaymentRequest]:
    """POST /payments/{payment}/pay: Pays what is missing of it from one's account: once, however often this is asked, unless it may be
    paid again and again; of those the same Idempotency-Key pays once. `not-found`, `payment-not-open`, `own-payment`,
    `insufficient-funds`, `proof-required`."""
    return Call("POST", f"/payments/{quote(payment, safe='')}/pay", PaymentRequest)


def list_keys() -> Call[list[Key]]:
    """GET /keys: One's own keys, never their secrets."""
    return Call("GET", "/keys", list[Key])


def list_key_kinds() -> Call[list[KeyKind]]:
    """GET /keys/kinds: The APIs that keys can be made for."""
    return Call("GET", "/keys/kinds", list[KeyKind])


def list_snippets() -> Call[list[Snippet]]:
    """GET /keys/snippets: Small programs for each kind of key, in Python, JavaScript and curl."""
    return Call("GET", "/keys/snippets", list[Snippet])


def create_key(body: CreateKey) -> Call[KeyWithSecret]:
    """POST /keys: A new key. Its secret is shown here, and again for an hour. `api-unknown`, `scope-unknown`, `address-invalid`,
    `public-key-invalid`, `too-many-keys`, `proof-required`."""
    return Call("POST", "/keys", KeyWithSecret, body=body)


def reveal_key(key: str) -> Call[KeyWithSecret]:
    """GET /keys/{key}/secret: A key's secret again, in its first hour. `not-found`, `api-unknown`, `reveal-over`, `proof-required`."""
    return Call("GET", f"/keys/{quote(key, safe='')}/secret", KeyWithSecret)


def revoke_key(key: str) -> Call[Nothing]:
    """DELETE /keys/{key}: Ends a key for good, and what its open sockets follow. `not-found`."""
    return Call("DELETE", f"/keys/{quote(key, safe='')}", Nothing)
