"""What a house has for shops."""

from dataclasses import dataclass

from .desk import MerchantDesk
from .outbox import Outbox


@dataclass(frozen=True, slots=True)
class Shops:
    """Orders and payments, and the notices about them."""

    desk: MerchantDesk
    outbox: Outbox
