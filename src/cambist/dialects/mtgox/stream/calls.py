"""`op: call`: a method over the stream, signed inside.

`call` is base64 of the key's 16 bytes, the 64 bytes of its HMAC-SHA512 over the rest, and the rest: JSON with `id`, `call`, `params`,
`item`, `currency`, and `nonce` or `tonce`.
"""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Awaitable
from typing import Any

import msgspec

from cambist.dialects.mtgox import replies
from cambist.dialects.mtgox.auth import Caller, signed_by
from cambist.dialects.mtgox.call import Call
from cambist.dialects.mtgox.methods import Methods
from cambist.dialects.mtgox.parse import lenient_base64
from cambist.dialects.mtgox.replies import Rejection, Result
from cambist.dialects.mtgox.rest_handler import Dispatcher
from cambist.dialects.mtgox.stream import messages

KEY_BYTES, SIGN_BYTES = 16, 64
INVALID_CALL = Rejection("Invalid call", "invalid_call")
_decode = msgspec.json.Decoder(dict[str, Any], float_hook=str).decode


class StreamCalls:
    """Runs them."""

    def __init__(self, dispatcher: Dispatcher, methods: Methods) -> None:
        self._dispatcher = dispatcher
        self._methods = methods

    def run(self, message: dict[str, Any], client: str) -> bytes | Awaitable[bytes]:
        """The message that answers a call; its id comes back as it came."""
        identifier = message.get("id")
        result = self._result(message, client)
        if inspect.isawaitable(result):
            return self._later(identifier, result)
        return _told(identifier, result)

    async def _later(self, identifier: object, result: Awaitable[Result]) -> bytes:
        return _told(identifier, await result)

    def _result(self, message: dict[str, Any], client: str) -> Result | Awaitable[Result]:
        text = message.get("call")
        sealed = lenient_base64_long(text) if isinstance(text, str) else None
        if sealed is None or len(sealed) <= KEY_BYTES + SIGN_BYTES:
            return INVALID_CALL
        key = self._dispatcher.authenticator.find(str(uuid.UUID(bytes=sealed[:KEY_BYTES])))
        if key is None:
            return replies.INVALID_KEY
        body = sealed[KEY_BYTES + SIGN_BYTES :]
        if not signed_by(key, body, sealed[KEY_BYTES : KEY_BYTES + SIGN_BYTES]):
            return replies.INVALID_SIGN
        try:
            asked = _decode(body)
        except msgspec.DecodeError:
            return INVALID_CALL
        fields = _fields(asked)
        caller = self._dispatcher.authenticator.burn(key, fields, client)
        if isinstance(caller, Rejection):
            return caller
        return self._run(asked, caller)

    def _run(self, asked: dict[str, Any], caller: Caller) -> Result | Awaitable[Result]:
        name = asked.get("call")
        first, _, rest = name.partition("/") if isinstance(name, str) else ("", "", "")
        own = first == "private"
        method = self._methods.find(rest if first in ("public", "private") else str(name), own=own)
        if method is None:
            self._dispatcher.settle(caller)
            return replies.NO_METHOD
        pair = self._dispatcher.context.listing.find(f"{asked.get('item') or 'BTC'}{asked.get('currency') or 'USD'}")
        return self._dispatcher.run(
            method, Call(caller.fields, pair, caller, self._dispatcher.context.merchants.public_url, admit=lambda: caller)
        )


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


def _told(identifier: object, result: Result) -> bytes:
    if isinstance(result, Rejection):
        return messages.remark(result.text, identifier, result.token)
    return messages.result(identifier, result)
