"""What the wallet hands out: withdrawals, deposits, policies, rejections; and how transfer ids follow from outside facts."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from cambist.domain.units import AccountId, AssetId

Clock = Callable[[], int]
"""µs since the epoch."""
Entropy = Callable[[str, int], bytes]
"""(label, length) to that many unpredictable bytes; labels never repeat."""


class WalletError(Exception):
    """The wallet's files cannot be used as they are: the text says what to change."""


class WalletBusy(WalletError):
    """Another process has the file open."""


class WalletUnreadable(WalletError):
    """The file is damaged, or of a format that this program does not read."""


class WalletRejection(StrEnum):
    """Why the service said no before anything reached the core. The value is a stable code; `words` is the sentence for people."""

    ASSET_UNKNOWN = "asset-unknown"
    NO_NETWORK = "no-network"
    ADDRESS_INVALID = "address-invalid"
    AMOUNT_TOO_SMALL = "amount-too-small"
    AMOUNT_TOO_FINE = "amount-too-fine"
    UNAVAILABLE = "unavailable"
    NOT_CANCELLABLE = "not-cancellable"
    NOT_AWAITED = "approval-not-awaited"
    TOO_MANY_ADDRESSES = "too-many-addresses"

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    WalletRejection.ASSET_UNKNOWN: "there is no such asset",
    WalletRejection.NO_NETWORK: "this asset has no coin network here: no addresses and no withdrawals",
    WalletRejection.ADDRESS_INVALID: "this is not an address of the asset's network",
    WalletRejection.AMOUNT_TOO_SMALL: "the amount is below the minimum, or nothing would be left of it after the fee",
    WalletRejection.AMOUNT_TOO_FINE: "the amount has more decimals than the network carries",
    WalletRejection.UNAVAILABLE: "the coin network cannot be reached or the venue cannot take this now; try again later",
    WalletRejection.NOT_CANCELLABLE: "this withdrawal is on its way, finished or unknown",
    WalletRejection.TOO_MANY_ADDRESSES: "this account has as many deposit addresses of this asset as it may have",
    WalletRejection.NOT_AWAITED: "this withdrawal waits for nobody's approval",
}


class WithdrawalState(IntEnum):
    """Where a withdrawal stands, by BTC-e's status numbers."""

    CANCELLED = 0
    """Voided: the money went back."""
    WAITING = 1
    """Held on the account, not sent yet."""
    DONE = 2
    """Confirmed and settled."""
    UNCONFIRMED = 3
    """Broadcast, not confirmed yet."""


class Approval(IntEnum):
    """Whether an operator has to look at a withdrawal before its coins leave."""

    NOT_NEEDED = 0
    AWAITED = 1
    GIVEN = 2


class DepositState(IntEnum):
    """Where a deposit stands, by BTC-e's status numbers."""

    CANCELLED = 0
    """Its transaction can never confirm."""
    DONE = 2
    """Credited."""
    UNCONFIRMED = 3
    """Seen, not spendable yet."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """`amount` atoms left the account, `fee` of them for the venue, the rest for `address`. Times in µs, `txid` empty before broadcast."""

    transfer_id: int
    account: AccountId
    asset: AssetId
    amount: int
    fee: int
    address: str
    state: WithdrawalState
    txid: str
    requested: int
    changed: int
    approval: Approval = Approval.NOT_NEEDED


@dataclass(frozen=True, slots=True)
class Deposit:
    """`amount` atoms for the account. `transfer_id` is `deposit_id(asset code, txid, output)`. Times in µs."""

    transfer_id: int
    account: AccountId
    asset: AssetId
    amount: int
    address: str
    txid: str
    output: int
    state: DepositState
    seen: int
    changed: int


@dataclass(frozen=True, slots=True)
class AssetPolicy:
    """An asset's rules: confirmations that a deposit needs (and a withdrawal, to be settled), withdrawal fee and minimum in atoms.

    The fee is part of the amount that the user names, and goes to the fees account. Withdrawals above `approve_above` atoms wait until an
    operator approves them; None: nothing waits.
    """

    confirmations: int = 3
    fee: int = 0
    minimum: int = 1
    approve_above: int | None = None


@dataclass(frozen=True, slots=True)
class MovementRejected:
    """A step of `tick` that the core refused, for logs and metrics; it is tried again at the next tick."""

    transfer_id: int
    step: str
    code: int


def deposit_id(asset_code: str, txid: str, output: int) -> int:
    """The transfer id of a deposit's credit: the same output always gives the same id, so the ledger refuses a second credit."""
    return _derived(b"cambist-deposit", f"{asset_code}\0{txid}\0{output}".encode())


def settlement_id(withdrawal: int) -> int:
    """The transfer id that settles a withdrawal."""
    return _derived(b"cambist-settle", withdrawal.to_bytes(16, "big"))


def fee_id(withdrawal: int) -> int:
    """The transfer id that books a withdrawal's fee."""
    return _derived(b"cambist-wdfee", withdrawal.to_bytes(16, "big"))


def _derived(purpose: bytes, octets: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(octets, digest_size=16, person=purpose).digest(), "big") or 1
