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
from cambist.domain.reject_reasons import RejectReason
from cambist.domain.transfer_ids import keyed_transfer_id
from cambist.domain.transfers import TransferKind
from cambist.domain.units import AccountId, AssetId
from cambist.exchange.commands import Commands, Done
from cambist.exchange.view import Read, T, View

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
    asset: AssetId
    amount: int
    receiver: int


class TransferRecord(Protocol):
    """What history keeps of a transfer, as far as coupons need it."""

    @property
    def kind(self) -> int: ...
    @property
    def asset(self) -> AssetId: ...
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


def coupon_transfer(step: str, code_hash_hex: str) -> int:
    """The id of a coupon's transfer; `step` is `create` or `redeem`."""
    return keyed_transfer_id(f"coupon {step}", bytes.fromhex(code_hash_hex))


class Coupons:
    """Creates, finds and redeems coupons. `entropy(label, length)` is where codes come from; each dialect gives them its own form."""

    def __init__(self, commands: Commands, view: View, entropy: Callable[[str, int], bytes]) -> None:
        self._commands = commands
        self._view = view
        self._entropy = entropy

    def draw(self, key_id: int, nonce: int, length: int) -> bytes:
        """Bytes for the code that a request asks for. A key uses each nonce once, so a seeded source never gives the same bytes twice."""
        return self._entropy(f"coupon/{key_id}/{nonce}", length)

    async def create(
        self,
        account: AccountId,
        asset: AssetId,
        amount: int,
        code: str,
        *,
        receiver: int = ANYBODY,
        meta: Meta,
        read: Read[T] | None = None,
    ) -> Done[T]:
        """Moves `amount` atoms into circulation under `code`. The key and nonce of `meta` are kept, its memo is the coupon's.

        Outcome as of a transfer, `id` the creator's ledger entry: INSUFFICIENT_FUNDS, TRANSFER_AMOUNT_INVALID; TRANSFER_ID_USED when the
        code was used before.
        """
        digest = code_hash(code)
        memo: dict[str, Any] = {"coupon": digest}
        if receiver != ANYBODY:
            memo["receiver"] = receiver
        return await self._step("create", digest, account, _core.COUPONS, asset, amount, TransferKind.COUPON_CREATE, memo, meta, read)

    async def find(self, code: str, records: TransferRecords) -> Coupon | None:
        """The coupon of a code, redeemed or not; None when there never was one."""
        digest = code_hash(code)
        created = coupon_transfer("create", digest)
        if not self._view.transfer_used(created):
            return None
        await records.reached(self._view.seq)
        record = await records.transfer(created)
        if record is None or record.kind != TransferKind.COUPON_CREATE:
            return None
        return Coupon(digest, record.asset, record.amount, int(record.memo.get("receiver", ANYBODY)))

    async def redeem(self, account: AccountId, coupon: Coupon, *, meta: Meta, read: Read[T] | None = None) -> Done[T] | CouponRejection:
        """Moves the coupon's money to `account`.

        NOT_RECEIVER when it is meant for someone else, UNKNOWN when it is not in circulation: then the core was not asked.
        Outcome as of a transfer, the redeemer's ledger entry is its `destination_entry`: TRANSFER_ID_USED when it was redeemed before.
        """
        if coupon.receiver not in (ANYBODY, account):
            return CouponRejection.NOT_RECEIVER
        if not self._view.transfer_used(coupon_transfer("create", coupon.hash)):
            return CouponRejection.UNKNOWN
        memo = {"coupon": coupon.hash}
        done = await self._step(
            "redeem", coupon.hash, _core.COUPONS, account, coupon.asset, coupon.amount, TransferKind.COUPON_REDEEM, memo, meta, read
        )
        # What circulates was paid in: if this fails the books are wrong, and nothing that follows can be trusted.
        assert done.outcome.code != RejectReason.INSUFFICIENT_FUNDS, f"account COUPONS does not cover coupon {coupon.hash}"
        return done

    async def _step(
        self,
        step: str,
        digest: str,
        source: AccountId,
        destination: AccountId,
        asset: AssetId,
        amount: int,
        kind: TransferKind,
        memo: dict[str, Any],
        meta: Meta,
        read: Read[T] | None,
    ) -> Done[T]:
        whole = Meta(key_id=meta.key_id, nonce=meta.nonce, tag=meta.tag, memo=memo)
        return await self._commands.transfer(coupon_transfer(step, digest), source, destination, asset, kind, amount, meta=whole, read=read)
