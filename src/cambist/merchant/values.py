"""What the merchant service hands out. Amounts are atoms of the order's asset, times µs, ids 32 hex digits."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from cambist.domain.units import AccountId, AssetId, MarketId

Clock = Callable[[], int]
Entropy = Callable[[str, int], bytes]


class PaymentState(IntEnum):
    """Where a merchant order stands: what its notices call its status."""

    OPEN = 0
    PARTIAL = 1
    """Something was paid, not all."""
    PAID = 2
    CANCELLED = 3
    """The payer said no. Final, whatever coins come later."""
    CLOSED = 4
    """Nobody paid in time. Final as well."""


class NoticeStatus(StrEnum):
    """What a notice tells the shop."""

    PAID = "paid"
    PARTIAL = "partial"
    CANCELLED = "cancelled"
    CLOSED = "closed"
    SEEN = "seen"
    """Of no order: coins are on their way to an address for which somebody asked for notices."""
    ARRIVED = "arrived"
    """The same, credited."""


class MerchantRejection(StrEnum):
    """Why the service said no before anything reached the core. The value is a stable code; `words` is the sentence for people."""

    AMOUNT_INVALID = "amount-invalid"
    TOO_LONG = "too-long"
    URL_INVALID = "url-invalid"
    NOT_OPEN = "not-open"
    BEGUN = "begun"
    NO_NETWORK = "no-network"
    UNAVAILABLE = "unavailable"
    OWN_ORDER = "own-order"
    TOO_MANY_ORDERS = "too-many-orders"

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    MerchantRejection.AMOUNT_INVALID: "the amount must be above zero, and within what one transfer may move",
    MerchantRejection.TOO_LONG: "description, data and addresses are too long together (at most 3,000 bytes)",
    MerchantRejection.URL_INVALID: "this is no address of a page: it begins with http:// or https:// and has no blanks",
    MerchantRejection.NOT_OPEN: "this order is not waiting for a payment any more",
    MerchantRejection.BEGUN: "something was paid already, so this order cannot be cancelled",
    MerchantRejection.NO_NETWORK: "this currency cannot be sent by coins",
    MerchantRejection.UNAVAILABLE: "this cannot be done now; please try again later",
    MerchantRejection.TOO_MANY_ORDERS: "as many orders wait to be paid as this shop may have: cancel some, or wait until they close",
    MerchantRejection.OWN_ORDER: "this order is your own: somebody else must pay it",
}


@dataclass(frozen=True, slots=True)
class OrderTexts:
    """What the shop says about an order. `notify` is where notices go (may be empty), `data` comes back with them."""

    description: str
    success: str
    failure: str
    notify: str = ""
    data: str = ""


NOT_SOLD = MarketId(-1)


@dataclass(frozen=True, slots=True)
class Terms:
    """How an order may be paid: from accounts only; again and again, by whoever likes; and in which market what came is sold at once."""

    only_accounts: bool = False
    repeated: bool = False
    sell_in: MarketId = NOT_SOLD


@dataclass(frozen=True, slots=True)
class MerchantOrder:
    """`amount` atoms of `asset` for `account`, asked for with the API key `key`. `address` is empty until coins are to be sent.

    `rotations`: how often the secret that its notices are signed with was replaced, the last time at `rotated`.
    """

    id: str
    account: AccountId
    asset: AssetId
    amount: int
    key: str
    texts: OrderTexts
    terms: Terms
    state: PaymentState
    address: str
    created: int
    expires: int
    changed: int
    rotations: int
    rotated: int

    @property
    def waiting(self) -> bool:
        """Whether it may still be paid by a person."""
        return self.state in (PaymentState.OPEN, PaymentState.PARTIAL)


@dataclass(frozen=True, slots=True)
class Payment:
    """`valid` once the merchant has it for good; before that it is on its way. `part`: the word of one of several from accounts."""

    id: str
    order: str
    amount: int
    valid: bool
    by_coins: bool
    seen: int
    part: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """What an account asked a deposit address for: a `text`, and where (`notify`, may be empty) to tell of coins, signed with `key`."""

    text: str
    notify: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Coins that came to an address whose owner asked for notices. `amount` atoms; `block` and `credited` (µs) as of the credit."""

    id: str
    asset: AssetId
    address: str
    amount: int
    txid: str
    output: int
    block: str
    credited: int
    label: Label


@dataclass(frozen=True, slots=True)
class Notice:
    """The `number`-th notice about a `subject`: an order, or an arrival (status SEEN or ARRIVED), by its id.

    `pending` and `valid` are sums over all payments as they stood then.
    """

    subject: str
    number: int
    status: NoticeStatus
    payment: str
    pending: int
    valid: int
    time: int
    attempts: int
    due: int
