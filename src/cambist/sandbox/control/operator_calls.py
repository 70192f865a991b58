"""The operator's use cases, asked by the control API: what they reject is refused with the status that fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from cambist.operations.operation import OperatorCall
from cambist.operations.rejections import Kind, Rejected
from cambist.sandbox.control.operations import Refused

T = TypeVar("T")

Calls = Callable[[], OperatorCall]
"""A call on the venue as it is now: a sandbox that was reset has another one than before."""

_STATUS = {Kind.MALFORMED: 400, Kind.NOT_FOUND: 404, Kind.CONFLICT: 409, Kind.REFUSED: 422, Kind.UNAVAILABLE: 503}


def granted(result: T | Rejected) -> T:
    """What a use case gave. Refused, with its words, when it rejected."""
    if isinstance(result, Rejected):
        raise Refused(result.text, _STATUS[result.kind])
    return result
