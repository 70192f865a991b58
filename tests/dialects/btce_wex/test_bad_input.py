"""What strangers and broken clients send: the API's own error, HTTP 200, and nobody's money or order touched.

A well-signed request may use up its nonce and is then noted in the journal; that is all that may change.
"""

import hashlib
import hmac
import json
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dialects.btce_wex.floor import Floor, Trader

METHODS = [
    *("getInfo", "Trade", "ActiveOrders", "OrderList", "OrderInfo", "CancelOrder", "CancelOrders", "TradeHistory", "TransHistory"),
    *("CoinDepositAddress", "WithdrawCoin", "CreateCoupon", "RedeemCoupon"),
]

BODIES = [
    b"",
    b"\x00",
    b"&",
    b"=",
    b"&&&&====",
    b"nonce",
    b"nonce=",
    b"nonce=1",
    b"nonce=1&nonce=",
    b"=1&=2&nonce=7",
    b"%",
    b"%%%",
    b"%zz=%zz&nonce=1",
    b"nonce=1&method=%",
    b"nonce=1&method=%ff%fe",
    b"nonce=1&method=\xff\xfe",
    b"nonce=1&method=getInfo\x00",
    b"nonce=1&method=get+Info",
    b"nonce=1&method=GETINFO",
    b"nonce=1&method[]=getInfo",
    b"nonce=1;method=getInfo",
    b'{"method":"getInfo","nonce":1}',
    b"\xef\xbb\xbfmethod=getInfo&nonce=1",
    "method=getInfo&nonce=1".encode("utf-16"),
    "nonce=1&method=ß".encode("latin-1"),
    b"nonce=1&method=" + b"A" * 1_000_000,
    b"&".join(b"a%d=%d" % (number, number) for number in range(100_000)) + b"&nonce=1&method=getInfo",
    b"nonce=1&method=Trade&pair=btc_usd&type=buy&rate=" + b"9" * 100_000 + b"&amount=1",
    b"nonce=1&method=Trade&pair=btc_usd&type=buy&rate=1&amount=0." + b"0" * 100_000 + b"1",
    b"nonce=1&method=CancelOrders&order_id=" + b"1," * 100_000,
    b"--x\r\nContent-Disposition: form-data; name=method\r\n\r\ngetInfo\r\n--x--",
]


@pytest.mark.parametrize("body", BODIES, ids=[str(number) for number in range(len(BODIES))])
async def test_malformed_bodies(floor: Floor, alice: Trader, body: bytes) -> None:
    await floor.returned(alice, "Trade", pair="btc_usd", type="buy", rate="1", amount="1")
    trader = floor.keyed(alice.user)
    before = floor.money(), floor.orders()
    answer = await floor.post(trader, body)
    assert answer["success"] == 0
    assert isinstance(answer["error"], str)
    assert len(floor.replies[-1]) < 1000
    assert (floor.money(), floor.orders()) == before
    assert floor.nonces(trader) in ([], [1], [7])


NUMBERS = [
    *("-1", "-0", "0", "0.0", "NaN", "nan", "Infinity", "-inf", "1e40", "1" + "0" * 40, "-1e-40", "1e-40", "0x1f", "1,000", "1 000"),
    *("１", "١٢", "1e", "e1", "..", "1.2.3", "+", "-", "\x00", "null", "true", "[]", "{}", "' or 1=1 --", "<b>", "%s%n", "\u202e1", "🙂"),
    "\ud83d",
]
NUMERIC_FIELDS = {
    "Trade": ["rate", "amount"],
    "OrderInfo": ["order_id"],
    "CancelOrder": ["order_id"],
    "CancelOrders": ["order_id"],
    "TradeHistory": ["from", "count", "from_id", "end_id", "since", "end"],
    "TransHistory": ["from", "count", "from_id", "end_id", "since", "end"],
    "WithdrawCoin": ["amount"],
    "CreateCoupon": ["amount"],
}
GOOD = {
    "pair": "btc_usd", "type": "buy", "rate": "1", "amount": "1", "currency": "USD", "coinName": "BTC",
    "address": "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "order_id": "2",
}  # fmt: skip


@pytest.mark.parametrize(("method", "field"), [(method, field) for method, fields in NUMERIC_FIELDS.items() for field in fields])
async def test_absurd_numbers(floor: Floor, alice: Trader, bob: Trader, method: str, field: str) -> None:
    await floor.returned(alice, "Trade", pair="btc_usd", type="buy", rate="1", amount="1")
    before = floor.money(), floor.orders()
    for number in NUMBERS:
        fields = {name: value for name, value in GOOD.items() if name != field}
        bob.nonce += 1
        parts = [b"method=" + method.encode(), b"nonce=%d" % bob.nonce]
        parts += [name.encode() + b"=" + quote_from_bytes(value.encode()).encode() for name, value in fields.items()]
        parts.append(field.encode() + b"=" + quote_from_bytes(number.encode("utf-8", "surrogatepass")).encode())
        answer = await floor.post(bob, b"&".join(parts))
        # A history may be asked from number 0 on; CancelOrders reads 1,000 as a list and says for each order that it failed.
        fine = (number == "0" and method.endswith("History")) or (number in ("0", "1,000") and method == "CancelOrders")
        assert answer["success"] == 0 or fine, (number, answer)
    assert (floor.money(), floor.orders()) == before
    assert floor.nonces(bob) == list(range(1, bob.nonce + 1))


FIELDS = [
    *("nonce", "method", "pair", "type", "rate", "amount", "mode", "order_id", "from", "count", "order", "since", "coinName", "coupon"),
    "",
]
values = st.binary(max_size=20) | st.sampled_from([*GOOD.values(), *METHODS]).map(str.encode)
forms = st.lists(st.tuples(st.sampled_from(FIELDS), values))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
async def test_forms_by_chance(floor: Floor, data: st.DataObject) -> None:
    """Anything signed is answered in this API's words. (Some of these forms are good ones; that is fine.)"""
    known = floor.directory.user("carol")
    carol = floor.trader("carol", BTC="10", USD="1000") if known is None else Trader(known, floor.directory.keys(known)[0])
    carol.nonce = floor.directory.nonces.last(carol.key.id) + 1
    form = data.draw(forms)
    pieces = [name.encode() + b"=" + (quote_from_bytes(value).encode() if data.draw(st.booleans()) else value) for name, value in form]
    method = data.draw(st.sampled_from(METHODS))
    answer = await floor.post(carol, b"&".join([*pieces, b"nonce=%d" % carol.nonce, b"method=" + method.encode()]))
    assert list(answer) == (["success", "return"] if answer["success"] else ["success", "error"])
    totals = floor.engine.totals()
    assert all(sum(row) == 0 for row in totals)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    prefix=st.sampled_from(["/api/3/", "/api/3/ticker/", "/api/3/depth/", "/api/2/btc_usd/", "/api/3", "/tapi/"]),
    rest=st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="?"), max_size=30),
    query=st.binary(max_size=30),
    headers=st.dictionaries(st.sampled_from([b"key", b"sign"]), st.binary(max_size=40)),
    method=st.sampled_from(["GET", "POST"]),
)
async def test_paths_by_chance(floor: Floor, prefix: str, rest: str, query: bytes, headers: dict[bytes, bytes], method: str) -> None:
    reply = await floor.send(method, prefix + rest, b"", headers, query)
    if floor.router.find(method, prefix + rest)[0].dialect == "btce_wex":
        assert reply.status == 200
        assert isinstance(json.loads(reply.body), dict | list)


async def test_a_signature_of_other_bytes_changes_nothing_at_all(floor: Floor, alice: Trader) -> None:
    body = b"method=Trade&nonce=1&pair=btc_usd&type=buy&rate=1&amount=1"
    sign = hmac.new(alice.key.secret.encode(), body, hashlib.sha512).hexdigest().encode()
    floor.sequencer.drain()
    before = floor.engine.state_hash()
    for position in range(len(body)):
        altered = body[:position] + bytes([body[position] ^ 1]) + body[position + 1 :]
        reply = await floor.send("POST", "/tapi", altered, {b"key": alice.key.key.encode(), b"sign": sign})
        assert json.loads(reply.body) == {"success": 0, "error": "invalid sign"}
    assert floor.engine.state_hash() == before


async def test_the_original_request_sent_again_changes_nothing_at_all(floor: Floor, alice: Trader) -> None:
    body = b"method=Trade&nonce=1&pair=btc_usd&type=buy&rate=1&amount=1"
    assert (await floor.post(alice, body))["success"] == 1
    before = floor.engine.state_hash()
    for _ in range(3):
        assert (await floor.post(alice, body))["error"] == "invalid nonce parameter; on key:1, you sent:'1', you should send:2"
    assert floor.engine.state_hash() == before
