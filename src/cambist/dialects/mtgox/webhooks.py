"""Notices (IPN) as webhooks: forms, signed with the key of whoever asked for them, as a v1 request is.

The same bytes at every attempt: everything in them follows from journaled facts. Nothing is sent any more once that key is revoked, since
nothing can be signed.
"""

import uuid
from urllib.parse import urlencode

from cambist.dialects.mtgox.auth import DIALECT, sign
from cambist.dialects.mtgox.call import MethodGroup
from cambist.dialects.mtgox.merchant_orders import transaction
from cambist.dialects.mtgox.trades import moment
from cambist.merchant import Answered, Arrival, MerchantOrder, Notice, NoticeStatus, Webhook

Fields = dict[str, str]
FORM = ("Content-Type", "application/x-www-form-urlencoded")


def _acknowledged(answer: Answered) -> bool:
    """Shops say that they have it by this very text."""
    return answer.status == 200 and answer.body.strip() == b"[OK]"


class WebhookSigner(MethodGroup):
    """Makes webhooks of the venue's notices."""

    def signed(self, notice: Notice) -> Webhook | None:
        """A notice, ready to be sent; None when it cannot be sent any more."""
        merchants = self.context.merchants
        if notice.status in (NoticeStatus.SEEN, NoticeStatus.ARRIVED):
            arrival = merchants.arrival(notice.subject)
            return self._signed(arrival.label.key, arrival.label.notify, self._arrived(arrival, notice)) if arrival is not None else None
        order = merchants.order(notice.subject)
        return self._signed(order.key, order.texts.notify, self._ordered(order, notice)) if order is not None else None

    def _signed(self, text: str, url: str, fields: Fields) -> Webhook | None:
        # Of a frozen user too: whom the money is for must hear of it, whatever their keys may do just now.
        key = self.services.directory.stored_key(text)
        if key is None or key.revoked is not None or key.dialect != DIALECT:
            return None
        body = urlencode(fields).encode()
        return Webhook(url, body, [FORM, ("Rest-Key", key.key), ("Rest-Sign", sign(key, body))], _acknowledged)

    def _ordered(self, order: MerchantOrder, notice: Notice) -> Fields:
        """What happened to a payment order."""
        currency = self.instruments.of_asset(order.asset)
        fields: Fields = {
            "id": transaction(order),
            "payment_id": str(uuid.UUID(notice.payment)),
            "status": notice.status.value,
        }
        if notice.status == NoticeStatus.PAID:
            fields |= {
                "amount": str(currency.units(notice.valid)),
                "currency": currency.code,
                "method": "MTGOXBTC" if currency.virtual else f"MTGOX{currency.code}",
                "date": moment(notice.time),
            }
        elif notice.status == NoticeStatus.PARTIAL:
            fields |= {
                "amount_pending": str(currency.units(notice.pending)),
                "amount_valid": str(currency.units(notice.valid)),
                "amount_total": str(currency.units(order.amount)),
                "currency": currency.code,
            }
        elif notice.pending or notice.valid:
            # Coins came to an order that has ended: they are credited, and it stays as it is.
            fields |= {
                "amount_pending": str(currency.units(notice.pending)),
                "amount_valid": str(currency.units(notice.valid)),
                "amount_total": str(currency.units(order.amount)),
                "currency": currency.code,
            }
        if order.texts.data:
            fields["data"] = order.texts.data
        fields["aonce"] = str(notice.time)
        return fields

    def _arrived(self, arrival: Arrival, notice: Notice) -> Fields:
        """Coins that were seen, or credited; `payment_id` names them for ever, whatever else the same transaction pays."""
        currency, credited = self.instruments.of_asset(arrival.asset), notice.status == NoticeStatus.ARRIVED
        return {
            "txid": arrival.txid,
            "blockid": arrival.block if credited else "",
            "address": arrival.address,
            "description": arrival.label.text,
            "amount_int": str(currency.units(arrival.amount)),
            "currency": currency.code,
            "item": currency.code,
            "status": "confirmed" if credited else "published",
            "payment_id": str(uuid.UUID(arrival.id)),
            "date": moment(notice.time),
            "aonce": str(notice.time),
        }
