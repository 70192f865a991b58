"""Notices of merchant orders as webhooks: JSON, signed with a secret that each order has.

The secret follows from the venue's master key and the order, so nothing is stored, and no API key need live for it. The bytes are the same
at every attempt: everything in them follows from journaled facts.
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
TIMESTAMP, SIGNATURE = "cambist-timestamp", "cambist-signature"
WORDS = frozenset(typing.get_args(NoticeWord))


def secret_of(context: DialectContext, order: MerchantOrder) -> str | None:
    """What the notices of an order are signed with; None when nobody is told, or another API signs."""
    if not order.texts.notify or not _asked_for_here(context, order):
        return None
    return context.services.directory.derived_secret(f"merchant-order/{order.id}")


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
        return Webhook(order.texts.notify, body, headers, _acknowledged)


def _acknowledged(answer: Answered) -> bool:
    return 200 <= answer.status < 300
