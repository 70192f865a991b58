"""One-time codes over the API: once the owner has switched them on, money leaves only with the next code."""

import asyncio
from typing import Any
from urllib.parse import urlencode

import pyotp
import pytest

from cambist.directory.hotp import LOOK_AHEAD
from cambist.directory.login import ADMISSION_INTERVAL, CODE, KNOWN, NETWORK, STRANGERS
from tests.dialects.mtgox.floor import AGENT, Floor, Trader
from tests.support.waiting import until

SEND: dict[str, object] = {"address": "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "amount_int": 10**8}


@pytest.fixture
async def codes(floor: Floor, alice: Trader) -> pyotp.HOTP:
    """Alice's key, switched on as by the payment page: code 0 is used."""
    key = await floor.returned(alice, "generic/hotp_gen")
    codes = pyotp.HOTP(key["key"])
    assert floor.directory.hotp.verify(alice.user, codes.at(0))
    return codes


async def send(floor: Floor, trader: Trader, status: int = 200, **fields: object) -> Any:
    answer = await floor.call(trader, "generic/bitcoin/send_simple", status, **{**SEND, **fields})
    return answer.get("token") or list(answer["return"])


async def test_a_withdrawal_needs_the_next_code_and_uses_it_up(floor: Floor, alice: Trader, bob: Trader, codes: pyotp.HOTP) -> None:
    assert await send(floor, bob) == ["trx"], "who has no codes needs none"
    before = len(floor.nonces(alice))
    assert await send(floor, alice, 403) == "code_required"
    assert await send(floor, alice, 403, code="000000") == "code_invalid"
    assert await send(floor, alice, 403, code=codes.at(0)) == "code_invalid"
    assert floor.available(alice, "BTC") == "100"
    assert await send(floor, alice, code=f" {codes.at(1)} ") == ["trx"]
    assert await send(floor, alice, 403, code=codes.at(1)) == "code_invalid"
    assert await send(floor, alice, code=codes.at(4)) == ["trx"]
    assert await send(floor, alice, 403, code=codes.at(3)) == "code_invalid"
    assert floor.available(alice, "BTC") == "98"
    assert len(floor.nonces(alice)) == before + 7


async def test_codes_too_far_ahead_are_not_looked_for(floor: Floor, alice: Trader, codes: pyotp.HOTP) -> None:
    assert await send(floor, alice, 403, code=codes.at(1 + LOOK_AHEAD + 1)) == "code_invalid"
    assert await send(floor, alice, code=codes.at(1 + LOOK_AHEAD)) == ["trx"]


async def test_of_two_requests_with_one_code_one_sends(floor: Floor, alice: Trader, codes: pyotp.HOTP) -> None:
    bodies = [alice.form(**SEND, code=codes.at(1)) for _ in range(2)]
    path = "/api/1/generic/bitcoin/send_simple"
    replies = await asyncio.gather(*(floor.send("POST", path, body, alice.headers(body)) for body in bodies))
    assert sorted(reply.status for reply in replies) == [200, 403]
    assert floor.available(alice, "BTC") == "99"


async def test_what_is_refused_anyway_uses_no_code_up(floor: Floor, alice: Trader, codes: pyotp.HOTP) -> None:
    assert "amount_int" in await floor.error(alice, "generic/bitcoin/send_simple", **{**SEND, "amount_int": "x"}, code=codes.at(1))
    assert await send(floor, alice, code=codes.at(1)) == ["trx"]


async def test_wrong_guesses_end_in_a_pause_for_whoever_made_them(floor: Floor, alice: Trader, codes: pyotp.HOTP) -> None:
    other = floor.keyed(alice.user)
    for _ in range(CODE.at_once):
        assert await send(floor, alice, 403, code="000000") == "code_invalid"
    good = codes.at(1)
    assert await send(floor, alice, 403, code=good) == "code_pause"
    assert await send(floor, alice, 403) == "code_required"
    made = await floor.returned(
        floor.trader("shop"), "generic/merchant/order/create",
        currency="BTC", amount="1", return_success="https://a.example/", return_failure="https://a.example/",
    )  # fmt: skip
    login = urlencode({"user": "alice", "password": "a password", "code": good}).encode()
    page = f"/payment/{made['transaction']}/pay"
    assert (await floor.send("POST", page, login, AGENT)).status == 303, "another key's guesses pause nobody here"
    assert await send(floor, other, code=codes.at(2)) == ["trx"]
    floor.clock.now += CODE.each
    assert await send(floor, alice, code=codes.at(3)) == ["trx"]


async def test_wrong_codes_behind_a_right_password_end_in_a_pause_at_the_page_too(floor: Floor, alice: Trader, codes: pyotp.HOTP) -> None:
    shop = floor.trader("shop")
    sent = [await logged_in(floor, shop, "alice", "a password", f"203.0.{number}.7", code="000000") for number in range(CODE.at_once + 1)]
    assert sent == [403] * CODE.at_once + [429], "wherever they come from"
    assert await logged_in(floor, shop, "alice", "a password", "203.0.99.7", code=codes.at(1)) == 429
    floor.clock.now += CODE.each
    assert await logged_in(floor, shop, "alice", "a password", "203.0.99.7", code=codes.at(1)) == 303


async def test_paying_somebodys_order_needs_one_too(floor: Floor, alice: Trader, codes: pyotp.HOTP) -> None:
    made = await floor.returned(
        floor.trader("shop"), "generic/merchant/order/create",
        currency="BTC", amount="1", return_success="https://a.example/", return_failure="https://a.example/",
    )  # fmt: skip
    pay = "generic/merchant/order/pay"
    assert await floor.error(alice, pay, 403, transaction=made["transaction"]) == "A one-time code is required"
    paid = await floor.returned(alice, pay, transaction=made["transaction"], code=codes.at(1))
    assert paid["status"] == "paid"


async def test_v0_withdraws_with_a_code(floor: Floor, alice: Trader, codes: pyotp.HOTP) -> None:
    fields = {"group1": "BTC", "btca": SEND["address"], "amount": "1"}
    body = alice.form(**fields)
    assert await floor.json("POST", "/api/0/withdraw.php", body, alice.headers(body), 403) == {"error": "A one-time code is required"}
    body = alice.form(**fields, code=codes.at(1))
    done = await floor.json("POST", "/api/0/withdraw.php", body, alice.headers(body))
    assert list(done) == ["status", "reference"]


async def test_an_api_key_alone_cannot_switch_codes_on(floor: Floor, alice: Trader) -> None:
    key = await floor.returned(alice, "generic/hotp_gen")
    assert await send(floor, alice, code=pyotp.HOTP(key["key"]).at(0)) == ["trx"]
    assert not floor.directory.hotp.active(alice.user)


PAYMENT = {"currency": "BTC", "amount": "1", "return_success": "https://a.example/", "return_failure": "https://a.example/"}


async def logged_in(floor: Floor, shop: Trader, name: str, password: str, client: str, *, code: str = "", cookie: str = "") -> int:
    """The status of an attempt to pay."""
    made = await floor.returned(shop, "generic/merchant/order/create", **PAYMENT)
    body = urlencode({"user": name, "password": password, "code": code}).encode()
    headers = {**AGENT, b"cookie": cookie.encode()} if cookie else AGENT
    return (await floor.send("POST", f"/payment/{made['transaction']}/pay", body, headers, client=client)).status


def cookie(floor: Floor) -> str:
    """What the last reply set, `name=value`; empty when it set nothing."""
    return dict(floor.last_reply.headers).get(b"set-cookie", b"").decode().partition(";")[0]


def waiting(floor: Floor) -> int:
    """How many tries wait."""
    return sum(len(queue.waiting) for queue in floor.services.logins._queues.values())


async def test_strangers_cannot_shut_the_owner_of_a_name_out(floor: Floor, alice: Trader) -> None:
    shop = floor.trader("shop")
    assert await logged_in(floor, shop, "alice", "a password", "203.0.113.7") == 303, "alice has been here before"
    shown = cookie(floor)
    for number in range(STRANGERS.at_once // NETWORK.at_once):
        client = f"192.0.2.{number}"
        assert [await logged_in(floor, shop, "Alice", "wrong", client) for _ in range(NETWORK.at_once)] == [403] * NETWORK.at_once
    assert await logged_in(floor, shop, "alice", "a password", "203.0.113.7") == 303
    assert await logged_in(floor, shop, "alice", "a password", "198.51.100.9", cookie=shown) == 303, "the same browser elsewhere"
    stranger = asyncio.ensure_future(logged_in(floor, shop, "alice", "wrong", "192.0.2.1"))
    await until(lambda: waiting(floor) == 1)
    floor.clock.now += 0
    assert await stranger == 403
    owner = asyncio.ensure_future(logged_in(floor, shop, "alice", "a password", "198.51.100.1"))
    await until(lambda: waiting(floor) == 1)
    floor.clock.now += ADMISSION_INTERVAL
    assert await owner == 303, "on a new network, by a new browser: after one interval"


async def test_the_cookie_names_a_browser_of_one_user_and_lets_nobody_in(floor: Floor, alice: Trader, bob: Trader) -> None:
    shop = floor.trader("shop")
    assert await logged_in(floor, shop, "alice", "wrong", "203.0.113.7") == 403
    assert cookie(floor) == ""
    assert await logged_in(floor, shop, "alice", "a password", "203.0.113.7") == 303
    attributes = dict(floor.last_reply.headers)[b"set-cookie"].decode()
    shown = cookie(floor)
    assert attributes == f"{shown}; Path=/payment/; Max-Age=7776000; HttpOnly; SameSite=Strict"
    assert await logged_in(floor, shop, "alice", "a password", "203.0.113.7", cookie=f"x=1; {shown}; y=2") == 303
    assert cookie(floor) == shown
    assert await logged_in(floor, shop, "alice", "wrong", "203.0.113.7", cookie=shown) == 403
    assert await logged_in(floor, shop, "bob", "a password", "203.0.113.7", cookie=shown) == 303
    assert cookie(floor).partition("=")[0] != shown.partition("=")[0], "several users of one browser have a cookie each"


async def test_a_stolen_cookie_is_good_for_few_guesses(floor: Floor, alice: Trader) -> None:
    shop = floor.trader("shop")
    assert await logged_in(floor, shop, "alice", "a password", "203.0.113.7") == 303
    shown = cookie(floor)
    for _ in range(KNOWN.at_once + NETWORK.at_once):
        assert await logged_in(floor, shop, "alice", "wrong", "198.51.100.9", cookie=shown) == 403
    assert floor.directory.guess_budgets.made(STRANGERS, "alice") == NETWORK.at_once


async def test_a_whole_ipv6_network_has_one_budget(floor: Floor, alice: Trader) -> None:
    shop = floor.trader("shop")
    sent = [await logged_in(floor, shop, "alice", "wrong", f"2001:db8::{number}") for number in range(1, NETWORK.at_once + 1)]
    assert sent == [403] * NETWORK.at_once
    waits = asyncio.ensure_future(logged_in(floor, shop, "alice", "wrong", "2001:db8::ffff"))
    await until(lambda: waiting(floor) == 1)
    assert await logged_in(floor, shop, "alice", "a password", "2001:db8:0:1::1") == 303
    floor.clock.now += ADMISSION_INTERVAL
    assert await waits == 403
