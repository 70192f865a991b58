"""A Model Context Protocol server over standard input and output: each operation of the control API is a tool.

One JSON-RPC 2.0 message stands on each line. Tools are called one after the other, on the sandbox that runs when they are called.
"""

import base64
from collections.abc import Callable
from typing import Any, BinaryIO

import msgspec

from cambist import __version__
from cambist.app.errors import OperatorError
from cambist.sandbox.control.catalogue import BY_NAME, OPERATIONS
from cambist.sandbox.control.openapi import taken_schema
from cambist.sandbox.control.operations import JSON, AnyOperation
from cambist.sandbox.control_client.calls import Calls, ControlError, is_text

VERSIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
"""Of the protocol, the newest first: what of it this server has is the same in all."""
LONGEST = 16 << 20
"""Bytes of one message."""
INSTRUCTIONS = (
    "Operations on a running Cambist sandbox, an exchange for tests with play money. Start one with `cambist sandbox` first. "
    "Amounts and prices are decimal texts."
)
PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602


class Rejected(Exception):
    """A request that is answered with a JSON-RPC error."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


class McpServer:
    """`url` gives the address of the sandbox, once for each call of a tool; it raises OperatorError."""

    def __init__(self, url: Callable[[], str]) -> None:
        self._url = url
        self._methods: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "initialize": self._initialize,
            "ping": lambda _parameters: {},
            "tools/list": lambda _parameters: {"tools": [tool(operation) for operation in OPERATIONS]},
            "tools/call": self._call,
        }

    def serve(self, reader: BinaryIO, writer: BinaryIO) -> None:
        """Answers until the input ends."""
        while line := reader.readline(LONGEST):
            if not line.strip():
                continue
            answer = self.answer(line)
            if answer is not None:
                writer.write(msgspec.json.encode(answer) + b"\n")
                writer.flush()

    def answer(self, line: bytes) -> dict[str, Any] | None:
        """The reply to one message; None to a notification and to a response."""
        try:
            message = msgspec.json.decode(line)
        except msgspec.DecodeError as error:
            return _error(None, PARSE_ERROR, f"this is no JSON: {error}")
        except RecursionError:
            return _error(None, PARSE_ERROR, "this is nested too deeply")
        if isinstance(message, dict) and "method" not in message and ("result" in message or "error" in message):
            return None  # a response, though this server asks nothing: the protocol gives responses no reply
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0" or not isinstance(message.get("method"), str):
            return _error(None, INVALID_REQUEST, "this is no JSON-RPC 2.0 request")
        number, parameters = message.get("id"), message.get("params", {})
        if number is None:
            return None
        try:
            if not isinstance(parameters, dict):
                raise Rejected(INVALID_PARAMS, "params is no object")
            if message["method"] not in self._methods:
                raise Rejected(METHOD_NOT_FOUND, f"there is no method {message['method']}")
            return {"jsonrpc": "2.0", "id": number, "result": self._methods[message["method"]](parameters)}
        except Rejected as rejected:
            return _error(number, rejected.code, str(rejected))

    def _initialize(self, parameters: dict[str, Any]) -> dict[str, Any]:
        wanted = parameters.get("protocolVersion")
        return {
            "protocolVersion": wanted if wanted in VERSIONS else VERSIONS[0],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "cambist-sandbox", "version": __version__},
            "instructions": INSTRUCTIONS,
        }

    def _call(self, parameters: dict[str, Any]) -> dict[str, Any]:
        operation = BY_NAME.get(str(parameters.get("name")))
        if operation is None:
            raise Rejected(INVALID_PARAMS, f"there is no tool {parameters.get('name')}")
        try:
            taken = msgspec.convert(parameters.get("arguments") or {}, operation.takes)
            return _result(operation, Calls(self._url()).call(operation, taken))
        except (msgspec.ValidationError, ControlError, OperatorError) as error:  # for the caller to read and to mend
            return {"content": [{"type": "text", "text": str(error)}], "isError": True}


def tool(operation: AnyOperation) -> dict[str, Any]:
    """How an operation is offered."""
    return {
        "name": operation.name,
        "description": operation.summary,
        "inputSchema": taken_schema(operation),
        "annotations": {"readOnlyHint": operation.method == "GET", "openWorldHint": False},
    }


def _result(operation: AnyOperation, given: Any) -> dict[str, Any]:
    if operation.media == JSON:
        value = msgspec.to_builtins(given)
        structured = {"structuredContent": value} if isinstance(value, dict) else {}
        return {"content": [{"type": "text", "text": msgspec.json.encode(value).decode()}], **structured}
    if is_text(operation.media):
        return {"content": [{"type": "text", "text": given.decode("utf-8", "replace")}]}
    blob = {"uri": f"cambist:{operation.path}", "mimeType": operation.media, "blob": base64.b64encode(given).decode()}
    return {"content": [{"type": "resource", "resource": blob}]}


def _error(number: Any, code: int, words: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": words}}
