"""Merchant orders with notices and automatic sales: what shops are told, signed, and what becomes of the money."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from cambist.api_types.funds import MerchantNotice
from cambist.dialect_kit.dialect import DialectSettings
from cambist.dialects import mtgox
from cambist.dialects.mtgox.auth import KEY_FORM as MTGOX_KEY_FORM
from cambist.dialects.native.notices import signature
from cambist.directory import ApiKey
from cambist.domain.meta import Meta
from cambist.merchant import OrderTexts, Terms
from tests.dialects.native.floor import Browser, Floor, Trader
from tests.dialects.native.test_funds import available, confirmed
from tests.documents.blocks import BLOCKS
from tests.support.shop import Heard, Shop, reply

HAT = {"asset": "BTC", "amount": "1.5", "description": "A hat", "success_url": "http://s.example/", "failure_url": "http://f.example/"}
SECOND = 1_000_000
PAUSE = 30 * 60 * SECOND
DAY = 24 * 3_600 * SECOND
TAKEN = reply(b"", "204 No Content")


@pytest.fixture
def shopkeeper(floor: Floor) -> Trader:
    assert floor.service.webhook_signer is not None
    floor.merchants.outbox.sign_with(floor.service.webhook_signer)
    return floor.trader("shop", USD="1")


async def work(floor: Floor) -> None:
    """Once what runs by the clock: sales, orders that end, notices."""
    floor.sequencer.drain()
    await floor.merchants.service.run_due(floor.clock.now)
    floor.sequencer.drain()
    await floor.merchants.outbox.run_due()
    floor.sequencer.drain()


def field(heard: Heard, name: str) -> str:
    return next(line.partition(":")[2].strip() for line in heard.head.split("\r\n") if line.lower().startswith(f"{name}:"))


def checked(heard: Heard, secret: str) -> dict[str, Any]:
    """The notice, once its signature was checked by the function that docs/how-to/take-a-payment.md gives."""
    names: dict[str, Any] = {}
    (shown,) = (block.text for block in BLOCKS if block.page.name == "take-a-payment.md" and "timestamp: str" in block.text)
    exec(shown, names)
    timestamp, sign = field(heard, "cambist-timestamp"), field(heard, "cambist-signature")
    assert names["genuine"](secret, timestamp, sign, heard.body)
    assert not names["genuine"](secret, timestamp, sign, heard.body + b" ")
    assert field(heard, "content-type") == "application/json"
    decoded = json.loads(heard.body)
    assert list(decoded) == list(MerchantNotice.__struct_fields__)
    return dict(decoded)


async def test_a_shop_is_told_of_its_payment(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    async with Shop([TAKEN]) as shop:
        made = await floor.call(shopkeeper, "POST", "/merchant/orders", {**HAT, "data": "order 7", "notify_url": f"{shop.url}/paid"})
        assert made["notify_url"] == f"{shop.url}/paid"
        await floor.call(alice, "POST", f"/payments/{made['id']}/pay")
        await work(floor)
        (heard,) = shop.heard
        notice = checked(heard, made["notice_secret"])
        details = await floor.call(shopkeeper, "GET", f"/merchant/orders/{made['id']}")
        assert notice == {
            "id": f"{made['id']}/0",
            "order": made["id"],
            "status": "paid",
            "payment": details["payments"][0]["id"],
            "asset": "BTC",
            "amount": "1.5",
            "paid": "1.5",
            "pending": "0",
            "data": "order 7",
            "time": floor.clock.now,
        }
        assert details["notices"] == [{"status": "paid", "attempts": 1, "next_attempt": None, "outcome": "ok"}]
        await work(floor)
        assert len(shop.heard) == 1


@pytest.mark.parametrize("answer", [reply(b"", "500 Oops"), reply(b"", "302 Found", "Location: http://x.example/"), b"no HTTP\r\n\r\n"])
async def test_it_is_told_again_with_the_same_bytes_until_it_takes_it(
    floor: Floor, alice: Trader, shopkeeper: Trader, answer: bytes
) -> None:
    async with Shop([answer, TAKEN]) as shop:
        made = await floor.call(shopkeeper, "POST", "/merchant/orders", {**HAT, "notify_url": shop.url})
        await floor.call(alice, "POST", f"/payments/{made['id']}/pay")
        await work(floor)
        (row,) = (await floor.call(shopkeeper, "GET", f"/merchant/orders/{made['id']}"))["notices"]
        assert (row["attempts"], row["next_attempt"]) == (1, floor.clock.now + PAUSE)
        await work(floor)
        assert len(shop.heard) == 1
        floor.clock.now += PAUSE
        await work(floor)
        first, second = shop.heard
        assert (first.body, field(first, "cambist-signature")) == (second.body, field(second, "cambist-signature"))


async def test_the_end_of_an_order_is_told_too(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    async with Shop([TAKEN]) as shop:
        taken_back, unpaid = [await floor.call(shopkeeper, "POST", "/merchant/orders", {**HAT, "notify_url": shop.url}) for _ in range(2)]
        cancelled = await floor.call(shopkeeper, "DELETE", f"/merchant/orders/{taken_back['id']}")
        assert cancelled["status"] == "cancelled"
        assert await floor.problem(shopkeeper, "DELETE", f"/merchant/orders/{taken_back['id']}") == (409, "payment-not-open")
        assert await floor.problem(alice, "POST", f"/payments/{taken_back['id']}/pay") == (409, "payment-not-open")
        floor.clock.now = unpaid["expires"]
        await work(floor)
        await work(floor)
        notices = {json.loads(heard.body)["order"]: json.loads(heard.body)["status"] for heard in shop.heard}
        assert notices == {taken_back["id"]: "cancelled", unpaid["id"]: "closed"}
        secrets = {each["id"]: each["notice_secret"] for each in (taken_back, unpaid)}
        assert len(set(secrets.values())) == 2, "one order's secret signs nothing for another"
        for heard in shop.heard:
            checked(heard, secrets[json.loads(heard.body)["order"]])


async def test_what_was_paid_cannot_be_taken_back(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    made = await floor.call(shopkeeper, "POST", "/merchant/orders", HAT)
    address = (await floor.call(alice, "POST", f"/payments/{made['id']}/address"))["address"]
    assert (await floor.call(alice, "POST", f"/payments/{made['id']}/address"))["address"] == address
    floor.chain.simulate_deposit(address, "0.5")
    await confirmed(floor)
    assert await floor.problem(shopkeeper, "DELETE", f"/merchant/orders/{made['id']}") == (409, "payment-begun")
    await floor.call(alice, "POST", f"/payments/{made['id']}/pay")
    assert (await floor.call(shopkeeper, "GET", f"/merchant/orders/{made['id']}"))["order"]["status"] == "paid"
    assert (available(floor, alice), available(floor, shopkeeper)) == ("99.0", "1.5")


async def test_an_order_without_notices_has_no_secret(floor: Floor, shopkeeper: Trader) -> None:
    made = await floor.call(shopkeeper, "POST", "/merchant/orders", HAT)
    assert (made["notify_url"], made["notice_secret"]) == (None, None)
    assert await floor.call(shopkeeper, "GET", f"/merchant/orders/{made['id']}/notice-secret") == {
        "notice_secret": None,
        "previous_until": None,
    }
    assert await floor.problem(shopkeeper, "POST", f"/merchant/orders/{made['id']}/notice-secret") == (409, "no-notices")


async def test_the_secret_is_for_whoever_may_move_money(floor: Floor, shopkeeper: Trader) -> None:
    async with Shop([TAKEN]) as shop:
        made = await floor.call(shopkeeper, "POST", "/merchant/orders", {**HAT, "notify_url": shop.url})
        path = f"/merchant/orders/{made['id']}"
        assert await floor.call(shopkeeper, "GET", f"{path}/notice-secret") == {
            "notice_secret": made["notice_secret"],
            "previous_until": None,
        }
        reader = floor.keyed(shopkeeper.user, frozenset({"read"}))
        for method in ("GET", "POST"):
            assert await floor.problem(reader, method, f"{path}/notice-secret") == (403, "scope-missing")
        for seen in (path, "/merchant/orders"):
            assert made["notice_secret"] not in json.dumps(await floor.call(reader, "GET", seen))


async def rotated(floor: Floor, shopkeeper: Trader, order: str) -> dict[str, Any]:
    """What the answer to a rotation says."""
    done = await floor.call(shopkeeper, "POST", f"/merchant/orders/{order}/notice-secret")
    assert await floor.call(shopkeeper, "GET", f"/merchant/orders/{order}/notice-secret") == done
    return dict(done)


async def test_a_rotated_secret_signs_and_the_one_before_it_too_for_a_day(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    async with Shop([reply(b"", "500 Oops"), TAKEN]) as shop:
        made = await floor.call(shopkeeper, "POST", "/merchant/orders", {**HAT, "notify_url": shop.url})
        await floor.call(alice, "POST", f"/payments/{made['id']}/pay")
        done = await rotated(floor, shopkeeper, made["id"])
        assert done["notice_secret"] != made["notice_secret"]
        assert done["previous_until"] == floor.clock.now + DAY
        await work(floor)
        floor.clock.now += DAY
        await work(floor)
        both, alone = shop.heard
        for heard in (both, alone):
            checked(heard, done["notice_secret"])
        assert field(both, "cambist-signature-previous") == signature(made["notice_secret"], field(both, "cambist-timestamp"), both.body)
        assert "cambist-signature-previous" not in alone.head
        shown = await floor.call(shopkeeper, "GET", f"/merchant/orders/{made['id']}/notice-secret")
        assert shown == {"notice_secret": done["notice_secret"], "previous_until": None}


async def test_each_rotation_gives_a_secret_that_none_had_and_only_the_last_but_one_signs_too(
    floor: Floor, alice: Trader, shopkeeper: Trader
) -> None:
    async with Shop([TAKEN]) as shop:
        made = await floor.call(shopkeeper, "POST", "/merchant/orders", {**HAT, "notify_url": shop.url})
        second, third = [(await rotated(floor, shopkeeper, made["id"]))["notice_secret"] for _ in range(2)]
        assert len({made["notice_secret"], second, third}) == 3
        await floor.call(alice, "POST", f"/payments/{made['id']}/pay")
        await work(floor)
        (heard,) = shop.heard
        checked(heard, third)
        assert field(heard, "cambist-signature-previous") == signature(second, field(heard, "cambist-timestamp"), heard.body)


async def test_nobody_rotates_the_secret_of_another(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    async with Shop([TAKEN]) as shop:
        made = await floor.call(shopkeeper, "POST", "/merchant/orders", {**HAT, "notify_url": shop.url})
        assert await floor.problem(alice, "POST", f"/merchant/orders/{made['id']}/notice-secret") == (404, "not-found")


async def test_a_notice_needs_no_key_that_lives(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    async with Shop([TAKEN]) as shop:
        made = await floor.call(shopkeeper, "POST", "/merchant/orders", {**HAT, "notify_url": shop.url})
        browser = Browser(floor)
        await browser.log_in("shop")
        of_page = await browser.call("POST", "/merchant/orders", {**HAT, "notify_url": shop.url})
        floor.directory.revoke(shopkeeper.key)
        for each in (made, of_page):
            await floor.call(alice, "POST", f"/payments/{each['id']}/pay")
        await work(floor)
        notices = {json.loads(heard.body)["order"]: heard for heard in shop.heard}
        for each in (made, of_page):
            checked(notices[each["id"]], each["notice_secret"])


INSIDE = ("http://10.0.0.7/", "http://169.254.169.254/a", "ftp://shop.example/", "http://u@shop.example/", "http://intranet/", "x")


@pytest.mark.parametrize("url", INSIDE)
async def test_notices_go_to_no_address_of_this_network(floor: Floor, shopkeeper: Trader, url: str) -> None:
    assert await floor.problem(shopkeeper, "POST", "/merchant/orders", {**HAT, "notify_url": url}) == (422, "url-invalid")


async def test_what_is_paid_is_sold_at_once(floor: Floor, alice: Trader, bob: Trader, shopkeeper: Trader) -> None:
    bid = {"market": "btc_usd", "side": "buy", "type": "limit", "price": "900", "amount": "5"}
    await floor.call(bob, "POST", "/orders", bid)
    made = await floor.call(shopkeeper, "POST", "/merchant/orders", {**HAT, "autosell": "btc_usd"})
    assert made["autosell"] == "btc_usd"
    await floor.call(alice, "POST", f"/payments/{made['id']}/pay")
    await work(floor)
    assert available(floor, shopkeeper) == "0.0"
    (fill,) = (await floor.call(shopkeeper, "GET", "/fills"))["rows"]
    assert (fill["side"], fill["amount"], fill["price"]) == ("sell", "1.5", "900")
    await work(floor)
    assert len((await floor.call(shopkeeper, "GET", "/fills"))["rows"]) == 1


@pytest.mark.parametrize(
    ("market", "status", "code"), [("xxx_yyy", 404, "market-unknown"), ("ltc_usd", 400, "request-invalid"), ("BTC", 404, "market-unknown")]
)
async def test_it_is_sold_in_a_market_of_that_asset(floor: Floor, shopkeeper: Trader, market: str, status: int, code: str) -> None:
    assert await floor.problem(shopkeeper, "POST", "/merchant/orders", {**HAT, "autosell": market}) == (status, code)


async def test_each_api_signs_its_own_orders(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    of_mtgox = mtgox.build(floor.services, DialectSettings()).webhook_signer
    assert of_mtgox is not None
    floor.merchants.outbox.sign_with(of_mtgox)
    theirs = floor.directory.mint_key(shopkeeper.user, MTGOX_KEY_FORM, ["merchant"])
    assert isinstance(theirs, ApiKey)
    async with Shop([TAKEN]) as shop:
        made = await floor.call(shopkeeper, "POST", "/merchant/orders", {**HAT, "notify_url": shop.url})
        asset, texts = floor.catalogue.assets.by_code("BTC"), OrderTexts("A hat", "http://s.example", "http://f.example", shop.url)
        assert asset is not None
        service = floor.merchants.service
        other = await service.create(shopkeeper.account, asset.id, 10**asset.scale, theirs.key, texts, terms=Terms(), meta=Meta)
        floor.sequencer.drain()
        for order in (made["id"], other):
            await floor.call(alice, "POST", f"/payments/{order}/pay")
        await work(floor)
        by_form = {field(heard, "content-type"): heard for heard in shop.heard}
        assert checked(by_form["application/json"], made["notice_secret"])["order"] == made["id"]
        assert field(by_form["application/x-www-form-urlencoded"], "rest-key") == theirs.key
        assert (await floor.call(shopkeeper, "GET", f"/merchant/orders/{other}/notice-secret"))["notice_secret"] is None
        assert await floor.problem(shopkeeper, "POST", f"/merchant/orders/{other}/notice-secret") == (409, "no-notices")


def test_a_signature_is_over_timestamp_and_body() -> None:
    assert signature("secret", "1", b"{}") == hmac.new(b"secret", b"1\n{}", hashlib.sha256).hexdigest()
