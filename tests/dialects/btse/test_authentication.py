"""Keys, signatures, nonces, rights, rates: who may ask for what, and that a refused request changes nothing at all."""

import json
from array import array

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cambist.dialects.btse import NonceRule, Settings
from cambist.dialects.btse.auth import signed
from cambist.directory.values import ApiKey
from cambist.domain.units import AccountId
from tests.dialects.btse.floor import V2, V3, Floor, Trader, error_of, signed_headers

SECRET = "848db84ac252b6726e5f6e7a711d9c96d9fd77d020151b45839a5b59c37203bx"
ORDER_BODY = (
    b'{"postOnly":false,"price":8500.0,"side":"BUY","size":0.002,"stopPrice":0.0,"symbol":"BTC-USD","time_in_force":"GTC",'
    b'"trailValue":0.0,"triggerPrice":0.0,"txType":"LIMIT","type":"LIMIT"}'
)
UNAUTHORIZED = (401, -7)


@pytest.mark.parametrize(
    ("path", "nonce", "body", "expected"),
    [
        (
            "/api/v3.2/user/wallet", b"1624984297330", b"",
            b"14b986706a4368221e0af14a6725377161805e7a57d568220478cb3590ce532d4fad4ac68e6c02a14afced6a0619bfd3",
        ),
        (
            "/ws/spot", b"1624985375123", b"",
            b"c410d38c681579adb335885800cff24c66171b7cc8376cfe43da1408c581748156b89bcc5a115bb496413bda481139fb",
        ),
        (
            "/api/v3.2/order", b"1624985375123", ORDER_BODY,
            b"e9cd0babdf497b536d1e48bc9cf1fadad3426b36406b5747d77ae4e3cdc9ab556863f2d0cf78e0228c39a064ad43afb7",
        ),
    ],
)  # fmt: skip
def test_the_published_vectors(path: str, nonce: bytes, body: bytes, expected: bytes) -> None:
    key = ApiKey(1, 1, AccountId(1), "btse", "k", SECRET, frozenset(), (), 0)
    assert signed(key, expected, path, nonce, body)
    assert not signed(key, expected.upper(), path, nonce, body)
    assert not signed(key, expected, path, nonce + b"0", body)


@pytest.mark.parametrize("family", ["btse", "request"])
@pytest.mark.parametrize(
    ("path", "signed"),
    [
        ("/spot/v2/account", "/spot/v2/account"),
        ("/spot/v2/account", "/v2/account"),
        ("/v2/account", "/v2/account"),
        ("/v2/account", "/spot/v2/account"),
        ("/spot/api/v3.1/user/wallet", "/api/v3.1/user/wallet"),
        ("/spot/api/v3.2/user/wallet", "/api/v3.2/user/wallet"),
        ("/spot/api/v3.2/user/wallet", "/spot/api/v3.2/user/wallet"),
    ],
)
async def test_either_family_and_either_spelling_of_the_path(floor: Floor, alice: Trader, family: str, path: str, signed: str) -> None:
    headers = signed_headers(alice.key.key, alice.key.secret, signed, floor.now_ms, family=family)
    assert (await floor.send("GET", path, headers=headers)).status == 200


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({b"request-api": b""}, "api parameter is mandatory"),
        ({b"request-nonce": b""}, "nonce parameter is mandatory"),
        ({b"request-sign": b""}, "sign parameter is mandatory"),
        ({b"request-api": b"nobody"}, "Authenticate failed"),
        ({b"request-api": b"\xff\xfe"}, "Authenticate failed"),
        ({b"request-sign": b"0" * 96}, "Signature verification failed"),
        ({b"request-sign": b"\xff"}, "Signature verification failed"),
    ],
)
async def test_bad_credentials_are_401(floor: Floor, alice: Trader, change: dict[bytes, bytes], message: str) -> None:
    for path in (f"{V2}/account", f"{V3}/user/wallet"):
        headers = signed_headers(alice.key.key, alice.key.secret, path, floor.now_ms) | change
        assert error_of(path, await floor.send("GET", path, headers=headers)) == (*UNAUTHORIZED, message)


async def test_a_key_of_another_api_is_no_key(floor: Floor, alice: Trader) -> None:
    from cambist.directory import ApiKey, KeyForm

    other = floor.directory.mint_key(alice.user, KeyForm("other", lambda entropy: (entropy("k", 9).hex(), "secret")), ())
    assert isinstance(other, ApiKey)
    headers = signed_headers(other.key, "secret", f"{V2}/account", floor.now_ms)
    assert error_of(V2, await floor.send("GET", f"{V2}/account", headers=headers))[:2] == UNAUTHORIZED


async def test_every_changed_byte_of_path_nonce_and_body_is_refused(floor: Floor, alice: Trader) -> None:
    nonce = str(floor.now_ms)
    headers = signed_headers(alice.key.key, alice.key.secret, "/api/v3.2/order", nonce, ORDER_BODY)
    floor.sequencer.drain()
    before = floor.engine.state_hash()
    for position in range(len(ORDER_BODY)):
        altered = ORDER_BODY[:position] + bytes([ORDER_BODY[position] ^ 1]) + ORDER_BODY[position + 1 :]
        assert (await floor.send("POST", f"{V3}/order", altered, headers)).status == 401
    for position in range(len(nonce)):
        altered_nonce = nonce[:position] + chr(ord(nonce[position]) ^ 1) + nonce[position + 1 :]
        changed = headers | {b"request-nonce": altered_nonce.encode()}
        assert (await floor.send("POST", f"{V3}/order", ORDER_BODY, changed)).status == 401
    signed = "/api/v3.2/order"
    for position in range(len(signed)):
        altered_path = signed[:position] + chr(ord(signed[position]) ^ 1) + signed[position + 1 :]
        changed = signed_headers(alice.key.key, alice.key.secret, altered_path, nonce, ORDER_BODY)
        assert (await floor.send("POST", f"{V3}/order", ORDER_BODY, changed)).status == 401
    assert floor.engine.state_hash() == before
    assert (await floor.send("POST", f"{V3}/order", ORDER_BODY, headers)).status == 200


async def test_a_query_is_not_signed(floor: Floor, alice: Trader) -> None:
    path = f"{V3}/user/open_orders"
    headers = signed_headers(alice.key.key, alice.key.secret, path, floor.now_ms)
    assert (await floor.send("GET", path, headers=headers, query=b"symbol=BTC-USD")).status == 200
    with_query = signed_headers(alice.key.key, alice.key.secret, path + "?symbol=BTC-USD", floor.now_ms)
    reply = await floor.send("GET", path, headers=with_query, query=b"symbol=BTC-USD")
    assert error_of(path, reply) == (401, -7, "Signature verification failed")


async def test_what_a_post_means_stands_in_its_body_only(floor: Floor, alice: Trader) -> None:
    body = b'{"symbol":"BTC-USD"}'
    headers = signed_headers(alice.key.key, alice.key.secret, f"{V2}/order", floor.now_ms, body)
    reply = await floor.send("POST", f"{V2}/order", body, headers, b"side=BUY&type=LIMIT&price=1&amount=1")
    assert reply.status == 400
    assert not floor.engine.open_orders(alice.account)


async def test_a_body_on_get_is_signed_and_read(floor: Floor, alice: Trader) -> None:
    await floor.order(alice, side="BUY", price="1", size="1")
    await floor.order(alice, symbol="LTC-USD", side="BUY", price="1", size="1")
    body = b'{"symbol":"BTC-USD"}'
    headers = signed_headers(alice.key.key, alice.key.secret, f"{V2}/pending", floor.now_ms, body, "btse")
    reply = await floor.send("GET", f"{V2}/pending", body, headers)
    assert [row["symbol"] for row in json.loads(reply.body)] == ["BTC-USD"]
    assert (await floor.send("GET", f"{V2}/pending", b'{"symbol":"LTC-USD"}', headers)).status == 401


async def test_keys_without_the_right_are_403_and_use_nothing_up(floor: Floor, alice: Trader) -> None:
    reader = floor.keyed(alice.user, frozenset({"read"}))
    trader = floor.keyed(alice.user, frozenset({"trading"}))
    before = floor.engine.seq
    assert await floor.error(reader, "POST", f"{V2}/order") == (403, -7, "The API key has no trading permission")
    assert await floor.error(reader, "GET", f"{V3}/user/open_orders") == (403, -7, "The API key has no trading permission")
    assert await floor.error(trader, "GET", f"{V2}/account") == (403, -7, "The API key has no read permission")
    assert floor.engine.seq == before
    assert (await floor.reply(reader, "GET", f"{V2}/account")).status == 200


async def test_an_address_that_is_not_on_the_list_is_403(floor: Floor, alice: Trader) -> None:
    bound = floor.keyed(alice.user, ip_allow=("198.51.100.0/24",))
    assert (await floor.error(bound, "GET", f"{V2}/account"))[0] == 403


# --- nonces ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("offset", "status"), [(-60_001, 401), (-60_000, 200), (0, 200), (60_000, 200), (60_001, 401)])
async def test_the_window(floor: Floor, alice: Trader, offset: int, status: int) -> None:
    headers = signed_headers(alice.key.key, alice.key.secret, f"{V2}/account", floor.now_ms + offset)
    assert (await floor.send("GET", f"{V2}/account", headers=headers)).status == status


@pytest.mark.parametrize("settings", [Settings(nonce_window_seconds=5)])
@pytest.mark.parametrize(("offset", "status"), [(-5_001, 401), (5_000, 200)])
async def test_a_narrower_window(floor: Floor, alice: Trader, settings: Settings, offset: int, status: int) -> None:
    headers = signed_headers(alice.key.key, alice.key.secret, f"{V2}/account", floor.now_ms + offset)
    assert (await floor.send("GET", f"{V2}/account", headers=headers)).status == status


def test_a_wider_window_than_the_journal_can_answer_for_is_refused() -> None:
    (complaint,) = Settings(nonce_window_seconds=61).complaints()
    assert "between 1 and 60" in complaint


@pytest.mark.parametrize("nonce", ["", "x", "-1", "1.5", "١٢٣", "9" * 40, "0"])
async def test_odd_nonces(floor: Floor, alice: Trader, nonce: str) -> None:
    headers = signed_headers(alice.key.key, alice.key.secret, f"{V2}/account", nonce)
    assert (await floor.send("GET", f"{V2}/account", headers=headers)).status == 401


async def place(floor: Floor, trader: Trader, nonce: int, size: str = "1") -> int:
    body = json.dumps({"symbol": "BTC-USD", "side": "BUY", "type": "LIMIT", "price": "1", "size": size}).encode()
    headers = signed_headers(trader.key.key, trader.key.secret, f"{V3}/order", nonce, body)
    return (await floor.send("POST", f"{V3}/order", body, headers)).status


async def test_the_same_request_again_changes_nothing(floor: Floor, alice: Trader) -> None:
    nonce = floor.now_ms
    assert await place(floor, alice, nonce) == 200
    before = floor.engine.state_hash()
    assert [await place(floor, alice, nonce) for _ in range(3)] == [401] * 3
    assert floor.engine.state_hash() == before
    assert error_of(V3, floor.last_reply) == (401, -1, "Invalid nonce")


async def test_different_requests_may_share_a_millisecond(floor: Floor, alice: Trader) -> None:
    nonce = floor.now_ms
    assert [await place(floor, alice, nonce, size) for size in ("1", "2", "3")] == [200] * 3


async def test_cancels_that_differ_in_their_query_alone_may_share_a_millisecond(floor: Floor, alice: Trader) -> None:
    ids = [(await floor.order(alice, side="BUY", price="1", size="1"))["orderID"] for _ in range(3)]
    headers = signed_headers(alice.key.key, alice.key.secret, f"{V3}/order", floor.now_ms)

    async def cancel(uuid: str) -> str:
        reply = await floor.send("DELETE", f"{V3}/order", b"", headers, f"symbol=BTC-USD&orderID={uuid}".encode())
        body = json.loads(reply.body)
        return str(body[0]["status"] if reply.status == 200 else body["message"])

    assert [await cancel(uuid) for uuid in ids] == ["6", "6", "6"]
    assert [await cancel(uuid) for uuid in ids] == ["Invalid nonce"] * 3
    body = b'{"symbol":"BTC-USD","side":"BUY","type":"LIMIT","price":"1","size":"1"}'
    headers = signed_headers(alice.key.key, alice.key.secret, f"{V3}/order", floor.now_ms, body)
    # What is not read tells no requests apart.
    assert [(await floor.send("POST", f"{V3}/order", body, headers, query)).status for query in (b"price=1", b"price=2")] == [200, 401]


async def test_a_read_uses_nothing_up(floor: Floor, alice: Trader) -> None:
    before = floor.engine.seq
    headers = signed_headers(alice.key.key, alice.key.secret, f"{V2}/account", floor.now_ms)
    assert [(await floor.send("GET", f"{V2}/account", headers=headers)).status for _ in range(3)] == [200] * 3
    assert floor.engine.seq == before


@pytest.mark.parametrize("settings", [Settings(nonce_rule=NonceRule.NONCE)])
async def test_with_the_stricter_rule_a_nonce_is_used_once(floor: Floor, alice: Trader, settings: Settings) -> None:
    nonce = floor.now_ms
    assert await place(floor, alice, nonce, "1") == 200
    assert await place(floor, alice, nonce, "2") == 401
    headers = signed_headers(alice.key.key, alice.key.secret, f"{V2}/account", nonce + 1)
    assert [(await floor.send("GET", f"{V2}/account", headers=headers)).status for _ in range(2)] == [200, 401]
    assert floor.nonces(alice) == [-nonce, -(nonce + 1)]


async def test_every_used_nonce_is_journaled_exactly_once(floor: Floor, alice: Trader) -> None:
    await floor.order(alice, side="BUY", price="1", size="1")
    await floor.error(alice, "POST", f"{V3}/order", symbol="BTC-USD", side="BUY")
    await floor.call(alice, "DELETE", f"{V3}/order", symbol="BTC-USD")
    await floor.call(alice, "DELETE", f"{V3}/order", symbol="BTC-USD")
    await floor.call(alice, "POST", f"{V3}/order/cancelAllAfter", timeout=0)
    nonces = floor.nonces(alice)
    assert len(nonces) == len(set(nonces)) == 5
    assert all(nonce < 0 for nonce in nonces)


async def test_a_used_request_stays_used_after_a_crash(floor: Floor, alice: Trader) -> None:
    nonce = floor.now_ms
    assert await place(floor, alice, nonce) == 200
    floor.sequencer.drain()
    noted = floor.nonces(alice)[0]
    # A directory that lost what it had not written gets it back from the journal.
    floor.directory.nonces._memory.once_only.forget(alice.key.id, array("q", [noted]).tobytes())
    floor.directory.nonces.apply(alice.key.id, noted, floor.engine.seq, floor.clock.now)
    assert await place(floor, alice, nonce) == 401


# --- rates ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [Settings(rate_limits="exact")])
async def test_the_published_limits_and_their_blocks(floor: Floor, alice: Trader, settings: Settings) -> None:
    async def ask() -> tuple[int, bytes]:
        reply = await floor.reply(alice, "GET", f"{V2}/account")
        return reply.status, dict(reply.headers).get(b"retry-after", b"")

    for wait in (1, 300, 900, 900):
        assert [await ask() for _ in range(15)] == [(200, b"")] * 15
        before = floor.engine.seq
        assert await ask() == (429, b"%d" % wait)
        assert floor.engine.seq == before
        floor.clock.now += wait * 1_000_000
    assert error_of(V2, floor.last_reply) == (429, 303, "Rate limit exceeded")
    floor.clock.now += 3_600_000_000
    assert [await ask() for _ in range(16)][-1] == (429, b"1")


@pytest.mark.parametrize("settings", [Settings(rate_limits="exact")])
async def test_a_users_keys_share_his_budget_and_orders_have_their_own(floor: Floor, alice: Trader, settings: Settings) -> None:
    keys = [alice, floor.keyed(alice.user), floor.keyed(alice.user)]
    statuses = [(await floor.reply(key, "GET", f"{V2}/account")).status for key in keys for _ in range(11)]
    assert statuses == [200] * 30 + [429] * 3
    orders = [(await floor.reply(alice, "DELETE", f"{V3}/order", {"symbol": "BTC-USD"})).status for _ in range(76)]
    assert orders == [200] * 75 + [429]


async def test_a_sandbox_has_no_limits(floor: Floor, alice: Trader) -> None:
    assert {(await floor.reply(alice, "GET", f"{V2}/account")).status for _ in range(200)} == {200}


HEADER_NAMES = [b"request-api", b"request-nonce", b"request-sign", b"btse-api", b"btse-nonce", b"btse-sign"]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(HEADER_NAMES), st.binary(max_size=100)), st.binary(max_size=50))
async def test_headers_by_chance_open_nothing(floor: Floor, headers: dict[bytes, bytes], body: bytes) -> None:
    for method, path in (("POST", f"{V2}/order"), ("GET", f"{V3}/user/wallet")):
        assert error_of(path, await floor.send(method, path, body, headers))[0] == 401
