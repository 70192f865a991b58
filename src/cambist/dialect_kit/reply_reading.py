"""Reading a dialect's replies back: what a client was told. For whoever watches requests, such as a sandbox's report; a venue has no need.

What is read stands in the reply's bytes, so it is what the client got, whatever the venue meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol, TypeVar

import msgspec

T = TypeVar("T")


class RejectionCode(StrEnum):
    """Why a dialect did not do what it was asked, however it words that."""

    NONCE = "nonce"
    AUTHENTICATION = "authentication"
    PERMISSION = "permission"
    RATE_LIMIT = "rate-limit"
    PRECISION = "precision"
    BELOW_MINIMUM = "below-minimum"
    ABOVE_MAXIMUM = "above-maximum"
    INSUFFICIENT_FUNDS = "insufficient-funds"
    ORDER_UNKNOWN = "order-unknown"
    INVALID_FIELD = "invalid-field"
    METHOD_UNKNOWN = "method-unknown"
    UNAVAILABLE = "unavailable"
    OTHER = "other"


class Answer(msgspec.Struct, frozen=True):
    """A request with its reply; `query` and `body` as sent, `reply` the content. Of a socket's message `path` is empty, `status` 200, and
    `body` empty where the message answers nothing that is known."""

    path: str
    query: bytes
    body: bytes
    status: int
    reply: bytes


class ClientRejection(msgspec.Struct, frozen=True):
    """A no, and the words that the client got."""

    code: RejectionCode
    words: str


class StatedBalance(msgspec.Struct, frozen=True):
    """A balance that a client was told: decimal texts, None for what was not said. `total` counts what open orders hold.

    `digits`: the API cuts what it shows after so many decimals.
    """

    asset: str
    digits: int
    available: str | None = None
    total: str | None = None


class ReplyReader(Protocol):
    """One dialect's."""

    def rejection(self, answer: Answer) -> ClientRejection | None:
        """Why the request was not done; None when it was, or when the reply is none of this API's."""

    def balances(self, answer: Answer) -> Sequence[StatedBalance]:
        """The balances in a reply or in a message of a socket; empty when it says nothing of them."""

    def order_text(self, order: int) -> str:
        """What this API calls the venue's order of that number."""

    def order_number(self, text: str) -> int | None:
        """The venue's number of what this API calls `text`; None for what is no order's name."""


def decoded(reply: bytes, kind: type[T]) -> T | None:
    """A reply that is JSON of that form; None for anything else, such as one that was cut off."""
    try:
        return msgspec.json.decode(reply, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
