"""What a dialect gives to the venue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cambist.dialect_kit.routes import Route
from cambist.dialect_kit.sockets import SocketRoute

if TYPE_CHECKING:
    from cambist.directory.values import KeyForm
    from cambist.merchant import WebhookSigner


@dataclass(frozen=True, slots=True)
class DialectService:
    """A dialect's name, its HTTP routes, the forms of the keys that are minted for it, and its WebSocket routes.

    `webhook_signer` of the one dialect whose users are told of payments; the composition root gives it to the outbox.
    """

    name: str
    routes: tuple[Route, ...]
    key_forms: tuple[KeyForm, ...]
    sockets: tuple[SocketRoute, ...] = ()
    webhook_signer: WebhookSigner | None = None
