"""One-time codes over the API: once the owner has switched them on, money leaves only with the next code."""

import asyncio
from typing import Any
from urllib.parse import urlencode

import pyotp
import pytest

from cambist.directory.guesses import FIRST_PAUSE, FREE
from cambist.directory.hotp import LOOK_AHEAD
from cambist.directory.login import STRANGERS_FREE
from tests.dialects.mtgox.floor import AGENT, Floor, Trader

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


async def test_wrong_guesses_end_in_a_pause_whoever_asks(floor: Floor, alice: Trader, codes: pyotp.HOTP) -> None:
    other = floor.keyed(alice.user)
    for _ in range(FREE):
        assert await send(floor, alice, 403, code="000000") == "code_invalid"
    good = codes.at(1)
    assert await send(floor, other, 403, code=good) == "code_pause"
    assert await send(floor, other, 403) == "code_required"
    made = await floor.returned(
        floor.trader("shop"), "generic/merchant/order/create",
        currency="BTC", amount="1", return_success="https://a.example/", return_failure="https://a.example/",
    )  # fmt: skip
    login = urlencode({"user": "alice", "password": "a password", "code": good}).encode()
    page = f"/payment/{made['transaction']}/pay"
    assert (await floor.send("POST", page, login, AGENT)).status == 429
    floor.clock.now += FIRST_PAUSE
    assert (await floor.send("POST", page, login, AGENT)).status == 303
    assert await send(floor, alice, code=codes.at(2)) == ["trx"]


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


async def logged_in(floor: Floor, shop: Trader, name: str, password: str, client: str) -> int:
    """The status of an attempt to pay."""
    made = await floor.returned(shop, "generic/merchant/order/create", **PAYMENT)
    body = urlencode({"user": name, "password": password}).encode()
    return (await floor.send("POST", f"/payment/{made['transaction']}/pay", body, AGENT, client=client)).status


async def test_strangers_cannot_shut_the_owner_of_a_name_out(floor: Floor, alice: Trader) -> None:
    shop = floor.trader("shop")
    assert await logged_in(floor, shop, "alice", "a password", "203.0.113.7") == 303, "alice has been here before"
    for number in range(STRANGERS_FREE // FREE):
        client = f"192.0.2.{number}"
        assert [await logged_in(floor, shop, "Alice", "wrong", client) for _ in range(FREE)] == [403] * FREE
    assert await logged_in(floor, shop, "alice", "a password", "192.0.2.1") == 429
    assert await logged_in(floor, shop, "alice", "a password", "198.51.100.1") == 429, "the strangers' budget is used up"
    assert await logged_in(floor, shop, "alice", "a password", "203.0.113.7") == 303


async def test_a_whole_ipv6_network_has_one_budget(floor: Floor, alice: Trader) -> None:
    shop = floor.trader("shop")
    sent = [await logged_in(floor, shop, "alice", "wrong", f"2001:db8::{number}") for number in range(1, FREE + 2)]
    assert sent == [403] * FREE + [429]
    assert await logged_in(floor, shop, "alice", "a password", "2001:db8:0:1::1") == 303
