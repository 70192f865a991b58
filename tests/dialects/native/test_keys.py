"""API keys that people make for themselves."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cambist.directory import ApiKey
from tests.dialects.native.floor import BASE, Browser, Floor, Trader, signed_message

HOUR = 3_600_000_000


async def logged_in(floor: Floor, name: str = "alice") -> Browser:
    floor.user(name, USD="1000")
    browser = Browser(floor)
    await browser.log_in(name)
    return browser


async def test_a_key_is_made_used_and_revoked(floor: Floor) -> None:
    browser = await logged_in(floor)
    assert {kind["api"]: kind["default_scopes"] for kind in await browser.call("GET", "/keys/kinds")} == {
        "native": ["read", "trade"],
        "other": ["info"],
    }
    made = await browser.call("POST", "/keys", {"api": "native", "scopes": ["read"], "addresses": ["192.0.2.0/24"]})
    assert (made["key"]["scopes"], made["key"]["addresses"]) == (["read"], ["192.0.2.0/24"])
    (stored,) = floor.directory.keys()
    assert isinstance(stored, ApiKey)
    assert made["credentials"] == {"key": stored.key, "secret": stored.secret}
    trader = Trader(floor.directory.users()[0], stored)
    assert (await floor.call(trader, "GET", "/account"))["name"] == "alice"
    assert await browser.call("GET", "/keys") == [made["key"]]
    await browser.call("DELETE", f"/keys/{made['key']['id']}")
    assert await floor.problem(trader, "GET", "/account") == (401, "key-unknown")
    assert await browser.call("GET", "/keys") == []
    floor.sequencer.drain()
    assert [meta.memo["directory"] for meta in floor.metas if meta.memo and "directory" in meta.memo] == [["key-revoked", stored.id]]


async def test_a_secret_can_be_fetched_for_an_hour(floor: Floor) -> None:
    browser = await logged_in(floor)
    made = await browser.call("POST", "/keys", {"api": "other"})
    path = f"/keys/{made['key']['id']}/secret"
    assert set(made["credentials"]) == {"public", "private"}
    assert await browser.call("GET", path) == made
    floor.clock.now += HOUR - 1
    await browser.call("POST", "/session/proof", {"password": "a password"})
    assert await browser.call("GET", path) == made
    floor.clock.now += 1
    assert await browser.problem("GET", path) == (409, "reveal-over")


async def test_a_key_whose_private_half_the_server_never_has(floor: Floor) -> None:
    browser = await logged_in(floor)
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = private.public_key().public_bytes_raw().hex()
    made = await browser.call("POST", "/keys", {"api": "native", "public_key": public})
    assert made["credentials"] == {"key": made["key"]["key"], "public_key": public}
    path, at = f"{BASE}/balances", str(floor.timestamp()).encode()
    signature = private.sign(signed_message(at, "GET", path, b"", b"")).hex().encode()
    headers = {b"cambist-key": made["key"]["key"].encode(), b"cambist-timestamp": at, b"cambist-signature": signature}
    assert (await floor.send("GET", path, headers=headers)).status == 200


async def test_what_makes_no_key(floor: Floor) -> None:
    browser = await logged_in(floor)
    for said, status, code in (
        ({"api": "nothing"}, 404, "api-unknown"),
        ({"api": "native", "scopes": []}, 422, "scope-unknown"),
        ({"api": "native", "scopes": ["account"]}, 422, "scope-unknown"),
        ({"api": "native", "scopes": ["info"]}, 422, "scope-unknown"),
        ({"api": "native", "addresses": ["here"]}, 422, "address-invalid"),
        ({"api": "other", "public_key": "0" * 64}, 422, "public-key-invalid"),
        ({"api": "native", "public_key": "zz"}, 400, "request-invalid"),
    ):
        assert await browser.problem("POST", "/keys", said) == (status, code), said
    assert floor.directory.keys() == []


async def test_no_more_keys_than_one_user_may_have(floor: Floor) -> None:
    browser = await logged_in(floor)
    for _ in range(50):
        await browser.call("POST", "/keys", {"api": "other"})
    assert await browser.problem("POST", "/keys", {"api": "other"}) == (409, "too-many-keys")


async def test_a_repeated_request_shows_the_secret_no_longer_than_an_hour(floor: Floor) -> None:
    browser = await logged_in(floor)
    key = {"idempotency-key": "k"}
    made = await browser.call("POST", "/keys", {"api": "other"}, key)
    floor.clock.now += HOUR - 1
    await browser.call("POST", "/session/proof", {"password": "a password"})
    assert await browser.call("POST", "/keys", {"api": "other"}, key) == made
    floor.clock.now += 1
    assert (await browser.call("POST", "/keys", {"api": "other"}, key))["key"]["id"] != made["key"]["id"]
