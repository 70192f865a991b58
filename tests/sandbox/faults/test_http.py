"""Each fault between a request and its reply, in each dialect, as a client of raw bytes sees it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.sandbox.faults.raw_clients import APIS, CLOSED, DONE, RESET, WHOLE, Answer, Api, Sandbox

EACH_API = pytest.mark.parametrize("dialect", APIS)


def lost(answer: Answer) -> None:
    assert (answer.ended, answer.data) == (CLOSED, b"")


def reset_after_20(answer: Answer) -> None:
    assert (answer.ended, len(answer.data)) == (RESET, 20)
    assert answer.data.startswith((b"HTTP/1.1 200 OK", b"HTTP/1.1 201 Created"))


def reset_at_once(answer: Answer) -> None:
    assert (answer.ended, answer.data) == (RESET, b"")


def page(status: int) -> Callable[[Answer], None]:
    def is_page(answer: Answer) -> None:
        assert (answer.ended, answer.status) == (WHOLE, status)
        assert answer.fields["content-type"].startswith("text/html")
        assert answer.body.startswith(b"<html>")

    return is_page


def cut(answer: Answer) -> None:
    assert answer.ended == WHOLE
    assert answer.status in DONE
    assert len(answer.body) == int(answer.fields["content-length"]) == 7
    assert answer.body[:1] in b'[{"'


def cut_with_the_whole_s_length(answer: Answer) -> None:
    assert answer.ended == CLOSED
    assert answer.status in DONE
    assert len(answer.body) == 7 < int(answer.fields["content-length"])


def as_plain_text(answer: Answer) -> None:
    assert (answer.ended, answer.fields["content-type"]) == (WHOLE, "text/plain")
    assert answer.status in DONE
    assert answer.json is not None


@dataclass(frozen=True)
class Row:
    name: str
    plan: dict[str, Any]
    seen: Callable[[Answer], None]
    carried_out: bool


ROWS = [
    Row("the reply is lost", {"kind": "lose-reply"}, lost, True),
    Row("the request is lost", {"kind": "lose-request"}, lost, False),
    Row("a reset in the middle of the reply", {"kind": "reset", "after_bytes": 20}, reset_after_20, True),
    Row("a reset before", {"kind": "reset", "executed": False}, reset_at_once, False),
    *(Row(f"a {status} before", {"kind": "server-error", "status": status}, page(status), False) for status in (500, 502, 503, 504)),
    Row("a 502 though it was done", {"kind": "server-error", "status": 502, "executed": True}, page(502), True),
    Row("cut JSON with its length", {"kind": "truncate", "after_bytes": 7}, cut, True),
    Row("cut JSON with the whole's length", {"kind": "truncate", "after_bytes": 7, "length": "wrong"}, cut_with_the_whole_s_length, True),
    Row("another content type", {"kind": "content-type", "content_type": "text/plain"}, as_plain_text, True),
]


@EACH_API
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_an_order_meets_a_fault(sandbox: Sandbox, dialect: str, row: Row) -> None:
    api = APIS[dialect](sandbox)
    before = api.open_orders()
    fault = sandbox.arm(**row.plan, dialect=dialect, user="alice")
    row.seen(api.ask(api.order()))
    (firing,) = sandbox.fired(fault)
    assert firing.request.startswith("POST ")
    assert firing.account == sandbox.users["alice"]["account"]
    assert len(api.open_orders()) == len(before) + row.carried_out


@dataclass(frozen=True)
class Words:
    kind: str
    status: int
    contains: str
    fields: tuple[tuple[str, str], ...] = ()


WORDS = {
    "btce_wex": [
        Words("refuse", 200, '{"success":0,"error":"not available"}'),
        Words("rate-limit", 200, '{"success":0,"error":"Requests too often"}'),
        Words("ban", 403, "<h1>Access denied</h1>"),
        Words("maintenance", 200, '{"success":0,"error":"external service unavailable"}'),
        Words("nonce-rejected", 200, "invalid nonce parameter; on key:"),
    ],
    "btse": [
        Words("refuse", 503, '"errorCode":17'),
        Words("rate-limit", 429, '"errorCode":303,"message":"Rate limit exceeded"', (("retry-after", "30"),)),
        Words("ban", 451, '"errorCode":303'),
        Words("maintenance", 503, "under maintenance"),
        Words("nonce-rejected", 401, '"message":"Invalid nonce"'),
    ],
    "expie": [
        Words("refuse", 503, '{"error":{"code":3,"message":"service unavailable"}}'),
        Words("rate-limit", 429, '{"error":{"code":3,"message":"service unavailable"}}'),
        Words("ban", 403, '{"error":{"code":3,"message":"service unavailable"}}'),
        Words("maintenance", 503, '{"error":{"code":3,"message":"service unavailable"}}'),
    ],
    "mtgox": [
        Words("refuse", 200, '"token":"unknown_error"'),
        Words("rate-limit", 429, '"token":"unknown_error"'),
        Words("ban", 403, "<h1>Access denied</h1>"),
        Words("maintenance", 503, '"token":"maintenance"'),
        Words("nonce-rejected", 403, '"token":"login_error_invalid_nonce"'),
    ],
    "native": [
        Words("refuse", 503, '"code":"busy"'),
        Words("rate-limit", 429, '"code":"rate-limited"', (("retry-after", "30"),)),
        Words("ban", 403, '"code":"address-banned"'),
        Words("maintenance", 503, '"code":"unavailable"'),
        Words("nonce-rejected", 401, '"code":"request-repeated"'),
    ],
}


@pytest.mark.parametrize(("dialect", "words"), [(dialect, words) for dialect, rows in WORDS.items() for words in rows], ids=str)
def test_a_rejection_comes_in_the_dialect_s_own_words_and_nothing_is_done(sandbox: Sandbox, dialect: str, words: Words) -> None:
    api = APIS[dialect](sandbox)
    before = api.open_orders()
    waits = {"wait": 30} if words.kind in ("rate-limit", "ban") else {}
    fault = sandbox.arm(words.kind, dialect=dialect, count=1, **waits)
    answer = api.ask(api.order())
    assert (answer.ended, answer.status) == (WHOLE, words.status)
    assert words.contains in answer.body.decode()
    assert {name: answer.fields[name] for name, _ in words.fields} == dict(words.fields)
    assert len(sandbox.fired(fault)) == 1
    assert api.open_orders() == before


def test_a_token_without_a_nonce_meets_no_rejected_nonce(sandbox: Sandbox) -> None:
    fault = sandbox.arm("nonce-rejected", dialect="expie", transport="http")
    api = APIS["expie"](sandbox)
    assert api.ask(api.balance()).status == 200
    assert sandbox.fired(fault) == []


def test_the_next_nonce_that_a_rejection_names_is_taken(sandbox: Sandbox) -> None:
    api = APIS["btce_wex"](sandbox)
    sandbox.arm("nonce-rejected", dialect="btce_wex")
    ask = api.balance()
    sent = ask.body.decode().partition("nonce=")[2]
    assert f"on key:{sent}, you sent:'{sent}', you should send:{int(sent) + 1}" in api.ask(ask).json["error"]
    assert api.ask(api.balance()).json["success"] == 1


@EACH_API
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_delay_lasts_as_long_on_the_sandbox_s_clock(sandbox: Sandbox, dialect: str, when: str) -> None:
    api, onlooker = APIS[dialect](sandbox), APIS["expie"](sandbox)  # whose tokens use no nonces up
    orders = len(onlooker.open_orders())
    order = api.order()
    fault = sandbox.arm("delay", dialect=dialect, method="POST", contains="0.1", **{when: 2.5})
    exchange = sandbox.send(order)
    sandbox.wait_until_fired(fault)
    sandbox.advance(2.4)
    assert exchange.silent
    assert len(onlooker.open_orders()) == orders + (when == "after")
    sandbox.advance(0.2)
    answer = exchange.answer()
    assert answer.ended == WHOLE
    assert answer.status in DONE
    assert len(onlooker.open_orders()) == orders + 1


@EACH_API
def test_a_public_read_meets_a_fault_too(sandbox: Sandbox, dialect: str) -> None:
    api: Api = APIS[dialect](sandbox)
    sandbox.arm("server-error", dialect=dialect, path=api.public().path.partition("?")[0])
    page(503)(api.ask(api.public()))
    assert api.ask(api.public()).status == 200
