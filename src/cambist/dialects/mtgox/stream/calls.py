"""`op: call`: a method over the stream, signed inside.

`call` is base64 of the key's 16 bytes, the 64 bytes of its HMAC-SHA512 over the rest, and the rest: JSON with `id`, `call`, `params`,
`item`, `currency`, and `nonce` or `tonce`.
"""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

from cambist.dialect_kit.duplicate_fields import contradictory_member
from cambist.dialects.mtgox import replies
from cambist.dialects.mtgox.auth import signed_by
from cambist.dialects.mtgox.call import Call
from cambist.dialects.mtgox.dispatcher import Dispatcher
from cambist.dialects.mtgox.methods import Methods
from cambist.dialects.mtgox.parse import lenient_base64
from cambist.dialects.mtgox.replies import Rejection, Result
from cambist.dialects.mtgox.stream import messages

KEY_BYTES, SIGN_BYTES = 16, 64
MEMBERS = frozenset(("id", "op", "context", "call", "params", "item", "currency", "nonce", "tonce"))
"""What a call's JSON has; a method's fields stand in `params`."""
_decode = msgspec.json.Decoder(dict[str, Any], float_hook=str).decode


class StreamCalls:
    """Runs them."""

    def __init__(self, dispatcher: Dispatcher, methods: Methods) -> None:
        self._dispatcher = dispatcher
        self._methods = methods

    async def run(self, message: dict[str, Any], client: str) -> bytes:
        """The message that answers a call; its id comes back as it came."""
        return _answer(message.get("id"), await self._result(message, client))

    async def _result(self, message: dict[str, Any], client: str) -> Result:
        text = message.get("call")
        sealed = lenient_base64_long(text) if isinstance(text, str) else None
        if sealed is None or len(sealed) <= KEY_BYTES + SIGN_BYTES:
            return replies.INVALID_CALL
        authenticator = self._dispatcher.authenticator
        key = authenticator.find(str(uuid.UUID(bytes=sealed[:KEY_BYTES])))
        if key is None:
            return replies.INVALID_KEY
        body = sealed[KEY_BYTES + SIGN_BYTES :]
        if not signed_by(key, body, sealed[KEY_BYTES : KEY_BYTES + SIGN_BYTES]):
            return replies.INVALID_SIGN
        try:
            asked = _decode(body)
            if contradictory_member(body, asked) is not None:
                return replies.CONTRADICTION
        except (ValueError, RecursionError):  # a DecodeError, or a UnicodeDecodeError
            return replies.INVALID_CALL
        caller = authenticator.caller(key, _fields(asked), client)
        if isinstance(caller, Rejection):
            return caller
        name = asked.get("call")
        first, _, rest = name.partition("/") if isinstance(name, str) else ("", "", "")
        method = self._methods.find(rest if first in ("public", "private") else str(name), own=first == "private")
        context = self._dispatcher.context
        pair = context.instruments.find(f"{asked.get('item') or 'BTC'}{asked.get('currency') or 'USD'}")
        outside = tuple(member for member in asked if member not in MEMBERS)
        result = await self._dispatcher.run(method, Call(caller.fields, pair, caller, context.merchants.public_url, outside))
        return replies.INVALID_CALL if result is replies.NO_METHOD else result


def lenient_base64_long(text: str) -> bytes | None:
    """Base64 of a message's length."""
    return lenient_base64(text.encode("ascii", "replace"), 65_536)


def _fields(asked: dict[str, Any]) -> dict[str, str]:
    """The parameters as a form would have them, with the nonce or tonce beside them."""
    params = asked.get("params")
    fields = {name: _text(value) for name, value in params.items()} if isinstance(params, dict) else {}
    for name in ("nonce", "tonce"):
        fields.pop(name, None)
        if name in asked:
            fields[name] = _text(asked[name])
    return fields


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def _answer(identifier: object, result: Result) -> bytes:
    if isinstance(result, Rejection):
        return messages.remark(result, identifier)
    return messages.result(identifier, result)
