"""Why a request was not done: one shape for every error (RFC 9457), and the list of what can go wrong."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, final

from cambist.api_types.values import Value

CONTENT_TYPE = "application/problem+json"
REFERENCE = "/cambist/v1/reference"


@final
class Problem(Value, frozen=True, kw_only=True):
    """`code` is for programs and never changes its meaning, `detail` is a sentence for people.

    `retryable`: the same request may work later as it is. `field` names what is wrong in the request, `order_id` the order that stands in
    the way, `retry_after` how many seconds to wait.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    retryable: bool
    field: str | None = None
    order_id: str | None = None
    retry_after: int | None = None


class Kind(NamedTuple):
    """What all problems of one code have together."""

    status: int
    title: str
    detail: str
    retryable: bool = False


class Code(StrEnum):
    """Every code there is."""

    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    BODY_TOO_LARGE = "body-too-large"
    BUSY = "busy"
    INTERNAL = "internal"
    OUTCOME_UNKNOWN = "outcome-unknown"
    UNAVAILABLE = "unavailable"
    HISTORY_UNAVAILABLE = "history-unavailable"
    REQUEST_INVALID = "request-invalid"
    CONTENT_TYPE_WRONG = "content-type-wrong"
    UNAUTHENTICATED = "unauthenticated"
    KEY_UNKNOWN = "key-unknown"
    SIGNATURE_WRONG = "signature-wrong"
    TIMESTAMP_WRONG = "timestamp-wrong"
    REQUEST_REPEATED = "request-repeated"
    ADDRESS_REFUSED = "address-refused"
    ADDRESS_BANNED = "address-banned"
    SCOPE_MISSING = "scope-missing"
    SESSION_REQUIRED = "session-required"
    CSRF_WRONG = "csrf-wrong"
    RATE_LIMITED = "rate-limited"
    IDEMPOTENCY_KEY_REUSED = "idempotency-key-reused"
    IDEMPOTENCY_KEY_IN_USE = "idempotency-key-in-use"
    IDEMPOTENCY_KEY_INVALID = "idempotency-key-invalid"
    MARKET_UNKNOWN = "market-unknown"
    ASSET_UNKNOWN = "asset-unknown"
    INTERVAL_INVALID = "interval-invalid"
    TOO_MANY_TOPICS = "too-many-topics"
    SIGN_UP_CLOSED = "sign-up-closed"
    NAME_INVALID = "name-invalid"
    NAME_TAKEN = "name-taken"
    PASSWORD_TOO_SHORT = "password-too-short"  # noqa: S105 - a code, no password
    PASSWORD_TOO_LONG = "password-too-long"  # noqa: S105
    LOGIN_WRONG = "login-wrong"
    LOGIN_PAUSED = "login-paused"
    CODE_REQUIRED = "code-required"
    CODE_WRONG = "code-wrong"
    CODE_PAUSED = "code-paused"
    USER_FROZEN = "user-frozen"
    PROOF_REQUIRED = "proof-required"
    PASSKEY_WRONG = "passkey-wrong"
    PASSKEY_TAKEN = "passkey-taken"
    PASSKEYS_UNAVAILABLE = "passkeys-unavailable"
    TOO_MANY_PASSKEYS = "too-many-passkeys"
    TOTP_ACTIVE = "totp-active"
    TOTP_INACTIVE = "totp-inactive"
    API_UNKNOWN = "api-unknown"
    SCOPE_UNKNOWN = "scope-unknown"
    ADDRESS_INVALID = "address-invalid"
    PUBLIC_KEY_INVALID = "public-key-invalid"
    TOO_MANY_KEYS = "too-many-keys"
    REVEAL_OVER = "reveal-over"
    USER_UNKNOWN = "user-unknown"
    OWN_TRANSFER = "own-transfer"
    NO_NETWORK = "no-network"
    COIN_ADDRESS_INVALID = "coin-address-invalid"
    WITHDRAWAL_TOO_SMALL = "withdrawal-too-small"
    NOT_CANCELLABLE = "not-cancellable"
    TOO_MANY_ADDRESSES = "too-many-addresses"
    COUPON_INVALID = "coupon-invalid"
    COUPON_REDEEMED = "coupon-redeemed"
    COUPON_CODE_USED = "coupon-code-used"
    URL_INVALID = "url-invalid"
    NO_NOTICES = "no-notices"
    PAYMENT_NOT_OPEN = "payment-not-open"
    PAYMENT_BEGUN = "payment-begun"
    OWN_PAYMENT = "own-payment"
    TOO_MANY_MERCHANT_ORDERS = "too-many-merchant-orders"
    TOO_MANY_DECIMALS = "too-many-decimals"
    ORDER_INVALID = "order-invalid"
    MARKET_HALTED = "market-halted"
    PRICE_TOO_LOW = "price-too-low"
    PRICE_TOO_HIGH = "price-too-high"
    AMOUNT_TOO_SMALL = "amount-too-small"
    AMOUNT_TOO_LARGE = "amount-too-large"
    TOTAL_TOO_SMALL = "total-too-small"
    TOTAL_TOO_LARGE = "total-too-large"
    ALREADY_EXPIRED = "already-expired"
    CLIENT_ORDER_ID_USED = "client-order-id-used"
    TOO_MANY_OPEN_ORDERS = "too-many-open-orders"
    WOULD_CROSS = "would-cross"
    INSUFFICIENT_FUNDS = "insufficient-funds"
    UNFILLABLE = "fill-or-kill-unfillable"
    LEVEL_FULL = "level-full"
    NO_LAST_PRICE = "no-last-price"
    TRAIL_INVALID = "trail-invalid"
    ORDER_NOT_LIVE = "order-not-live"
    ORDER_NOT_REPLACEABLE = "order-not-replaceable"
    AMOUNT_BELOW_FILLED = "amount-below-filled"


KINDS: dict[Code, Kind] = {
    Code.NOT_FOUND: Kind(404, "Not found", "There is nothing of that name or id here for you."),
    Code.METHOD_NOT_ALLOWED: Kind(405, "Method not allowed", "This path does not answer that method; the Allow field names those it does."),
    Code.BODY_TOO_LARGE: Kind(413, "Body too large", "The request's body is longer than this server takes."),
    Code.BUSY: Kind(503, "Busy", "Too much is asked at once; ask again in a moment.", True),
    Code.INTERNAL: Kind(
        500, "Internal error", "This is a bug of the server's. Whether the request was done is not known: look before you repeat it."
    ),
    Code.OUTCOME_UNKNOWN: Kind(
        504,
        "Outcome unknown",
        "Nobody said in time whether this was done. It may have been, or be done still: look before you repeat it.",
    ),
    Code.UNAVAILABLE: Kind(503, "Unavailable", "The venue cannot take this now; the same request may work later.", True),
    Code.HISTORY_UNAVAILABLE: Kind(503, "History unavailable", "Histories cannot be read now; trading goes on.", True),
    Code.REQUEST_INVALID: Kind(400, "Invalid request", "The request cannot be read."),
    Code.CONTENT_TYPE_WRONG: Kind(415, "Wrong content type", "A body is JSON, with the field `content-type: application/json`."),
    Code.UNAUTHENTICATED: Kind(401, "Not authenticated", "Log in, or sign the request with an API key."),
    Code.KEY_UNKNOWN: Kind(401, "Unknown key", "There is no such API key for the native API; it may have been revoked."),
    Code.SIGNATURE_WRONG: Kind(401, "Wrong signature", "The signature does not fit: sign timestamp, method, path, query and body as sent."),
    Code.TIMESTAMP_WRONG: Kind(401, "Wrong timestamp", "The timestamp is no number of µs, or too far from the server's clock (GET /time)."),
    Code.REQUEST_REPEATED: Kind(401, "Repeated request", "This very request was taken before: sign each with a timestamp of its own."),
    Code.ADDRESS_REFUSED: Kind(403, "Address refused", "This address may not use the API key."),
    Code.ADDRESS_BANNED: Kind(403, "Banned", "This address has asked too much for too long, and is shut out for a while."),
    Code.SCOPE_MISSING: Kind(403, "Missing scope", "The API key has not the scope that this needs."),
    Code.SESSION_REQUIRED: Kind(403, "Session required", "This is for people who logged in, not for API keys."),
    Code.CSRF_WRONG: Kind(403, "Missing CSRF token", "What changes something needs the session's token in the field `cambist-csrf`."),
    Code.RATE_LIMITED: Kind(429, "Too many requests", "There were too many requests; wait as long as Retry-After says.", True),
    Code.IDEMPOTENCY_KEY_REUSED: Kind(422, "Idempotency key reused", "This Idempotency-Key stands for another request already."),
    Code.IDEMPOTENCY_KEY_IN_USE: Kind(409, "Idempotency key in use", "The first request with this Idempotency-Key is not done yet.", True),
    Code.IDEMPOTENCY_KEY_INVALID: Kind(400, "Invalid idempotency key", "An Idempotency-Key has 1 to 64 visible ASCII characters."),
    Code.MARKET_UNKNOWN: Kind(404, "Unknown market", "There is no such market; GET /markets lists them."),
    Code.ASSET_UNKNOWN: Kind(404, "Unknown asset", "There is no such asset; GET /assets lists them."),
    Code.INTERVAL_INVALID: Kind(
        422, "Invalid interval", "An interval is minutes that divide an hour, hours that divide a day, or whole days, in seconds."
    ),
    Code.TOO_MANY_TOPICS: Kind(409, "Too many topics", "One connection follows at most 128 topics."),
    Code.SIGN_UP_CLOSED: Kind(403, "Sign-up closed", "This venue's operator makes its users; ask there."),
    Code.NAME_INVALID: Kind(
        422, "Invalid name", "A name has 2 to 32 characters: letters, digits, dot, dash, underscore; it starts with a letter or digit."
    ),
    Code.NAME_TAKEN: Kind(409, "Name taken", "This name is taken; names are compared without regard to case."),
    Code.PASSWORD_TOO_SHORT: Kind(422, "Password too short", "A password has at least 8 characters."),
    Code.PASSWORD_TOO_LONG: Kind(422, "Password too long", "A password has at most 1,024 characters."),
    Code.LOGIN_WRONG: Kind(401, "Wrong login", "Name or password is wrong."),
    Code.LOGIN_PAUSED: Kind(429, "Too many attempts", "There were too many wrong attempts; try again later.", True),
    Code.CODE_REQUIRED: Kind(401, "Code required", "This needs a one-time code, or a recovery code, too."),
    Code.CODE_WRONG: Kind(401, "Wrong code", "This one-time code is wrong or was used before."),
    Code.CODE_PAUSED: Kind(429, "Too many codes", "There were too many wrong one-time codes; try again later.", True),
    Code.USER_FROZEN: Kind(403, "User frozen", "This user is frozen; ask the operator."),
    Code.PROOF_REQUIRED: Kind(
        403,
        "Proof required",
        "Prove once more who you are, by POST /session/proof or with a passkey by POST /session/proof/passkey, and ask again.",
    ),
    Code.PASSKEY_WRONG: Kind(
        401, "Wrong passkey", "This passkey is not known here, or its answer is not right, too old or was used before: begin anew."
    ),
    Code.PASSKEY_TAKEN: Kind(409, "Passkey taken", "This passkey is enrolled already."),
    Code.PASSKEYS_UNAVAILABLE: Kind(
        409, "No passkeys here", "Browsers have passkeys at a host name with TLS, or at `localhost`; this server was called otherwise."
    ),
    Code.TOO_MANY_PASSKEYS: Kind(409, "Too many passkeys", "One user has at most 20 passkeys: remove one first."),
    Code.TOTP_ACTIVE: Kind(409, "Codes are on", "One-time codes are switched on already; switch them off first."),
    Code.TOTP_INACTIVE: Kind(409, "Codes are off", "One-time codes are not switched on."),
    Code.API_UNKNOWN: Kind(404, "Unknown API", "This venue serves no such API; GET /keys/kinds lists them."),
    Code.SCOPE_UNKNOWN: Kind(422, "Unknown scope", "This API has no such scope."),
    Code.ADDRESS_INVALID: Kind(422, "Invalid address", "An address is one of IPv4 or IPv6, or a network such as 192.0.2.0/24."),
    Code.PUBLIC_KEY_INVALID: Kind(422, "Invalid public key", "A public key is an Ed25519 key of 64 hex digits, for the native API."),
    Code.TOO_MANY_KEYS: Kind(409, "Too many keys", "One user has at most 50 keys: revoke one first."),
    Code.REVEAL_OVER: Kind(409, "Too late", "A secret can be shown again in the first hour only; make a new key."),
    Code.USER_UNKNOWN: Kind(404, "Unknown user", "There is no such user."),
    Code.OWN_TRANSFER: Kind(409, "Own transfer", "This is yourself: name another user."),
    Code.NO_NETWORK: Kind(409, "No coin network", "This asset has no coin network here: no addresses and no withdrawals."),
    Code.COIN_ADDRESS_INVALID: Kind(422, "Invalid coin address", "This is no address of the asset's network."),
    Code.WITHDRAWAL_TOO_SMALL: Kind(422, "Withdrawal too small", "The amount is below the minimum, or nothing is left after the fee."),
    Code.NOT_CANCELLABLE: Kind(409, "Not cancellable", "This withdrawal is on its way or finished."),
    Code.TOO_MANY_ADDRESSES: Kind(409, "Too many addresses", "You have as many deposit addresses of this asset as you may have."),
    Code.COUPON_INVALID: Kind(404, "Invalid coupon", "There is no such coupon for you."),
    Code.COUPON_REDEEMED: Kind(409, "Coupon redeemed", "This coupon was redeemed before."),
    Code.COUPON_CODE_USED: Kind(409, "Coupon code used", "Another coupon has or had this code."),
    Code.URL_INVALID: Kind(422, "Invalid address of a page", "The address of a page begins with http:// or https:// and has no blanks."),
    Code.NO_NOTICES: Kind(409, "No notices", "Nobody is told of this payment, or another API signs its notices with the key of that API."),
    Code.PAYMENT_NOT_OPEN: Kind(409, "Payment not open", "This is not waiting for a payment any more."),
    Code.PAYMENT_BEGUN: Kind(409, "Payment begun", "Something was paid of it already, so it cannot be taken back."),
    Code.OWN_PAYMENT: Kind(409, "Own payment", "This payment is to yourself: somebody else must pay it."),
    Code.TOO_MANY_MERCHANT_ORDERS: Kind(409, "Too many open payments", "As many payments wait as you may have."),
    Code.TOO_MANY_DECIMALS: Kind(422, "Too many decimals", "The number has more decimals than the market or asset."),
    Code.ORDER_INVALID: Kind(422, "Invalid order", "These fields do not make an order together."),
    Code.MARKET_HALTED: Kind(409, "Market halted", "The market is halted: cancels work, new orders do not.", True),
    Code.PRICE_TOO_LOW: Kind(422, "Price too low", "The price is below the market's lowest."),
    Code.PRICE_TOO_HIGH: Kind(422, "Price too high", "The price is above the market's highest."),
    Code.AMOUNT_TOO_SMALL: Kind(422, "Amount too small", "The amount is below the market's smallest."),
    Code.AMOUNT_TOO_LARGE: Kind(422, "Amount too large", "The amount is above the market's largest."),
    Code.TOTAL_TOO_SMALL: Kind(422, "Total too small", "Price times amount, or the funds, are below the market's smallest total."),
    Code.TOTAL_TOO_LARGE: Kind(422, "Total too large", "The funds are more than one order may spend."),
    Code.ALREADY_EXPIRED: Kind(422, "Already expired", "The time at which this is to end is over already."),
    Code.CLIENT_ORDER_ID_USED: Kind(409, "Client order id used", "An order of yours has this client order id; `order_id` names it."),
    Code.TOO_MANY_OPEN_ORDERS: Kind(409, "Too many open orders", "You have as many open orders as one account may have."),
    Code.WOULD_CROSS: Kind(409, "Would cross", "A post-only order must rest, and this one would trade at once."),
    Code.INSUFFICIENT_FUNDS: Kind(409, "Insufficient funds", "There is not enough available for this."),
    Code.UNFILLABLE: Kind(409, "Cannot be filled", "A fill-or-kill order must trade whole at once, and there is not enough in the book."),
    Code.LEVEL_FULL: Kind(409, "Level full", "This price has as much in the book as it can take; choose another."),
    Code.NO_LAST_PRICE: Kind(409, "No last price", "A trailing stop needs a market that has traded."),
    Code.TRAIL_INVALID: Kind(422, "Invalid trail", "A trail is above zero and at most the whole price."),
    Code.ORDER_NOT_LIVE: Kind(409, "Order not live", "This order has ended already."),
    Code.ORDER_NOT_REPLACEABLE: Kind(409, "Order not replaceable", "This order cannot be changed: cancel it and place another."),
    Code.AMOUNT_BELOW_FILLED: Kind(409, "Amount below filled", "More than this amount is filled already."),
}
"""By code: the status of HTTP, a title, a sentence, whether the same request may work later."""


def problem(
    code: Code, detail: str = "", *, field: str | None = None, order_id: str | None = None, retry_after: int | None = None
) -> Problem:
    """A problem of that code; `detail` in place of the code's own sentence."""
    kind = KINDS[code]
    return Problem(
        type=f"{REFERENCE}#{code}",
        title=kind.title,
        status=kind.status,
        code=code.value,
        detail=detail or kind.detail,
        retryable=kind.retryable,
        field=field,
        order_id=order_id,
        retry_after=retry_after,
    )
