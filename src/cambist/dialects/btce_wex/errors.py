"""Every error text that this API knows, in the originals' wording, and how a rejection of the core is put into it.

Texts marked "ours" are decisions: the originals' wording was never recorded, and no known client reads it.
"""

from cambist import _core
from cambist.dialects.btce_wex.pairs import Pair
from cambist.dialects.btce_wex.render import quoted
from cambist.domain.reject_reasons import RejectReason

MAX_ECHO = 64
"""Characters of what a client sent that are said back to it."""
MAX_NONCE = 4_294_967_294

# trade API: authentication
KEY_MISSING = "api key not specified"
KEY_INVALID = "invalid api key"
SIGN_INVALID = "invalid sign"
ADDRESS_REFUSED = "api key dont have permission for this ip"  # ours

# trade API: methods and parameters
METHOD_INVALID = "invalid method"
FIELDS_WRONG = "You incorrectly entered one of fields."
ORDER_INVALID = "invalid order"
ORDER_NOT_ACTIVE = "bad status"
ORDER_NOT_ACTIVE_IN_LIST = "invalid status"
NO_ORDERS = "no orders"
NO_TRADES = "no trades"
NO_TRANSACTIONS = "no transactions"
UNAVAILABLE = "not available"
TOO_OFTEN = "Requests too often"
MAINTENANCE = "external service unavailable"
TOO_MANY_COUPONS = "too many coupons in one day"  # ours
REQUEST_TOO_LARGE = "request is too large"  # ours
TOO_MANY_ORDERS = "too many open orders"  # ours

# trade API: funds
NO_ADDRESS = "address has not been generated yet"  # ours
ADDRESS_INVALID = "invalid address"  # ours
COUPON_INVALID = "invalid coupon"  # ours: unknown, malformed, or meant for someone else
COUPON_REDEEMED = "coupon has already been redeemed"  # ours

# public API
PAIR_LIST_EMPTY = "Empty pair list"
PUBLIC_METHOD_INVALID = "Invalid method"
TOO_MANY_PAIRS = "Too many pairs"  # ours


def invalid_pair(name: str) -> str:
    return f"Invalid pair name: {name[:MAX_ECHO]}"


def duplicated_pair(name: str) -> str:
    return f"Duplicated pair name: {name}"


def no_permission(right: str) -> str:
    """`right` is `info`, `trade`, `withdraw` or `coupon`."""
    return f"api key dont have {right} permission"


def invalid_parameter(name: str) -> str:
    return f"invalid parameter: {name}"


def invalid_nonce(last: int, sent: str) -> str:
    """`last` is the nonce on the key, `sent` what came, as text (empty: none came). Clients cut the numbers out of this text.

    At the end of the nonces it names none that would be rejected too.
    """
    after = f"you should send:{last + 1}" if last < MAX_NONCE else "no nonce is left for this key"
    return f"invalid nonce parameter; on key:{last}, you sent:'{sent[:MAX_ECHO]}', {after}"


def not_enough(asset: str, purpose: str) -> str:
    """`asset` upper case, `purpose` one of `purchase`, `sell`, `withdraw`, `coupon` (the last two are ours)."""
    return f"It is not enough {asset} for {purpose}"


def place_rejection(code: int, pair: Pair, buy: bool) -> str:
    """The text for a `Trade` that the core rejected with `code` (a `RejectReason`)."""
    spec = pair.spec()
    price_of = f"Price per {pair.base_code} must be"
    if code == RejectReason.INSUFFICIENT_FUNDS:
        return not_enough(pair.quote_code, "purchase") if buy else not_enough(pair.base_code, "sell")
    if code == RejectReason.PRICE_TOO_LOW:
        return f"{price_of} greater than {_core.format_units(spec.min_price, pair.price_scale)} {pair.quote_code}."
    if code == RejectReason.PRICE_TOO_HIGH:
        return f"{price_of} lower than {_core.format_units(spec.max_price, pair.price_scale)} {pair.quote_code}."
    if code == RejectReason.AMOUNT_TOO_SMALL:
        # The original names the currency that is spent with a limit that is counted in base.
        spent = pair.quote_code if buy else pair.base_code
        return f"Value {spent} must be greater than {_core.format_units(spec.min_amount, pair.amount_scale)} {spent}."
    if code in (RejectReason.AMOUNT_TOO_LARGE, RejectReason.TOTAL_TOO_LARGE, RejectReason.LEVEL_FULL):
        return f"Value {pair.base_code} must be lower than {_core.format_units(spec.max_amount, pair.amount_scale)} {pair.base_code}."
    if code == RejectReason.TOTAL_TOO_SMALL:
        return f"Value {pair.quote_code} must be greater than {pair.quote.shown(spec.min_total)} {pair.quote_code}."
    if code == RejectReason.TOO_MANY_OPEN_ORDERS:
        return TOO_MANY_ORDERS
    return UNAVAILABLE


def error_body(text: str) -> bytes:
    """The reply's body: `{"success":0,"error":"<text>"}`. The order of the keys is part of the protocol."""
    return b'{"success":0,"error":' + quoted(text) + b"}"
