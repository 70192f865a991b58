"""The AsyncAPI document of the stream, made from the types that parse and render its messages."""

from __future__ import annotations

from typing import Any

import msgspec

from cambist.api_types import stream
from cambist.api_types.values import schema_components
from cambist.dialects.native.stream.session import PATH

REFERENCE = "#/components/schemas/{name}"
EXAMPLES: tuple[msgspec.Struct, ...] = (
    stream.Ping(id="1"),
    stream.Subscribe(id="2", topics=["book:btc_usd:50", "trades:btc_usd", "candles:btc_usd:3600", "ticker:btc_usd"]),
    stream.Unsubscribe(id="3", topics=["ticker:btc_usd"]),
)
"""Messages that a client may send as they are; a test sends them."""


def document() -> dict[str, Any]:
    """AsyncAPI 3.0: one channel, what clients send, and what they receive."""
    kinds = [*stream.CLIENT_MESSAGES, *stream.SERVER_MESSAGES]
    schemas, components = schema_components(kinds, REFERENCE)
    messages = {kind.__name__: _message(kind, schema) for kind, schema in zip(kinds, schemas, strict=True)}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Cambist stream", "version": "1", "description": "JSON messages over one WebSocket."},
        "channels": {"stream": {"address": PATH, "messages": {name: _at("components/messages", name) for name in messages}}},
        "operations": {
            "say": _operation("receive", stream.CLIENT_MESSAGES),
            "hear": _operation("send", stream.SERVER_MESSAGES),
        },
        "components": {"schemas": components, "messages": messages},
    }


def encoded() -> bytes:
    return msgspec.json.encode(document())


def _message(kind: Any, schema: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {"summary": " ".join((kind.__doc__ or "").split()), "payload": schema}
    examples = [{"payload": msgspec.to_builtins(example)} for example in EXAMPLES if isinstance(example, kind)]
    return {**said, "examples": examples} if examples else said


def _operation(action: str, kinds: tuple[Any, ...]) -> dict[str, Any]:
    """From the server's point of view: it receives what clients say."""
    return {
        "action": action,
        "channel": {"$ref": "#/channels/stream"},
        "messages": [_at("channels/stream/messages", kind.__name__) for kind in kinds],
    }


def _at(place: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/{place}/{name}"}
