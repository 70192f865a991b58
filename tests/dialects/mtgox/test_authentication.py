"""Keys, signatures, nonces and tonces: what is let in, what is refused, and that a rejection changes nothing."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cambist.dialects.mtgox import ids
from cambist.dialects.mtgox.parse import ordered_nonce
from tests.dialects.mtgox.floor import AGENT, NOON, SECOND, Floor, Trader

PATH = "/api/1/generic/private/info"


async def test_the_form_of_keys(alice: Trader) -> None:
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", alice.key.key)
    assert re.fullmatch(r"[A-Za-z0-9+/]{86}==", alice.key.secret)


async def test_without_a_key(floor: Floor) -> None:
    for method in ("GET", "POST"):
        answer = await floor.json(method, PATH, status=403)
        assert answer == {
            "result": "error",
            "error": "Identification required to access private API",
            "token": "login_error_missing_rest_key",
        }


async def test_unknown_keys(floor: Floor, alice: Trader) -> None:
    body = alice.form()
    for key in (b"a8f0c118-f963-430a-9150-02fc673afdda", b"x", b"\xff\xfe", b"A" * 5000):
        answer = await floor.json("POST", PATH, body, {**alice.headers(body), b"rest-key": key}, status=403)
        assert answer["token"] == "login_error_invalid_rest_key"
    floor.directory.revoke(alice.key)
    assert (await floor.json("POST", PATH, body, alice.headers(body), status=403))["token"] == "login_error_invalid_rest_key"


async def test_wrong_signatures_change_nothing(floor: Floor, alice: Trader) -> None:
    body = b"nonce=1795206296000000&oid=1"
    right = alice.sign(body)
    wrong = [
        b"",
        b"x",
        right[:-4],
        right.lower(),
        b"\xff" * 88,
        alice.sign(body + b" "),
        alice.sign(b"generic/private/info\0" + body),
        b"A" * 9000,
    ]
    for sign in wrong:
        answer = await floor.json("POST", PATH, body, {**alice.headers(body), b"rest-sign": sign}, status=403)
        assert answer["token"] == "login_error_invalid_rest_sign"
    for position in range(len(body)):
        altered = body[:position] + bytes([body[position] ^ 1]) + body[position + 1 :]
        answer = await floor.json("POST", PATH, altered, alice.headers(body), status=403)
        assert answer["token"] == "login_error_invalid_rest_sign"
    assert floor.directory.nonces.last(alice.key.id) == 0
    assert floor.nonces(alice) == []


async def test_signatures_may_be_folded_and_padded_carelessly(floor: Floor, alice: Trader) -> None:
    forms: list[Callable[[bytes], bytes]] = [
        lambda sign: sign[:76] + b" " + sign[76:] + b" ",
        lambda sign: sign.rstrip(b"="),
        lambda sign: b"\t" + sign + b"\t",
        lambda sign: sign[:76] + b"\n" + sign[76:],
    ]
    for form in forms:
        body = alice.form()
        headers = {**alice.headers(body), b"rest-sign": form(alice.sign(body))}
        assert (await floor.json("POST", PATH, body, headers))["result"] == "success"


async def test_a_replayed_request_is_refused(floor: Floor, alice: Trader) -> None:
    body = alice.form(type="bid", amount_int=100000000, price_int=1000000)
    path = "/api/1/BTCUSD/private/order/add"
    assert (await floor.json("POST", path, body, alice.headers(body)))["result"] == "success"
    before = floor.money()
    for again in (path, PATH, "/api/1/BTCEUR/order/add", "/api/0/buyBTC.php"):
        answer = await floor.json("POST", again, body, alice.headers(body), status=403)
        assert answer["error"] == "Invalid nonce"
    assert floor.money() == before
    assert len(floor.nonces(alice)) == 1


@pytest.mark.parametrize(
    ("sent", "again"),
    [
        # each client's own form: the next one is accepted, the same one and an older one are not
        (("1795206296920001", "1795206296920002"), "1795206296920000"),
        (("1795206296921", "1795206296922"), "1795206296920"),
        (("179520629692001", "179520629692002"), "179520629692000"),
        (("1795206296.92", "1795206296.93", "1795206297.0", "1795206298"), "1795206296.99"),
        (("1", "1.000001", "1.1", "2", "9", "10"), "9.999999"),
        (("99999999999", "99999999999.5", "100000000000", "100000000001"), "99999999999.9"),
        (("9200000000000000000", "9223372036854775806", "9223372036854775807"), "9223372036854775805"),
        (("4999999999999999999", "5000000000000000000", "5000000000000000002", "5199999999999999999", "5200000000000000000"), "5"),
    ],
)
async def test_nonces_of_every_form_are_compared_as_decimals(floor: Floor, alice: Trader, sent: tuple[str, ...], again: str) -> None:
    for nonce in sent:
        body = f"nonce={nonce}".encode()
        assert (await floor.json("POST", PATH, body, alice.headers(body)))["result"] == "success", nonce
        assert (await floor.json("POST", PATH, body, alice.headers(body), status=403))["token"] == "login_error_invalid_nonce"
    body = f"nonce={again}".encode()
    assert (await floor.json("POST", PATH, body, alice.headers(body), status=403))["error"] == "Invalid nonce"
    assert len(floor.nonces(alice)) == len(sent)


@pytest.mark.parametrize(
    "nonce",
    [
        "", "0", "0.0", "-5", "1e3", "0x20", "12a", "+13", "'", "٣٣", "9223372036854775808", "9" * 19, "9" * 50, "9" * 5000,
        "1e9999999999999999999", "1.2.3", "NaN", "Infinity",
    ],
)  # fmt: skip
async def test_what_is_no_nonce(floor: Floor, alice: Trader, nonce: str) -> None:
    for body in (f"nonce={quote(nonce)}".encode(), b"oid=1"):
        answer = await floor.json("POST", PATH, body, alice.headers(body), status=403)
        assert answer["token"] == "login_error_invalid_nonce"
    assert floor.nonces(alice) == []


NONCES = st.decimals(min_value=1, max_value=2**63 - 1, places=6)


@given(NONCES, NONCES)
@example(Decimal(99_999_999_999), Decimal(100_000_000_001))
@example(Decimal(4_999_999_999_999_999_999), Decimal(5_000_000_000_000_000_001))
@example(Decimal(5_199_999_800_000_000_000), Decimal(5_199_999_800_000_000_002))
@example(Decimal(5_199_999_999_999_999_999), Decimal(5_200_000_000_000_000_001))
def test_where_nonces_rise_what_is_kept_of_them_never_falls(one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    kept = [ordered_nonce(f"{nonce:f}") for nonce in (low, high)]
    assert kept[0] is not None
    assert kept[1] is not None
    assert 0 < kept[0] <= kept[1] < 2**63
    if high - low >= 2:
        assert kept[0] < kept[1]


async def test_tonces_are_used_once_in_any_order_within_ten_seconds(floor: Floor, alice: Trader) -> None:
    async def sent(tonce: int, status: int = 200) -> None:
        body = f"tonce={tonce}".encode()
        await floor.json("POST", PATH, body, alice.headers(body), status)

    await sent(NOON)
    await sent(NOON + 5)
    await sent(NOON - 10 * SECOND)
    await sent(NOON + 10 * SECOND)
    await sent(NOON + 1)
    await sent(NOON, 403)
    await sent(NOON + 10 * SECOND, 403)
    await sent(NOON - 10 * SECOND - 1, 403)
    await sent(NOON + 10 * SECOND + 1, 403)
    floor.clock.now += 20 * SECOND
    await sent(NOON + 10 * SECOND, 403)
    await sent(NOON, 403)
    assert floor.nonces(alice) == [-NOON, -NOON - 5, -NOON + 10 * SECOND, -NOON - 10 * SECOND, -NOON - 1]


async def test_the_query_is_not_signed_and_not_read(floor: Floor, alice: Trader) -> None:
    body = alice.form(type="bid", price_int=1000000)
    answer = await floor.json("POST", "/api/1/BTCUSD/order/add?amount_int=100000000", body, alice.headers(body))
    assert answer["error"].startswith('Invalid parameter "amount_int"')
    body = alice.form()
    reply = await floor.send("POST", "/api/1/generic/private/orders?raw", body, alice.headers(body))
    assert reply.body == b"[]"


async def test_an_address_that_the_key_does_not_allow(floor: Floor, alice: Trader) -> None:
    caged = floor.keyed(alice.user, ip_allow=("198.51.100.0/24",))
    body = caged.form()
    assert (await floor.send("POST", PATH, body, caged.headers(body), client="192.0.2.1")).status == 403
    assert (await floor.send("POST", PATH, body, caged.headers(body), client="198.51.100.9")).status == 200


# --- v2 ---------------------------------------------------------------------------------------------------------------------


def v2(trader: Trader, signed_path: str, body: bytes) -> dict[bytes, bytes]:
    return trader.headers(signed_path.encode() + b"\0" + body)


async def test_v2_signs_its_path(floor: Floor, alice: Trader) -> None:
    for path in ("money/info", "BTCUSD/money/info"):
        body = alice.form()
        answer = await floor.json("POST", f"/api/2/{path}", body, v2(alice, path, body))
        assert list(answer) == ["result", "data"]
        assert answer["data"]["Login"] == "alice"


async def test_a_signature_of_another_version_or_path_is_refused(floor: Floor, alice: Trader) -> None:
    body = alice.form()
    refused = [
        ("/api/2/money/info", body, alice.headers(body)),
        ("/api/2/money/info", body, v2(alice, "money/orders", body)),
        ("/api/2/money/info", body, v2(alice, "/money/info", body)),
        ("/api/2/money/info", body, v2(alice, "BTCUSD/money/info", body)),
        ("/api/2/BTCEUR/money/order/add", body, v2(alice, "BTCUSD/money/order/add", body)),
        (PATH, body, v2(alice, "generic/private/info", body)),
        ("/api/0/info.php", body, v2(alice, "money/info", body)),
    ]
    for path, sent, headers in refused:
        answer = await floor.json("POST", path, sent, headers, status=403)
        assert answer["error"] == "Invalid Rest-Sign", path
    assert floor.nonces(alice) == []


@pytest.mark.parametrize(
    "path",
    ["BTCUSD/money/ticker", "BTCUSD/money/ticker_fast", "BTCUSD/money/depth/fetch", "BTCUSD/money/depth/full", "BTCUSD/money/trades/fetch",
     "BTCUSD/money/trades?since=1", "money/order/lag", "money/currency?currency=USD", "money/stream/list_public?pretty"],
)  # fmt: skip
async def test_v2_wraps_the_public_methods(floor: Floor, path: str) -> None:
    answer = await floor.json("GET", f"/api/2/{path}")
    assert list(answer) == ["result", "data"]


async def test_v2_lists_the_channels(floor: Floor) -> None:
    channels = (await floor.json("GET", "/api/2/money/stream/list_public"))["data"]
    assert channels["trade"] == "dbf1dee9-4f2e-4a08-8cb7-748919a71b21"
    assert channels["depth.BTCGBP"] == "60c3af1b-5d40-4d0e-b9fc-ccab433d2e9c"
    assert len(set(channels.values())) == len(channels)


async def test_v2_orders(floor: Floor, alice: Trader) -> None:
    async def call(path: str, **fields: object) -> object:
        body = alice.form(**fields)
        return (await floor.json("POST", f"/api/2/{path}", body, v2(alice, path, body)))["data"]

    oid = await call("BTCUSD/money/order/add", type="bid", amount_int=100000000, price_int=1000000)
    orders = await call("BTCUSD/money/orders")
    assert isinstance(orders, list)
    assert [order["oid"] for order in orders] == [oid]
    assert (await call("money/order/cancel", oid=oid))["oid"] == oid  # type: ignore[index]
    info = await call("money/info")
    assert list(await call("money/bitcoin/get_address", account=info["Link"])) == ["addr"]  # type: ignore[index, call-overload]


# --- v0 ---------------------------------------------------------------------------------------------------------------------


async def v0(floor: Floor, trader: Trader, name: str, status: int = 200, **fields: object) -> dict[str, Any]:
    body = trader.form(**fields)
    answer = await floor.json("POST", f"/api/0/{name}.php", body, trader.headers(body), status)
    assert isinstance(answer, dict)
    return answer


async def test_v0_has_no_envelope(floor: Floor, alice: Trader, bob: Trader) -> None:
    assert await v0(floor, alice, "getFunds") == {"usds": 100000, "btcs": 100}
    placed = await v0(floor, alice, "buyBTC", amount="1.5", price="100.5", Currency="EUR")
    (order,) = placed["orders"]
    assert (order["type"], order["status"], order["amount"], order["price"], order["currency"]) == (2, 1, 1.5, 100.5, "EUR")
    await v0(floor, bob, "sellBTC", amount="0.5", price="100.5", Currency="EUR")
    assert (await v0(floor, alice, "getOrders"))["orders"][0]["amount"] == 1
    ticker = (await floor.json("GET", "/api/0/data/ticker.php?Currency=EUR"))["ticker"]
    assert (ticker["last"], ticker["buy"], ticker["vol"]) == (100.5, 100.5, 0.5)
    assert (await floor.json("GET", "/api/0/data/getDepth.php?Currency=EUR")) == {"asks": [], "bids": [[100.5, 1]]}
    assert len(await floor.json("GET", "/api/0/data/getTrades.php?Currency=EUR&since=0")) == 1
    assert await v0(floor, alice, "cancelOrder", oid=order["oid"], type=1) == {"usds": 100000, "btcs": 100.497, "orders": []}
    assert await v0(floor, alice, "cancelOrder", oid=order["oid"], type=2) == {"error": "Order not found"}
    assert (await v0(floor, alice, "info"))["Login"] == "alice"
    sent = await v0(floor, alice, "withdraw", group1="BTC", btca="1BoatSLRHtKNngkdXEeobR76b53LETtpyT", amount="1.25")
    assert list(sent) == ["status", "reference"]
    assert floor.available(alice, "BTC") == "99.247"
    assert (await floor.json("POST", "/api/0/getFunds.php", status=403)) == {"error": "Identification required to access private API"}


async def test_every_accepted_nonce_is_journaled_exactly_once(floor: Floor, alice: Trader) -> None:
    start = alice.nonce
    oid = await floor.order(alice, "bid", "10", "1")
    for path, fields in (
        ("generic/info", {}),
        ("generic/orders", {}),
        ("BTCUSD/order/add", {"type": "bid"}),
        ("BTCUSD/order/add", {"type": "bid", "amount_int": 10**14, "price_int": 10**6}),
        ("generic/order/cancel", {"oid": oid}),
        ("generic/order/cancel", {"oid": oid}),
        ("generic/order/cancel", {"oid": "x"}),
        ("generic/order/result", {"type": "bid", "order": oid}),
        ("generic/order/result", {}),
        ("generic/wallet/history", {"currency": "BTC"}),
        ("generic/bitcoin/address", {}),
        ("generic/bitcoin/send_simple", {"address": "x", "amount_int": 1}),
        ("generic/merchant/order/create", {}),
        ("generic/merchant/order/details", {}),
        ("generic/merchant/order/pay", {"transaction": "x"}),
    ):
        await floor.call(alice, path, **fields)
    sent = range(start + 1, alice.nonce + 1)
    knee = 100_000_000_000
    assert floor.nonces(alice) == [knee * 1_000_000 + nonce - knee for nonce in sent]


async def test_nothing_secret_is_told_or_kept_in_the_journal(floor: Floor, alice: Trader) -> None:
    await floor.returned(alice, "generic/info")
    await floor.returned(alice, "generic/idkey")
    await floor.order(alice, "bid", "10", "1")
    everything = b"".join(floor.journal.frames) + b"".join(floor.replies) + repr(alice.key).encode()
    assert alice.key.secret.encode() not in everything


def test_ids_lead_back_to_their_numbers_and_nowhere_else() -> None:
    numbers = [0, 1, 2, 255, 2**32, 2**63, 2**64 - 1]
    made = {number: ids.make(ids.ORDER, number) for number in numbers}
    assert len(set(made.values())) == len(numbers)
    for number, text in made.items():
        assert ids.number_of(ids.ORDER, text) == ids.number_of(ids.ORDER, text.upper()) == number
        assert ids.number_of(ids.TRADE, text) is None
        for position in (0, 7, 20, 35):
            other = "0" if text[position] != "0" else "1"
            assert ids.number_of(ids.ORDER, text[:position] + other + text[position + 1 :]) is None
    for junk in ("", "x" * 36, "a8f0c118-f963-430a-9150-02fc673afdda", "{a8f0c118f963430a915002fc673afdda}--", made[1].replace("-", "0")):
        assert ids.number_of(ids.ORDER, junk) is None


async def test_user_agent_and_key_are_enough_as_any_client_spells_them(floor: Floor, alice: Trader) -> None:
    for agent in (b"Ruby", b"Python-urllib/2.7", b"goxtool.py", b"WWW-Mechanize/2.16", b"Mozilla/4.0 (compatible MtGox node.js client)"):
        body = alice.form()
        headers = {**alice.headers(body), b"user-agent": agent, b"rest-key": alice.key.key.upper().encode()}
        assert (await floor.json("POST", PATH, body, headers))["result"] == "success"
    assert AGENT[b"user-agent"] == b"hello"


@pytest.mark.parametrize("path", ["/api/1/BTCUSD/private/order/add", "/api/0/buyBTC.php"])
async def test_a_parameter_with_two_values_is_refused(floor: Floor, alice: Trader, path: str) -> None:
    body = alice.form(type="bid", amount_int=10**8, price_int=10**5, amount=1, price=1)
    for more in (b"&type=ask&amount=2", b"&price_int=1&price=2"):
        answer = await floor.json("POST", path, body + more, alice.headers(body + more))
        assert answer["error"] == "A parameter has two different values"
    assert floor.engine.open_orders(alice.account) == []
