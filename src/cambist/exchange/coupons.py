"""Coupons: money in circulation that belongs to whoever knows a code.

Only the hash of a code is kept. Creating moves the money to the account COUPONS under a transfer id that follows from the hash,
redeeming moves it on under another one; the ledger takes each transfer id once and for ever, so a coupon is redeemed at most
once whatever races, retries or crashes there are. Which coupons exist is a view over those transfers and their memos:
`{"coupon": <hash>, "receiver": <account, only when it is meant for one>}`.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol

from cambist import _core
from cambist.domain.meta import Meta
from cambist.domain.orders import RejectReason, TransferKind
from cambist.exchange.commands import Commands
from cambist.exchange.view import View

ANYBODY = 0
"""Receiver of a coupon that everybody may redeem. (Account 0 is the world: it never redeems.)"""


class CouponRejection(IntEnum):
    """Why a coupon is not redeemed, before the core is asked."""

    UNKNOWN = 1
    NOT_RECEIVER = 2


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon that was created: `hash` of its code (hex), `amount` in atoms, `receiver` an account or ANYBODY."""

    hash: str
    asset: int
    amount: int
    receiver: int


class TransferRecord(Protocol):
    """What history keeps of a transfer, as far as coupons need it."""

    @property
    def kind(self) -> int: ...
    @property
    def asset(self) -> int: ...
    @property
    def amount(self) -> int: ...
    @property
    def memo(self) -> Mapping[str, Any]: ...


class TransferRecords(Protocol):
    """Where transfers are looked up: history's reads."""

    def reached(self, seq: int) -> Awaitable[None]: ...
    def transfer(self, transfer_id: int) -> Awaitable[TransferRecord | None]: ...


def code_hash(code: str) -> str:
    """Hash (hex) of a code as people type it: case, dashes and blanks do not count."""
    canonical = "".join(character for character in code.upper() if character.isalnum())
    return hashlib.blake2b(canonical.encode(), digest_size=32, person=b"cambist coupon").hexdigest()


def transfer_id(step: str, code_hash_hex: str) -> int:
    """The id of a coupon's transfer; `step` is `create` or `redeem`."""
    return int.from_bytes(hashlib.blake2b(bytes.fromhex(code_hash_hex), digest_size=16, person=f"coupon {step}".encode()).digest(), "big")


class Coupons:
    """Creates, finds and redeems coupons. `entropy(label, length)` is where codes come from; each dialect gives them its own form."""

    def __init__(self, commands: Commands, view: View, entropy: Callable[[str, int], bytes]) -> None:
        self._commands = commands
        self._view = view
        self._entropy = entropy

    def draw(self, length: int) -> bytes:
        """Bytes for a new code. The label names the place in the journal, so a seeded source never gives the same bytes twice."""
        return self._entropy(f"coupon/{self._view.seq}", length)

    async def create(self, account: int, asset: int, amount: int, code: str, *, receiver: int = ANYBODY, meta: Meta) -> _core.Outcome:
        """Moves `amount` atoms into circulation under `code`. The key and nonce of `meta` are kept, its memo is the coupon's.

        Outcome as of a transfer: INSUFFICIENT_FUNDS, TRANSFER_AMOUNT_INVALID; TRANSFER_ID_USED when the code was used before.
        """
        digest = code_hash(code)
        memo: dict[str, Any] = {"coupon": digest}
        if receiver != ANYBODY:
            memo["receiver"] = receiver
        return await self._step("create", digest, account, _core.COUPONS, asset, amount, TransferKind.COUPON_CREATE, memo, meta)

    async def find(self, code: str, records: TransferRecords) -> Coupon | None:
        """The coupon of a code, redeemed or not; None when there never was one."""
        digest = code_hash(code)
        created = transfer_id("create", digest)
        if not self._view.transfer_used(created):
            return None
        await records.reached(self._view.seq)
        record = await records.transfer(created)
        if record is None or record.kind != TransferKind.COUPON_CREATE:
            return None
        return Coupon(digest, record.asset, record.amount, int(record.memo.get("receiver", ANYBODY)))

    async def redeem(self, account: int, coupon: Coupon, *, meta: Callable[[], Meta]) -> _core.Outcome | CouponRejection:
        """Moves the coupon's money to `account`; `meta` is called only when the core is asked.

        NOT_RECEIVER when it is meant for someone else, UNKNOWN when it is not in circulation.
        Outcome as of a transfer: TRANSFER_ID_USED when it was redeemed before.
        """
        if coupon.receiver not in (ANYBODY, account):
            return CouponRejection.NOT_RECEIVER
        if not self._view.transfer_used(transfer_id("create", coupon.hash)):
            return CouponRejection.UNKNOWN
        memo = {"coupon": coupon.hash}
        outcome = await self._step(
            "redeem", coupon.hash, _core.COUPONS, account, coupon.asset, coupon.amount, TransferKind.COUPON_REDEEM, memo, meta()
        )
        # What circulates was paid in: if this fails the books are wrong, and nothing that follows can be trusted.
        assert outcome.code != RejectReason.INSUFFICIENT_FUNDS, f"account COUPONS does not cover coupon {coupon.hash}"
        return outcome

    async def _step(
        self,
        step: str,
        digest: str,
        source: int,
        destination: int,
        asset: int,
        amount: int,
        kind: TransferKind,
        memo: dict[str, Any],
        meta: Meta,
    ) -> _core.Outcome:
        whole = Meta(key_id=meta.key_id, nonce=meta.nonce, tag=meta.tag, memo=memo)
        moved = await self._commands.transfer(transfer_id(step, digest), source, destination, asset, kind, amount, meta=whole)
        return moved.outcome
