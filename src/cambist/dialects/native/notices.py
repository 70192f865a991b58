"""Notices of merchant orders as webhooks: JSON, signed with a secret that each order has.

The secret follows from the venue's master key, the order and how often it was rotated, so nothing is stored, and no API key need live for
it. The body is the same at every attempt: everything in it follows from journaled facts.
"""

from __future__ import annotations

import hashlib
import hmac
import typing

import msgspec

from cambist.api_types.funds import MerchantNotice, NoticeWord
from cambist.dialects.native.context import DialectContext
from cambist.dialects.native.endpoint import DIALECT
from cambist.dialects.native.listings import atoms_text
from cambist.merchant import Answered, MerchantOrder, Notice, Webhook

JSON = ("Content-Type", "application/json")
TIMESTAMP, SIGNATURE, PREVIOUS_SIGNATURE = "cambist-timestamp", "cambist-signature", "cambist-signature-previous"
OVERLAP = 24 * 3_600_000_000
"""µs after a rotation in which the secret before it signs too."""
WORDS = frozenset(typing.get_args(NoticeWord))


def secret_of(context: DialectContext, order: MerchantOrder) -> str | None:
    """What the notices of an order are signed with; None when nobody is told, or another API signs."""
    if not order.texts.notify or not _asked_for_here(context, order):
        return None
    return _secret(context, order, order.rotations)


def previous_until(context: DialectContext, order: MerchantOrder) -> int | None:
    """Until when (µs) the secret before the order's present one signs its notices too; None when it does not, or no more."""
    until = order.rotated + OVERLAP
    return until if order.rotations and context.services.clock() < until else None


def _secret(context: DialectContext, order: MerchantOrder, rotations: int) -> str:
    number = f"/{rotations}" if rotations else ""
    return context.services.directory.derived_secret(f"merchant-order/{order.id}{number}")


def _asked_for_here(context: DialectContext, order: MerchantOrder) -> bool:
    """Whether an order was made by this API: after a login, without a key, or with one of its own keys."""
    if not order.key:
        return True
    key = context.services.directory.stored_key(order.key)
    return key is not None and key.dialect == DIALECT


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Hex."""
    return hmac.new(secret.encode(), timestamp.encode() + b"\n" + body, hashlib.sha256).hexdigest()


class NoticeSigner:
    """Makes webhooks of this API's notices."""

    def __init__(self, context: DialectContext) -> None:
        self._context = context

    def signed(self, notice: Notice) -> Webhook | None:
        """A notice, ready to be sent; None when it is none of this API's."""
        if notice.status not in WORDS:
            return None
        order = self._context.services.merchants.service.order(notice.subject)
        secret = secret_of(self._context, order) if order is not None else None
        if order is None or secret is None:
            return None
        asset = self._context.listings.asset_of(order.asset)
        body = msgspec.json.encode(
            MerchantNotice(
                id=f"{order.id}/{notice.number}",
                order=order.id,
                status=notice.status.value,  # type: ignore[arg-type]  # one of WORDS
                payment=notice.payment,
                asset=asset.code,
                amount=atoms_text(order.amount, asset),
                paid=atoms_text(notice.valid, asset),
                pending=atoms_text(notice.pending, asset),
                data=order.texts.data,
                time=notice.time,
            )
        )
        timestamp = str(notice.time)
        headers = [JSON, (TIMESTAMP, timestamp), (SIGNATURE, signature(secret, timestamp, body))]
        if previous_until(self._context, order) is not None:
            previous = _secret(self._context, order, order.rotations - 1)
            headers.append((PREVIOUS_SIGNATURE, signature(previous, timestamp, body)))
        return Webhook(order.texts.notify, body, headers, _acknowledged)


def _acknowledged(answer: Answered) -> bool:
    return 200 <= answer.status < 300
