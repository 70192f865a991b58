"""What a venue has for merchants."""

from dataclasses import dataclass

from .outbox import Outbox
from .service import MerchantService


@dataclass(frozen=True, slots=True)
class Merchants:
    """Orders and payments, and the notices about them."""

    service: MerchantService
    outbox: Outbox
