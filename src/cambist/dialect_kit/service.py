"""What a dialect gives to the venue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cambist.dialect_kit.identity import Identity
from cambist.dialect_kit.messages import Request
from cambist.dialect_kit.reply_reading import ReplyReader
from cambist.dialect_kit.routes import PathErrors, Route
from cambist.dialect_kit.situations import Wording
from cambist.dialect_kit.sockets import SocketRoute

if TYPE_CHECKING:
    from cambist.dialect_kit.order_rendering import RenderOrder
    from cambist.merchant import WebhookSigner


@dataclass(frozen=True, slots=True)
class DialectService:
    """A dialect's name, its HTTP routes, its WebSocket routes, and below which paths it words
    the gateway's own errors."""

    name: str
    routes: tuple[Route, ...]
    sockets: tuple[SocketRoute, ...] = ()
    path_errors: tuple[PathErrors, ...] = ()
    webhook_signer: WebhookSigner | None = None
    """Of a dialect whose users are told of payments; the composition root gives it to the outbox."""
    identify: Callable[[Request], Identity | None] | None = None
    """Who a request says that it comes from, for whoever watches requests; None for a public one and a key that nobody has."""
    wording: Wording | None = None
    """What it says instead of an answer, for whoever does not let a request through."""
    reply_reader: ReplyReader | None = None
    """Reads its replies back, for whoever watches what clients are told."""
    render_order: RenderOrder = field(kw_only=True)
    """Words any order as this dialect does."""
