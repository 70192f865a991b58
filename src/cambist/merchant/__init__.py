"""Merchant orders: what a shop asks to be paid, what was paid, and the notices that tell the shop. Balances live in the core."""

from .courier import Answered, Courier, Undelivered
from .desk import MerchantDesk
from .destinations import Destination, DestinationRefused, destination_of
from .outbox import Outbox, Patience
from .shops import Shops
from .values import MerchantOrder, MerchantRefusal, Notice, NoticeStatus, OrderState, Payment, Words
from .view import MerchantFileError

__all__ = [
    "Answered",
    "Courier",
    "Destination",
    "DestinationRefused",
    "MerchantDesk",
    "MerchantFileError",
    "MerchantOrder",
    "MerchantRefusal",
    "Notice",
    "NoticeStatus",
    "OrderState",
    "Outbox",
    "Patience",
    "Payment",
    "Shops",
    "Undelivered",
    "Words",
    "destination_of",
]
