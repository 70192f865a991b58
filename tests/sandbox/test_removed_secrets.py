"""Nothing that lets somebody in is kept of what was asked and answered; what names somebody is."""

import base64
import json
from typing import Any

import pytest

from cambist.sandbox import removed_secrets
from cambist.sandbox.removed_secrets import MARK, mark

SIGN = b"5f2b" * 32
TOKEN = b"0a1b2c3d" * 8
ID_KEY = b"A1b+" * 18 + b"xyz"
UUID = bytes(range(16))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({b"key": b"46G9R9D6", b"sign": SIGN}, {b"key": b"46G9R9D6", b"sign": mark(SIGN)}),
        ({b"rest-key": b"4f0c", b"rest-sign": SIGN}, {b"rest-key": b"4f0c", b"rest-sign": mark(SIGN)}),
        (
            {b"request-api": b"4f99", b"request-nonce": b"17", b"request-sign": SIGN},
            {b"request-api": b"4f99", b"request-nonce": b"17", b"request-sign": mark(SIGN)},
        ),
        ({b"btse-api": b"4f99", b"btse-sign": SIGN}, {b"btse-api": b"4f99", b"btse-sign": mark(SIGN)}),
        ({b"authorization": b"Bearer " + TOKEN}, {b"authorization": b"Bearer " + mark(TOKEN)}),
        ({b"authorization": b"bearer" + TOKEN}, {b"authorization": b"bearer" + mark(TOKEN)}),
        ({b"authorization": b"Basic " + TOKEN}, {b"authorization": mark(b"Basic " + TOKEN)}),
        ({b"access-token": TOKEN}, {b"access-token": mark(TOKEN)}),
        (
            {b"cambist-key": b"sandbox-4f", b"cambist-signature": SIGN, b"cambist-csrf": TOKEN},
            {b"cambist-key": b"sandbox-4f", b"cambist-signature": mark(SIGN), b"cambist-csrf": mark(TOKEN)},
        ),
        ({b"cookie": b"device=abc; other=def"}, {b"cookie": b"device=" + mark(b"abc") + b"; other=" + mark(b"def")}),
        ({b"user-agent": b"bot", b"host": b"x"}, {b"user-agent": b"bot", b"host": b"x"}),
    ],
    ids=[
        "BTC-e",
        "Mt.Gox",
        "BTSE",
        "BTSE, old",
        "Expie",
        "Expie, no blank",
        "another scheme",
        "Expie, by name",
        "native",
        "cookies",
        "public",
    ],
)
def test_fields_of_a_request(sent: dict[bytes, bytes], kept: dict[bytes, bytes]) -> None:
    assert removed_secrets.of_headers(sent) == kept


def test_the_cookie_that_a_reply_sets() -> None:
    kept = removed_secrets.of_reply_headers([(b"set-cookie", b"device=abc; Path=/; HttpOnly"), (b"location", b"/x=1")])
    assert kept == ((b"set-cookie", b"device=" + mark(b"abc") + b"; Path=/; HttpOnly"), (b"location", b"/x=1"))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"method=Trade&nonce=17&pair=btc_usd", b"method=Trade&nonce=17&pair=btc_usd"),
        (b"user=bob&password=hunter2&once=1", b"user=bob&password=" + mark(b"hunter2", 4) + b"&once=1"),
        (b"nonce=4&code=123456", b"nonce=4&code=" + mark(b"123456", 4)),
        (b'{"symbol":"BTC-USD","size":"1"}', b'{"symbol":"BTC-USD","size":"1"}'),
        (b'{"password" : "a\\"b", "side":"BUY"}', b'{"password" : "' + mark(b'a\\"b', 4) + b'", "side":"BUY"}'),
        (b"\xff\xfe=1", b"\xff\xfe=1"),
        (b'{"password":"a","new_password":"b"}', b'{"password":"' + mark(b"a", 4) + b'","new_password":"' + mark(b"b", 4) + b'"}'),
        (b'{"code":"123456"}', b'{"code":"' + mark(b"123456", 4) + b'"}'),
        (b'{"code":"' + b"A" * 32 + b'"}', b'{"code":"' + b"A" * 32 + b'"}'),
        (b"coupon=BTCE-USD-1&code=" + b"A" * 32, b"coupon=BTCE-USD-1&code=" + b"A" * 32),
    ],
)
def test_fields_of_a_body(sent: bytes, kept: bytes) -> None:
    assert removed_secrets.of_text(sent) == kept


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"method": "server.auth", "params": [TOKEN.decode(), "bot"], "id": 1}, ["params", 0]),
        ({"method": "server.sign", "params": ["4f99", SIGN.decode(), 17], "id": 1}, ["params", 1]),
        ({"op": "authKeyExpires", "args": ["4f99", "17", SIGN.decode()]}, ["args", 2]),
        ({"op": "login", "args": ["4f99", 17, SIGN.decode()]}, ["args", 2]),
        ({"op": "mtgox.subscribe", "key": ID_KEY.decode()}, ["key"]),
        ({"op": "login", "key": "sandbox-4f", "timestamp": "17", "signature": SIGN.decode()}, ["signature"]),
    ],
    ids=["Expie", "Expie, signed", "BTSE", "BTSE, login", "Mt.Gox", "native"],
)
def test_a_secret_in_a_message(sent: dict[str, Any], kept: list[Any]) -> None:
    message = json.loads(removed_secrets.of_message(json.dumps(sent).encode()))
    *way, last = kept
    place, before = message, sent
    for step in way:
        place, before = place[step], before[step]
    secret = before[last]
    assert place[last] == mark(secret.encode()).decode()
    place[last] = secret
    assert message == sent


@pytest.mark.parametrize("envelope", [b"", b"4::/mtgox:"])
def test_the_signature_of_a_call_on_the_stream(envelope: bytes) -> None:
    sign, text = bytes(range(64)), b'{"id":"1","call":"private/info","nonce":"17"}'
    call = base64.b64encode(UUID + sign + text).decode()
    kept = removed_secrets.of_message(envelope + json.dumps({"op": "call", "id": "1", "call": call}).encode())
    assert kept.startswith(envelope + b"{")
    sealed = base64.b64decode(json.loads(kept[len(envelope) :])["call"])
    assert sealed == UUID + mark(sign).ljust(64) + text


@pytest.mark.parametrize(
    "message", [b"", b"ping", b"2::", b"{", b'{"op":"call","call":17}', b'{"method":"server.auth","params":[]}', b"{\xff}", b'["x"]']
)
def test_what_is_no_message_stays(message: bytes) -> None:
    assert removed_secrets.of_message(message) == message


@pytest.mark.parametrize(
    ("reply", "kept"),
    [
        (b'{"result":"success","data":"' + ID_KEY + b'"}', b'{"result":"success","data":"' + mark(ID_KEY) + b'"}'),
        (
            b'{"name":"4f0c1b2a-0000-4000-8000-0123456789ab","key":"QUJDREVGR0hJSktMTU5P"}',
            b'{"name":"4f0c1b2a-0000-4000-8000-0123456789ab","key":"' + mark(b"QUJDREVGR0hJSktMTU5P") + b'"}',
        ),
        (b'{"id":"1","key":"sandbox-4f99aaaaaaaaaaaa"}', b'{"id":"1","key":"sandbox-4f99aaaaaaaaaaaa"}'),
        (b'{"key":"4f","secret":"' + TOKEN + b'"}', b'{"key":"4f","secret":"' + mark(TOKEN) + b'"}'),
        (b'{"csrf_token":"' + TOKEN + b'"}', b'{"csrf_token":"' + mark(TOKEN) + b'"}'),
        (b'{"uri":"otpauth://totp/x?secret=AB"}', b'{"uri":"' + mark(b"otpauth://totp/x?secret=AB") + b'"}'),
        (b'{"codes":["ab-cd","ef-gh"]}', b'{"codes":[' + mark(b'"ab-cd","ef-gh"') + b"]}"),
        (b'{"op":"result","id":"1","result":"' + ID_KEY + b'"}', b'{"op":"result","id":"1","result":"' + mark(ID_KEY) + b'"}'),
        (b'{"error":"Invalid nonce","token":"invalid_nonce"}', b'{"error":"Invalid nonce","token":"invalid_nonce"}'),
    ],
    ids=[
        "idKey",
        "one-time codes' key",
        "a key's id",
        "a key's secret",
        "a session's token for forms",
        "one-time codes' address",
        "recovery codes",
        "idKey on the stream",
        "an error's token",
    ],
)
def test_a_reply_that_shows_a_secret(reply: bytes, kept: bytes) -> None:
    assert removed_secrets.of_reply(reply) == kept


def test_a_mark_tells_the_length_and_whose_secret_it_is_and_stays_what_it_is() -> None:
    found = MARK.fullmatch(mark(TOKEN))
    assert found is not None
    assert int(found[1]) == len(TOKEN)
    assert mark(TOKEN) != mark(TOKEN[:-1] + b"x")
    assert mark(mark(TOKEN)) == mark(TOKEN)
