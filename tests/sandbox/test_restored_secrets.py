"""What was removed from a request can be put back by whoever has the keys; what was wrong stays wrong."""

import base64
import hashlib
import hmac
import json
import uuid

import pytest

from cambist.sandbox import removed_secrets
from cambist.sandbox.removed_secrets import mark
from cambist.sandbox.restored_secrets import RestoredSecrets

KEY = "6f1d2c3b-0000-4000-8000-00000000abcd"
SECRET = base64.b64encode(bytes(range(64))).decode()
BODY = b"nonce=17&amount=1"


def restored(*known: bytes) -> RestoredSecrets:
    return RestoredSecrets({KEY: SECRET}.get, lambda: known)


def btce() -> tuple[str, dict[bytes, bytes]]:
    return "/tapi", {b"key": KEY.encode(), b"sign": hmac.new(SECRET.encode(), BODY, "sha512").hexdigest().encode()}


def mtgox(path: str, signed: bytes) -> tuple[str, dict[bytes, bytes]]:
    sign = base64.b64encode(hmac.digest(base64.b64decode(SECRET), signed, "sha512"))
    return path, {b"rest-key": KEY.encode(), b"rest-sign": sign}


def btse(family: str, path: str, signed: str) -> tuple[str, dict[bytes, bytes]]:
    sign = hmac.new(SECRET.encode(), signed.encode() + b"17" + BODY, hashlib.sha384).hexdigest().encode()
    return path, {f"{family}-api".encode(): KEY.encode(), f"{family}-nonce".encode(): b"17", f"{family}-sign".encode(): sign}


def native(target: str) -> tuple[str, dict[bytes, bytes]]:
    path, _, query = target.partition("?")
    message = b"\n".join((b"17", b"POST", path.encode(), query.encode(), BODY))
    sign = hmac.new(SECRET.encode(), message, "sha256").hexdigest().encode()
    return target, {b"cambist-key": KEY.encode(), b"cambist-timestamp": b"17", b"cambist-signature": sign}


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        btce(),
        mtgox("/api/2/BTCUSD/money/order/add", b"BTCUSD/money/order/add\0" + BODY),
        mtgox("/api/1/BTCUSD/order/add?raw", BODY),
        native("/cambist/v1/orders?market=btc_usd"),
        btse("request", "/spot/api/v3.2/order", "/api/v3.2/order"),
        btse("btse", "/spot/v2/order", "/spot/v2/order"),
    ],
    ids=["BTC-e", "Mt.Gox v2", "Mt.Gox v1", "native", "BTSE, path without /spot", "BTSE, older fields"],
)
def test_a_signature_is_made_again_and_a_wrong_one_is_wrong_again(target: str, headers: dict[bytes, bytes]) -> None:
    def put_back(sent: dict[bytes, bytes]) -> dict[str, bytes]:
        kept = {name.decode(): value for name, value in removed_secrets.of_headers(sent).items()}
        return restored().headers("POST", target, kept, BODY)

    assert put_back(headers) == {name.decode(): value for name, value in headers.items()}
    signature = list(headers)[-1]
    wrong = put_back(headers | {signature: b"f" * len(headers[signature])})
    assert wrong[signature.decode()] == b"0" * len(headers[signature])


def test_what_was_known_before_is_found_by_its_mark() -> None:
    token, password, cookie = b"0a1b" * 16, b"hunter2", b"device-of-bob"
    secrets = restored(token, password)
    secrets.learn([cookie])
    kept = removed_secrets.of_headers({b"authorization": b"Bearer " + token, b"cookie": b"known=" + cookie})
    assert secrets.headers("GET", "/v1/x", {name.decode(): value for name, value in kept.items()}, b"") == {
        "authorization": b"Bearer " + token,
        "cookie": b"known=" + cookie,
    }
    body = b"user=bob&password=hunter2"
    assert secrets.text(removed_secrets.of_text(body)) == body
    assert secrets.text(mark(b"never heard of")) == b"0" * 14


def sealed(sign: bytes | None = None) -> bytes:
    text = b'{"id":"1","call":"private/info","nonce":"17"}'
    sign = sign or hmac.digest(base64.b64decode(SECRET), text, "sha512")
    call = base64.b64encode(uuid.UUID(KEY).bytes + sign + text).decode()
    return json.dumps({"op": "call", "id": "1", "call": call}).encode()


SIGNED = hashlib.md5(f"access_id={KEY}&tonce=17&secret_key={SECRET}".encode(), usedforsecurity=False).hexdigest()
STREAM = hmac.new(SECRET.encode(), b"17\nGET\n/cambist/v1/stream\n\n", "sha256").hexdigest()
LOGIN = hmac.new(SECRET.encode(), b"/ws/spot17", hashlib.sha384).hexdigest()


@pytest.mark.parametrize(
    "message",
    [
        sealed(),
        b"4::/mtgox:" + sealed(),
        json.dumps({"method": "server.sign", "params": [KEY, SIGNED.upper(), 17], "id": 1}).encode(),
        json.dumps({"method": "server.sign", "params": [KEY, SIGNED, 17], "id": 1}).encode(),
        json.dumps({"op": "login", "args": [KEY, 17, LOGIN]}).encode(),
        json.dumps({"op": "login", "key": KEY, "timestamp": "17", "signature": STREAM}).encode(),
        json.dumps({"op": "subscribe", "args": ["fills"]}).encode(),
        b"ping",
    ],
    ids=["sealed call", "sealed call in socket.io", "Expie", "Expie, small letters", "BTSE", "native", "nothing secret", "no JSON"],
)
def test_a_message_on_a_socket_is_put_back_as_it_was(message: bytes) -> None:
    assert restored().message(removed_secrets.of_message(message)) == message


def test_a_sealed_call_that_was_signed_wrongly_is_so_again() -> None:
    put_back = restored().message(removed_secrets.of_message(sealed(b"x" * 64)))
    assert base64.b64decode(json.loads(put_back)["call"])[16:80] == bytes(64)
