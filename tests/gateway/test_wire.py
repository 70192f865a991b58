"""Replies as bytes: whichever way they are put together, a client reads the same."""

import pytest

from cambist.dialect_kit.messages import FixedFields, Reply
from cambist.gateway.http import wire

FIELDS = ((b"cache-control", b"no-store"), (b"x-words", b"one, two"))
WAYS: dict[str, tuple[dict[str, bool], dict[str, object]]] = {
    "plain": ({}, {}),
    "head": ({"head": True}, {}),
    "last": ({"close": True}, {}),
    "chunked": ({}, {"chunked": True}),
    "parts": ({}, {"parts": (b"begins ",)}),
    "long": ({}, {"body": b"x" * (wire.JOINED + 1)}),
}


def rendered(reply: Reply, **how: bool) -> bytes:
    data = wire.render(reply, lines=b"date: now\r\n", **how)
    return data if isinstance(data, bytes) else b"".join(data)


@pytest.mark.parametrize("way", WAYS)
def test_fixed_fields_are_sent_as_any_others(way: str) -> None:
    how, form = WAYS[way]
    fixed = FixedFields(FIELDS)
    for _time in range(2):  # they are written when they are sent first
        sent = rendered(Reply(201, **{"body": b"body", **form}, headers=fixed), **how)  # type: ignore[arg-type]
        assert sent == rendered(Reply(201, **{"body": b"body", **form}, headers=FIELDS), **how)  # type: ignore[arg-type]
        assert b"\r\ncache-control: no-store\r\nx-words: one, two\r\ndate: now\r\n" in sent


def test_fixed_fields_that_are_no_fields_are_refused_every_time() -> None:
    fixed = FixedFields(((b"x", b"a\r\nset-cookie: b"),))
    for _time in range(2):
        with pytest.raises(wire.Unsendable):
            wire.render(Reply(headers=fixed))
