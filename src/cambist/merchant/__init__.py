"""What shops ask to be paid, coins that somebody waits for, and the notices that tell of both. Balances live in the core."""

from .courier import Answered, Courier, Undelivered
from .desk import MerchantDesk
from .destinations import Destination, DestinationRefused, destination_of
from .outbox import Letter, Outbox, Patience
from .shops import Shops
from .values import Arrival, Label, MerchantOrder, MerchantRefusal, Notice, NoticeStatus, OrderState, Payment, Terms, Words
from .view import MerchantFileError

__all__ = [
    "Answered",
    "Arrival",
    "Courier",
    "Destination",
    "DestinationRefused",
    "Label",
    "Letter",
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
    "Terms",
    "Undelivered",
    "Words",
    "destination_of",
]
