"""Key, Sign, address, nonce, right, method: in that order, and what each rejection leaves behind."""

import hashlib
import hmac
import json
import re

import pytest

from tests.dialects.btce_wex.floor import Floor, Trader


async def raw(
    floor: Floor, headers: dict[bytes, bytes], body: bytes = b"method=getInfo&nonce=1", path: str = "/tapi", method: str = "POST"
) -> str:
    reply = await floor.send(method, path, body, headers)
    assert reply.status == 200
    assert reply.body.startswith(b'{"success":0,"error":"')
    return str(json.loads(reply.body)["error"])


def signed(trader: Trader, body: bytes) -> dict[bytes, bytes]:
    return {b"key": trader.key.key.encode(), b"sign": hmac.new(trader.key.secret.encode(), body, hashlib.sha512).hexdigest().encode()}


def test_keys_look_like_the_originals(alice: Trader, bob: Trader) -> None:
    for trader in (alice, bob):
        assert re.fullmatch(r"([A-Z0-9]{8}-){4}[A-Z0-9]{8}", trader.key.key)
        assert re.fullmatch(r"[0-9a-f]{64}", trader.key.secret)
    assert alice.key.key != bob.key.key


async def test_without_a_key(floor: Floor) -> None:
    assert await raw(floor, {}) == "api key not specified"
    assert await raw(floor, {b"key": b""}) == "api key not specified"
    assert await raw(floor, {}, method="GET", body=b"") == "api key not specified"


@pytest.mark.parametrize("key", [b"46G9R9D6-WJ77XOIP-XH9HH5VQ-A3XN3YOZ-8T1R8I8T", b"x", b"\xff\xfe", b"A" * 5000])
async def test_an_unknown_key(floor: Floor, key: bytes) -> None:
    assert await raw(floor, {b"key": key, b"sign": b"0" * 128}) == "invalid api key"


async def test_a_revoked_key_is_unknown(floor: Floor, alice: Trader) -> None:
    await floor.returned(alice, "getInfo")
    floor.directory.revoke(alice.key)
    assert await floor.error(alice, "getInfo") == "invalid api key"


async def test_a_key_of_another_api_is_unknown(floor: Floor, alice: Trader) -> None:
    from cambist.directory import ApiKey, KeyForm

    other = KeyForm("mtgox", lambda entropy: (entropy("key", 16).hex(), entropy("secret", 16).hex()))
    key = floor.directory.mint_key(alice.user, other, ["info"])
    assert isinstance(key, ApiKey)
    assert await floor.error(Trader(alice.user, key), "getInfo") == "invalid api key"


async def test_a_wrong_sign_burns_no_nonce(floor: Floor, alice: Trader) -> None:
    body = b"method=getInfo&nonce=1000"
    right = signed(alice, body)[b"sign"]
    wrong = [
        b"",
        b"0" * 128,
        right.upper(),
        right[:-1],
        right + b"0",
        b" " + right,
        b"\xff" * 128,
        right[:-1] + (b"0" if right[-1:] != b"0" else b"1"),
    ]
    for sign in wrong:
        assert await raw(floor, {b"key": alice.key.key.encode(), b"sign": sign}, body) == "invalid sign"
    assert await raw(floor, {b"key": alice.key.key.encode()}, body) == "invalid sign"
    assert floor.directory.nonces.last(alice.key.id) == 0
    assert floor.nonces(alice) == []


async def test_the_raw_bytes_are_what_is_signed(floor: Floor, alice: Trader) -> None:
    # Three spellings of the same fields; each is good only with its own signature.
    spellings = [
        b"method=getInfo&nonce=1",
        b"nonce=2&method=getInfo",
        b"nonce=%33&method=get%49nfo&",
        b"&&nonce=4&x=&=&method=getInfo&to_id=7",
    ]
    for body in spellings:
        assert (await floor.post(alice, body))["success"] == 1
    sign = signed(alice, b"method=getInfo&nonce=5")
    assert await raw(floor, sign, b"method=getInfo&nonce=6") == "invalid sign"
    assert await raw(floor, sign, b"method=getInfo&nonce=%35") == "invalid sign"


async def test_an_address_that_the_key_does_not_allow(floor: Floor, alice: Trader) -> None:
    caged = floor.keyed(alice.user, ip_allow=("198.51.100.0/24",))
    body = b"method=getInfo&nonce=1"
    reply = await floor.send("POST", "/tapi", body, signed(caged, body), client="192.0.2.1")
    assert json.loads(reply.body)["error"] == "api key dont have permission for this ip"
    reply = await floor.send("POST", "/tapi", body, signed(caged, body), client="198.51.100.9")
    assert json.loads(reply.body)["success"] == 1


NONCES = [
    # sent, accepted, in order on one key; what the rejection says was sent
    ("1", True),
    ("2", True),
    ("10", True),
    ("10", False),
    ("11", True),
    ("9", False),
    ("", False),
    ("0", False),
    ("-5", False),
    ("12.5", False),
    ("1e3", False),
    ("0x20", False),
    ("12a", False),
    (" 13", False),
    ("+13", False),
    ("'", False),
    ('"', False),
    ("٣٣", False),
    ("4294967295", False),
    ("4294967296", False),
    ("99999999999999999999999999", False),
    ("4294967294", True),
    ("4294967294", False),
    ("1", False),
]


async def test_nonces_grow_and_a_rejection_says_what_comes_next(floor: Floor, alice: Trader) -> None:
    from urllib.parse import quote

    last = 0
    for sent, accepted in NONCES:
        answer = await floor.post(alice, f"method=getInfo&nonce={quote(sent)}".encode())
        if accepted:
            assert answer["success"] == 1, sent
            last = int(sent)
        else:
            # The highest nonce has none after it.
            after = f"you should send:{last + 1}" if last < 4294967294 else "no nonce is left for this key"
            error = f"invalid nonce parameter; on key:{last}, you sent:'{sent}', {after}"
            assert answer == {"success": 0, "error": error}
    assert floor.nonces(alice) == [1, 2, 10, 11, 4294967294]


async def test_a_missing_nonce(floor: Floor, alice: Trader) -> None:
    answer = await floor.post(alice, b"method=getInfo")
    assert answer["error"] == "invalid nonce parameter; on key:0, you sent:'', you should send:1"


async def test_each_key_has_its_own_nonces(floor: Floor, alice: Trader) -> None:
    second = floor.keyed(alice.user)
    await floor.post(alice, b"method=getInfo&nonce=4000000000")
    assert (await floor.post(second, b"method=getInfo&nonce=1"))["success"] == 1


@pytest.mark.parametrize(
    ("scopes", "method", "error"),
    [
        ("trade withdraw coupon", "getInfo", "api key dont have info permission"),
        ("trade", "ActiveOrders", "api key dont have info permission"),
        ("trade", "OrderList", "api key dont have info permission"),
        ("trade", "OrderInfo", "api key dont have info permission"),
        ("trade", "TradeHistory", "api key dont have info permission"),
        ("trade", "TransHistory", "api key dont have info permission"),
        ("trade", "CoinDepositAddress", "api key dont have info permission"),
        ("info", "Trade", "api key dont have trade permission"),
        ("info withdraw coupon", "CancelOrder", "api key dont have trade permission"),
        ("info", "CancelOrders", "api key dont have trade permission"),
        ("info trade coupon", "WithdrawCoin", "api key dont have withdraw permission"),
        ("info trade withdraw", "CreateCoupon", "api key dont have coupon permission"),
        ("info trade withdraw", "RedeemCoupon", "api key dont have coupon permission"),
        ("info", "getinfo", "invalid method"),
        ("info", "Withdraw", "invalid method"),
        ("", "nothing", "invalid method"),
    ],
)
async def test_rights_come_before_parameters_and_after_the_nonce(floor: Floor, alice: Trader, scopes: str, method: str, error: str) -> None:
    trader = floor.keyed(alice.user, scopes=frozenset(scopes.split()))
    assert await floor.error(trader, method) == error
    # The nonce is burnt and journaled, once; sent again it is an old one before anything else is looked at.
    assert floor.nonces(trader) == [1]
    trader.nonce = 0
    assert (await floor.error(trader, method)).startswith("invalid nonce parameter; on key:1,")
    assert floor.nonces(trader) == [1]


async def test_a_missing_method(floor: Floor, alice: Trader) -> None:
    assert (await floor.post(alice, b"nonce=1"))["error"] == "invalid method"
    assert (await floor.post(alice, b"nonce=2&method="))["error"] == "invalid method"


async def test_every_accepted_nonce_is_journaled_exactly_once(floor: Floor, alice: Trader) -> None:
    await floor.call(alice, "getInfo")
    await floor.call(alice, "Trade", pair="btc_usd", type="buy", rate=10, amount=1)
    await floor.call(alice, "Trade", pair="btc_usd", type="buy", rate=10, amount=1000000)
    await floor.call(alice, "Trade", pair="nothing")
    order = 1_000_000 + floor.engine.open_orders(alice.account)[0].order_id
    await floor.call(alice, "CancelOrder", order_id=order)
    await floor.call(alice, "CancelOrder", order_id=order)
    await floor.call(alice, "CancelOrders", order_id=f"{order},77")
    await floor.call(alice, "TradeHistory")
    await floor.call(alice, "WithdrawCoin", coinName="BTC", amount=1, address="nowhere")
    await floor.call(alice, "CoinDepositAddress", coinName="BTC")
    await floor.call(alice, "RedeemCoupon", coupon="BTCE-USD-NOTHING")
    await floor.call(alice, "nothing")
    assert floor.nonces(alice) == list(range(1, 13))


@pytest.mark.parametrize("path", ["/tapi", "/tapi/", "/tapi/3/getInfo", "/tapi/getInfo"])
async def test_paths(floor: Floor, alice: Trader, path: str) -> None:
    body = b"method=getInfo&nonce=1"
    reply = await floor.send("POST", path, body, signed(alice, body))
    assert json.loads(reply.body)["success"] == 1


async def test_nothing_secret_is_told_or_kept_in_the_journal(floor: Floor, alice: Trader) -> None:
    await floor.call(alice, "getInfo")
    await floor.call(alice, "Trade", pair="btc_usd", type="buy", rate=10, amount=1)
    floor.sequencer.drain()
    everything = b"".join(floor.journal.frames) + b"".join(floor.replies) + repr(alice.key).encode()
    assert alice.key.secret.encode() not in everything


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ("method=Trade&method=getInfo", "method"),
        ("method=getInfo&%6dethod=Trade", "method"),
        ("method=Trade&pair=btc_usd&type=buy&type=sell&rate=1&amount=1", "type"),
        ("method=getInfo&nonce=999999", "nonce"),
    ],
)
async def test_a_field_with_two_values_is_refused_and_no_nonce_is_used(floor: Floor, alice: Trader, more: str, name: str) -> None:
    await floor.returned(alice, "getInfo")
    last = floor.directory.nonces.last(alice.key.id)
    answer = await floor.post(alice, f"nonce={alice.nonce + 1}&{more}".encode())
    assert answer == {"success": 0, "error": f"invalid parameter: {name}"}
    assert floor.orders() == []
    assert floor.directory.nonces.last(alice.key.id) == last


async def test_a_field_that_says_the_same_twice_or_nothing_is_taken(floor: Floor, alice: Trader) -> None:
    answer = await floor.post(alice, f"method=getInfo&nonce={alice.nonce + 1}&pair=&pair=&method=getInfo".encode())
    assert answer["success"] == 1
