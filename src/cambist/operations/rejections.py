"""Why an operation was not done, as a value: a stable code, a kind that every entrance maps to its own form, a sentence."""

from enum import StrEnum

import msgspec

from cambist.directory import DirectoryRejection
from cambist.domain.reject_reasons import RejectReason
from cambist.wallet import WalletRejection


class Kind(StrEnum):
    """What an entrance makes of a rejection: an exit code, or a status of HTTP."""

    MALFORMED = "malformed"
    """The request cannot be read: 400, exit code 2."""
    NOT_FOUND = "not-found"
    """What it names does not exist: 404, exit code 1."""
    CONFLICT = "conflict"
    """What is there already does not allow it: 409, exit code 1."""
    REFUSED = "refused"
    """It can be read, and a rule says no: 422, exit code 1."""
    UNAVAILABLE = "unavailable"
    """Not now; the same request may work later: 503, exit code 1."""


class Rejected(msgspec.Struct, frozen=True):
    """`code` is for programs and never changes its meaning; `text` is for people."""

    code: str
    kind: Kind
    text: str


_DIRECTORY_KINDS = {
    DirectoryRejection.NAME_TAKEN: Kind.CONFLICT,
    DirectoryRejection.ACCOUNT_TAKEN: Kind.CONFLICT,
    DirectoryRejection.USER_ERASED: Kind.CONFLICT,
    DirectoryRejection.USER_FROZEN: Kind.CONFLICT,
    DirectoryRejection.KEY_REVOKED: Kind.CONFLICT,
    DirectoryRejection.TOTP_ACTIVE: Kind.CONFLICT,
    DirectoryRejection.HOTP_ACTIVE: Kind.CONFLICT,
}


def of_directory(rejection: DirectoryRejection, more: str = "") -> Rejected:
    """The directory's no. `more`: what the sentence goes on with."""
    return Rejected(rejection.value, _DIRECTORY_KINDS.get(rejection, Kind.REFUSED), rejection.words + more)


def of_wallet(rejection: WalletRejection) -> Rejected:
    """The wallet's no."""
    conflicts = (WalletRejection.NOT_CANCELLABLE, WalletRejection.NOT_AWAITED)
    kind = Kind.UNAVAILABLE if rejection == WalletRejection.UNAVAILABLE else Kind.CONFLICT if rejection in conflicts else Kind.REFUSED
    return Rejected(rejection.value, kind, rejection.words)


def of_core(code: int, what: str) -> Rejected:
    """The core's no, to `what` ("btc_usd", "1.5 BTC")."""
    name = RejectReason(code).name
    kind = Kind.UNAVAILABLE if code == RejectReason.JOURNAL_FULL else Kind.REFUSED
    return Rejected(f"core-{name.lower().replace('_', '-')}", kind, f"{what}: the core refuses it: {name.lower().replace('_', ' ')}")


def not_found(noun: str, name: object, hint: str = "") -> Rejected:
    """`noun` is one of: user, account, key, order, market, asset, group, withdrawal, approval, dialect, operation."""
    return Rejected(f"{noun}-unknown", Kind.NOT_FOUND, f"there is no {noun} {name}{hint}")
