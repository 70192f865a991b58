"""What shops ask to be paid, coins that somebody waits for, and the notices that tell of both. Balances live in the core."""

from .destinations import Destination, DestinationPolicy, DestinationRejected, destination_of
from .merchants import Merchants
from .outbox import Outbox, Patience, Webhook, WebhookSigner
from .service import MerchantService
from .values import Arrival, Label, MerchantOrder, MerchantRejection, Notice, NoticeStatus, OrderTexts, Payment, PaymentState, Terms
from .view import MerchantFileError
from .webhook_client import Answered, Undelivered, WebhookClient

__all__ = [
    "Answered",
    "Arrival",
    "Destination",
    "DestinationPolicy",
    "DestinationRejected",
    "Label",
    "MerchantFileError",
    "MerchantOrder",
    "MerchantRejection",
    "MerchantService",
    "Merchants",
    "Notice",
    "NoticeStatus",
    "OrderTexts",
    "Outbox",
    "Patience",
    "Payment",
    "PaymentState",
    "Terms",
    "Undelivered",
    "Webhook",
    "WebhookClient",
    "WebhookSigner",
    "destination_of",
]
