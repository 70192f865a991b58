"""Who is let in with a key: signatures, timestamps, addresses, scopes, and that nothing is done twice."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cambist.dialects.native.auth import ed25519_form
from cambist.dialects.native.scopes import KEY_SCOPES
from tests.dialects.native.floor import BASE, OTHER_FORM, Floor, Trader, problem_of, signed_headers, signed_message

ORDER = {"market": "btc_usd", "side": "buy", "type": "limit", "price": "900", "amount": "0.1"}
WINDOW = 30_000_000


async def test_a_signed_request_is_answered(floor: Floor, alice: Trader) -> None:
    balances = await floor.call(alice, "GET", "/balances")
    assert {row["asset"]: row["total"] for row in balances}["BTC"] == "100"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        (b"cambist-key", b"0" * 32, "key-unknown"),
        (b"cambist-key", b"", "key-unknown"),
        (b"cambist-signature", b"0" * 64, "signature-wrong"),
        (b"cambist-signature", b"", "signature-wrong"),
        (b"cambist-signature", "é".encode(), "signature-wrong"),
        (b"cambist-timestamp", b"1", "signature-wrong"),
    ],
)
async def test_a_wrong_field_lets_nobody_in(floor: Floor, alice: Trader, field: bytes, value: bytes, code: str) -> None:
    path = f"{BASE}/balances"
    headers = signed_headers(alice.key.key, alice.key.secret, floor.timestamp(), "GET", path, b"", b"")
    assert problem_of(await floor.send("GET", path, headers={**headers, field: value})) == (401, code)


async def test_what_is_signed_cannot_be_changed(floor: Floor, alice: Trader) -> None:
    path, body = f"{BASE}/orders", json.dumps(ORDER).encode()
    headers = signed_headers(alice.key.key, alice.key.secret, floor.timestamp(), "POST", path, b"", body)
    before = floor.state()
    for method, where, query, sent in (
        ("POST", f"{BASE}/orders/cancel", b"", body),
        ("DELETE", path, b"", body),
        ("POST", path, b"x=1", body),
        ("POST", path, b"", body.replace(b"900", b"990")),
    ):
        assert problem_of(await floor.send(method, where, sent, headers, query)) == (401, "signature-wrong")
    assert floor.state() == before


@pytest.mark.parametrize(
    ("off", "status"),
    [(0, 200), (WINDOW, 200), (-WINDOW, 200), (WINDOW + 1, 401), (-WINDOW - 1, 401)],
)
async def test_a_timestamp_counts_within_its_window(floor: Floor, alice: Trader, off: int, status: int) -> None:
    reply = await floor.reply(alice, "GET", "/balances", timestamp=floor.clock.now + off)
    assert reply.status == status
    if status != 200:
        assert problem_of(reply) == (401, "timestamp-wrong")


async def test_a_request_that_changes_something_is_taken_once(floor: Floor, alice: Trader) -> None:
    at = floor.timestamp()
    assert (await floor.reply(alice, "POST", "/orders", ORDER, timestamp=at)).status == 201
    before = floor.state()
    for _ in range(2):
        assert problem_of(await floor.reply(alice, "POST", "/orders", ORDER, timestamp=at)) == (401, "request-repeated")
    floor.restart_dialect()
    assert problem_of(await floor.reply(alice, "POST", "/orders", ORDER, timestamp=at)) == (401, "request-repeated")
    assert floor.state() == before
    assert (await floor.reply(alice, "POST", "/orders", ORDER, timestamp=at + 1)).status == 201


async def test_a_refused_change_uses_its_request_up_all_the_same(floor: Floor, alice: Trader) -> None:
    at = floor.timestamp()
    assert problem_of(await floor.reply(alice, "POST", "/orders", {}, timestamp=at)) == (400, "request-invalid")
    assert problem_of(await floor.reply(alice, "POST", "/orders", {}, timestamp=at)) == (401, "request-repeated")


async def test_a_read_may_be_asked_again(floor: Floor, alice: Trader) -> None:
    at = floor.timestamp()
    for _ in range(2):
        assert (await floor.reply(alice, "GET", "/balances", timestamp=at)).status == 200
    assert floor.nonces(alice) == []


async def test_an_address_that_is_not_allowed(floor: Floor) -> None:
    bound = floor.trader("carol", ip_allow=("198.51.100.0/24",))
    assert problem_of(await floor.reply(bound, "GET", "/balances", client="192.0.2.1")) == (403, "address-refused")
    assert (await floor.reply(bound, "GET", "/balances", client="198.51.100.7")).status == 200


async def test_a_key_of_another_api_is_unknown(floor: Floor, alice: Trader) -> None:
    foreign = Trader(alice.user, floor.key(alice.user, OTHER_FORM, frozenset({"info"})))
    assert problem_of(await floor.reply(foreign, "GET", "/balances")) == (401, "key-unknown")


async def test_ed25519_signs_with_a_key_that_the_server_never_has(floor: Floor, alice: Trader) -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = private.public_key().public_bytes_raw().hex()
    key = floor.key(alice.user, ed25519_form(public), KEY_SCOPES)
    path, at = f"{BASE}/balances", str(floor.timestamp()).encode()
    signature = private.sign(signed_message(at, "GET", path, b"", b"")).hex().encode()
    headers = {b"cambist-key": key.key.encode(), b"cambist-timestamp": at, b"cambist-signature": signature}
    assert (await floor.send("GET", path, headers=headers)).status == 200
    wrong = {**headers, b"cambist-signature": signature[:-2] + (b"00" if signature[-2:] != b"00" else b"01")}
    assert problem_of(await floor.send("GET", path, headers=wrong)) == (401, "signature-wrong")
    mac = signed_headers(key.key, key.secret, at.decode(), "GET", path, b"", b"")
    assert problem_of(await floor.send("GET", path, headers=mac)) == (401, "signature-wrong")


async def test_nobody_comes_in_without_saying_who_they_are(floor: Floor) -> None:
    reply = await floor.send("GET", f"{BASE}/balances")
    assert problem_of(reply) == (401, "unauthenticated")
    assert (b"www-authenticate", b"Cambist") in list(reply.headers)
