"""Payments as a shop and its customer see them: create, pay, and the signed notice, with a real little shop on loopback."""

import re
from typing import Any
from urllib.parse import urlencode

import pyotp
import pytest

from cambist.merchant import MerchantRejection
from tests.dialects.mtgox.floor import AGENT, DAY, NOON, SECOND, Floor, Trader
from tests.support.floor import one_process
from tests.support.shop import CHUNKED_OK, OK, Shop, reply

PAUSE = 30 * 60 * SECOND


@pytest.fixture
def shopkeeper(floor: Floor) -> Trader:
    return floor.trader("shop", USD="1")


async def created(floor: Floor, shopkeeper: Trader, shop: Shop | None = None, **fields: object) -> dict[str, Any]:
    base = shop.url if shop is not None else "https://shop.example"
    asked = {"currency": "BTC", "amount": "1.5", "return_success": f"{base}/thanks?a=1", "return_failure": f"{base}/cart", **fields}
    if shop is not None:
        asked["ipn"] = f"{base}/ipn"
    made = await floor.returned(shopkeeper, "generic/private/merchant/order/create", **asked)
    assert list(made) == ["transaction", "payment_url"]
    assert made["payment_url"] == f"http://127.0.0.1:8700/payment/{made['transaction']}"
    return dict(made)


async def visit(floor: Floor, made: dict[str, Any], act: str = "", **fields: str) -> Any:
    path = f"/payment/{made['transaction']}" + (f"/{act}" if act else "")
    reply = await floor.send("POST" if act else "GET", path, urlencode(fields).encode(), AGENT)
    floor.sequencer.drain()
    return reply


def location(reply: Any) -> str:
    where: bytes = dict(reply.headers)[b"location"]
    return where.decode()


async def pay(floor: Floor, made: dict[str, Any], user: str = "alice", password: str = "a password", **fields: str) -> Any:
    return await visit(floor, made, "pay", user=user, password=password, **fields)


async def test_create_pay_and_hear_of_it(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    async with Shop([OK]) as shop:
        made = await created(floor, shopkeeper, shop, description="Two <b>pairs</b> of socks", data="order 7&x=1")
        page = await visit(floor, made)
        text = page.body.decode()
        assert page.status == 200
        assert page.content_type == b"text/html; charset=utf-8"
        for words in ("Two &lt;b&gt;pairs&lt;/b&gt; of socks", "1.50000000 BTC", "Payment to shop", "Pay now"):
            assert words in text
        assert "<b>" not in text
        paid = await pay(floor, made)
        assert paid.status == 303
        assert location(paid) == f"{shop.url}/thanks?a=1"
        assert floor.available(alice, "BTC") == "98.5"
        assert floor.available(shopkeeper, "BTC") == "1.5"
        assert "Thank you" in (await visit(floor, made)).body.decode()
        await floor.services.merchants.outbox.run_due()
        (heard,) = shop.heard
    assert heard.head.startswith("POST /ipn HTTP/1.1\r\n")
    assert heard.headers["content-type"] == "application/x-www-form-urlencoded"
    assert heard.signed_by(shopkeeper.key.key, shopkeeper.key.secret)
    fields = heard.fields
    assert list(fields) == ["id", "payment_id", "status", "amount", "currency", "method", "date", "data", "aonce"]
    assert fields["id"] == made["transaction"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", fields["payment_id"])
    assert (fields["status"], fields["amount"], fields["currency"], fields["method"]) == ("paid", "150000000", "BTC", "MTGOXBTC")
    assert (fields["date"], fields["data"]) == ("2026-11-18 11:06:40", "order 7&x=1")
    floor.sequencer.drain()
    floor.clock.now += 10 * DAY
    await floor.services.merchants.outbox.run_due()
    assert len(shop.heard) == 1


async def test_it_is_sent_every_half_hour_until_it_is_acknowledged(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    async with Shop([reply(b"thanks"), reply(b"[OK]", "500 Oops"), CHUNKED_OK]) as shop:
        made = await created(floor, shopkeeper, shop)
        await pay(floor, made)
        outbox = floor.services.merchants.outbox
        for heard in (1, 2, 3, 3):
            await outbox.run_due()
            await outbox.run_due()
            floor.sequencer.drain()
            assert len(shop.heard) == heard
            floor.clock.now += PAUSE - 1
            await outbox.run_due()
            assert len(shop.heard) == heard
            floor.clock.now += 1
        assert len({heard.body for heard in shop.heard}) == 1
        assert all(heard.signed_by(shopkeeper.key.key, shopkeeper.key.secret) for heard in shop.heard)
    assert floor.available(shopkeeper, "BTC") == "1.5"


@pytest.mark.parametrize("answer", [b"[ok]", b"OK", b"[OK][OK]", b"<html>[OK]</html>", b""])
async def test_anything_but_ok_is_an_error_and_tries_are_counted(floor: Floor, alice: Trader, shopkeeper: Trader, answer: bytes) -> None:
    async with Shop([reply(answer)]) as shop:
        made = await created(floor, shopkeeper, shop)
        await pay(floor, made)
        for _ in range(10):
            await floor.services.merchants.outbox.run_due()
            floor.clock.now += PAUSE
        assert len(shop.heard) == 4
    ((status, attempts, due, said),) = floor.services.merchants.service.view.notices(made["transaction"].replace("-", ""))
    assert (status, attempts, due, said) == ("paid", 4, None, "status 200")


async def test_a_redirect_is_not_followed_and_a_flood_not_read(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    async with Shop([OK]) as inside, Shop([reply(b"", "302 Found", f"Location: {inside.url}/ipn"), reply(b"x" * 200_000), OK]) as shop:
        await pay(floor, await created(floor, shopkeeper, shop))
        for _ in range(3):
            await floor.services.merchants.outbox.run_due()
            floor.clock.now += PAUSE
        assert (len(shop.heard), len(inside.heard)) == (3, 0)


async def test_paying_twice_pays_once(floor: Floor, alice: Trader, bob: Trader, shopkeeper: Trader) -> None:
    made = await created(floor, shopkeeper)
    answers = [await floor.send("POST", f"/payment/{made['transaction']}/pay", b"user=alice&password=a+password", AGENT) for _ in range(2)]
    floor.sequencer.drain()
    assert sorted(answer.status for answer in answers) == [303, 409]
    assert (await pay(floor, made, "bob")).status == 409
    assert floor.available(shopkeeper, "BTC") == "1.5"
    assert floor.available(alice, "BTC") == "98.5"


@one_process
async def test_two_payers_in_one_tick(floor: Floor, alice: Trader, bob: Trader, shopkeeper: Trader) -> None:
    made = await created(floor, shopkeeper)
    floor.sequencer.drain()
    service = floor.services.merchants.service
    order = service.order(made["transaction"].replace("-", ""))
    assert order is not None
    outcomes = [await service.pay(order, payer.account, part=payer.user.name) for payer in (alice, bob)]
    codes = [outcome.code for outcome in outcomes if not isinstance(outcome, str)]
    assert codes == [0, 50]
    floor.sequencer.drain()
    assert floor.available(shopkeeper, "BTC") == "1.5"
    assert floor.available(bob, "BTC") == "100"


async def test_what_a_payer_may_do_wrong(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    made = await created(floor, shopkeeper)
    before = floor.money()
    for user, password in (("alice", "wrong"), ("nobody", "a password"), ("", "")):
        wrong = await pay(floor, made, user, password)
        assert wrong.status == 403
        assert "Name, password or code is not right." in wrong.body.decode()
    assert "is your own" in (await pay(floor, made, "shop")).body.decode()
    poor = await created(floor, shopkeeper, amount="1000")
    assert "not enough money" in (await pay(floor, poor)).body.decode()
    assert floor.money() == before
    for _ in range(10):
        last = await pay(floor, made, "alice", "wrong")
    assert last.status == 429
    floor.clock.now += 61 * SECOND
    assert (await pay(floor, made)).status == 303


async def test_a_second_factor_is_asked_for(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    key = (await floor.returned(alice, "generic/hotp_gen"))["key"]
    codes = pyotp.HOTP(key)
    first, second, third = [await created(floor, shopkeeper, amount="1") for _ in range(3)]
    assert (await pay(floor, first, code="000000")).status == 403
    assert (await pay(floor, first, code=codes.at(0))).status == 303
    assert (await pay(floor, second)).status == 403
    assert (await pay(floor, second, code=codes.at(0))).status == 403
    assert (await pay(floor, second, code=codes.at(1))).status == 303
    floor.directory.hotp.remove(alice.user)
    assert (await pay(floor, third)).status == 303


async def test_cancelling(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    async with Shop([OK]) as shop:
        made = await created(floor, shopkeeper, shop)
        gone = await visit(floor, made, "cancel")
        assert (gone.status, location(gone)) == (303, f"{shop.url}/cart")
        assert (await pay(floor, made)).status == 409
        assert "was cancelled" in (await visit(floor, made)).body.decode()
        await floor.services.merchants.outbox.run_due()
        assert [heard.fields["status"] for heard in shop.heard] == ["cancelled"]
        assert list(shop.heard[0].fields) == ["id", "payment_id", "status", "aonce"]
    assert floor.available(alice, "BTC") == "100"


async def test_an_order_that_nobody_pays_is_closed(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    async with Shop([OK]) as shop:
        made = await created(floor, shopkeeper, shop)
        floor.clock.now += DAY - 1
        await floor.services.merchants.service.run_due(floor.clock.now)
        floor.sequencer.drain()
        assert "Pay now" in (await visit(floor, made)).body.decode()
        floor.clock.now += 1
        await floor.services.merchants.service.run_due(floor.clock.now)
        floor.sequencer.drain()
        assert "not made in time" in (await visit(floor, made)).body.decode()
        await floor.services.merchants.outbox.run_due()
        assert [heard.fields["status"] for heard in shop.heard] == ["closed"]


async def test_paying_by_coins_in_parts(floor: Floor, shopkeeper: Trader) -> None:
    async with Shop([OK]) as shop:
        made = await created(floor, shopkeeper, shop)
        assert (await visit(floor, made, "coins")).status == 303
        details = await floor.returned(shopkeeper, "generic/merchant/order/details", transaction=made["transaction"])
        address = details["address"]
        text = (await visit(floor, made)).body.decode()
        assert address in text
        assert "Send exactly 1.5 BTC" in text
        assert f'href="bitcoin:{address}?amount=1.5&amp;label=Payment%20to%20shop"' in text
        assert "<svg" in text
        # The page on which something is typed does not look again by itself; the one for whoever has sent coins does.
        assert "Pay now" in text
        assert "refresh" not in text
        watching = (await floor.send("GET", f"/payment/{made['transaction']}?coins")).body.decode()
        assert address in watching
        assert "Pay now" not in watching
        assert f'content="10;url=/payment/{made["transaction"]}?coins"' in watching
        await visit(floor, made, "coins")
        assert address in (await visit(floor, made)).body.decode()
        assert (await floor.returned(shopkeeper, "generic/bitcoin/address"))["addr"] != address

        async def send(amount: str) -> None:
            floor.chain.simulate_deposit(address, amount)
            for _ in range(3):
                await floor.wallet.run_due(floor.clock.now)
                floor.sequencer.drain()

        async def confirm() -> None:
            for _ in range(4):
                floor.clock.now += 60 * SECOND
                await floor.wallet.run_due(floor.clock.now)
                floor.sequencer.drain()
            await floor.services.merchants.outbox.run_due()

        await send("0.5")
        assert "is on its way" in (await visit(floor, made)).body.decode()
        assert "something was paid" in (await visit(floor, made, "cancel")).body.decode().lower()
        assert floor.available(shopkeeper, "BTC") == "0"
        await confirm()
        assert [heard.fields["status"] for heard in shop.heard] == ["partial"]
        assert list(shop.heard[0].fields) == [
            "id", "payment_id", "status", "amount_pending", "amount_valid", "amount_total", "currency", "aonce",
        ]  # fmt: skip
        assert [shop.heard[0].fields[name] for name in ("amount_pending", "amount_valid", "amount_total")] == ["0", "50000000", "150000000"]
        assert "Send exactly 1 BTC" in (await visit(floor, made)).body.decode()
        await send("1")
        await confirm()
        await confirm()
        assert [heard.fields["status"] for heard in shop.heard] == ["partial", "paid"]
        assert shop.heard[1].fields["amount"] == "150000000"
        assert shop.heard[0].fields["payment_id"] != shop.heard[1].fields["payment_id"]
    assert floor.available(shopkeeper, "BTC") == "1.5"
    payments = await floor.returned(shopkeeper, "generic/merchant/order/payment", transaction=made["transaction"])
    assert [(payment["amount"]["value"], payment["status"], payment["method"]) for payment in payments] == [
        ("0.5", "valid", "BITCOIN"),
        ("1", "valid", "BITCOIN"),
    ]


@pytest.mark.parametrize("status", ["cancelled", "closed"])
async def test_coins_that_come_too_late_are_credited_and_reopen_nothing(
    floor: Floor, alice: Trader, shopkeeper: Trader, status: str
) -> None:
    async with Shop([OK]) as shop:
        made = await created(floor, shopkeeper, shop)
        await visit(floor, made)
        details = await floor.returned(shopkeeper, "generic/merchant/order/details", transaction=made["transaction"])
        if status == "cancelled":
            await visit(floor, made, "cancel")
        else:
            floor.clock.now += DAY
            await floor.services.merchants.service.run_due(floor.clock.now)
            floor.sequencer.drain()
        for amount in ("0.5", "1", "3"):
            floor.chain.simulate_deposit(details["address"], amount)
            for _ in range(5):
                await floor.wallet.run_due(floor.clock.now)
                await floor.services.merchants.service.run_due(floor.clock.now)
                floor.sequencer.drain()
                floor.clock.now += 60 * SECOND
            await floor.services.merchants.outbox.run_due()
            floor.sequencer.drain()
            assert (await pay(floor, made)).status == 409
            asked = await floor.returned(shopkeeper, "generic/merchant/order/details", transaction=made["transaction"])
            assert asked["status"] == status
        assert asked["amount_valid"]["value"] == "4.5"
        assert floor.available(shopkeeper, "BTC") == "4.5"
        assert [heard.fields["status"] for heard in shop.heard] == [status] * 4
        assert [heard.fields.get("amount_valid") for heard in shop.heard] == [None, "50000000", "150000000", "450000000"]
        assert len({heard.fields["payment_id"] for heard in shop.heard}) == 4


@one_process
async def test_a_payment_that_meets_a_cancellation_is_refused(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    made = await created(floor, shopkeeper)
    floor.sequencer.drain()
    floor.journal.held = True
    service = floor.services.merchants.service
    order = service.order(made["transaction"].replace("-", ""))
    assert order is not None
    assert await service.cancel(order) is None
    assert await service.pay(order, alice.account, part="x") == MerchantRejection.NOT_OPEN
    assert await service.coins(order) == MerchantRejection.NOT_OPEN
    floor.journal.let_go()
    floor.sequencer.drain()
    assert floor.available(alice, "BTC") == "100"


async def test_fiat_is_paid_from_accounts_only(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    made = await created(floor, shopkeeper, currency="EUR", amount="", amount_int="1234500")
    text = (await visit(floor, made)).body.decode()
    assert "12.34500 €" in text
    assert "instead" not in text
    assert "bitcoin:" not in text
    assert (await visit(floor, made, "coins")).status == 409
    assert (await pay(floor, made)).status == 303
    assert floor.available(shopkeeper, "EUR") == "12.345"


async def test_paying_through_the_api(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    made = await created(floor, shopkeeper)
    paid = await floor.returned(alice, "generic/merchant/order/pay", transaction=made["transaction"])
    assert paid == {"transaction": made["transaction"], "status": "paid"}
    floor.sequencer.drain()
    assert await floor.error(alice, "generic/merchant/order/pay", transaction=made["transaction"]) == (
        "This order is not waiting for a payment any more"
    )
    details = await floor.returned(shopkeeper, "generic/merchant/order/details", transaction=made["transaction"])
    assert (details["status"], details["amount_valid"]["value"], details["description"]) == ("paid", "1.5", "Payment to shop")
    assert await floor.error(alice, "generic/merchant/order/details", transaction=made["transaction"]) == "Payment order not found"
    history = await floor.returned(shopkeeper, "generic/wallet/history", currency="BTC")
    assert [(row["Type"], row["Info"]) for row in history["result"]] == [("deposit", "Merchant payment")]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"currency": "XYZ"}, '"currency"'),
        ({"amount": "0"}, '"amount"'),
        ({"amount": "-1"}, '"amount" (is below zero)'),
        ({"amount": "0.000000001"}, '"amount" (has more than 8 decimals)'),
        ({"return_success": ""}, '"return_success" (is required)'),
        ({"return_failure": ""}, '"return_failure" (is required)'),
        ({"return_success": "javascript:alert(1)"}, "return_success, return_failure or ipn"),
        ({"return_success": "https://a.example/\r\nSet-Cookie: x=1"}, "return_success, return_failure or ipn"),
        ({"ipn": "http://10.0.0.1/"}, "return_success, return_failure or ipn"),
        ({"ipn": "file:///etc/passwd"}, "return_success, return_failure or ipn"),
        ({"data": "x" * 3000}, "too long"),
        ({"amount": "", "amount_int": "99999999999999999999"}, '"amount_int" (is too large: at most 18446744073709551615)'),
        ({"amount": "", "amount_int": "1e9999999999999999999"}, '"amount_int" (is no whole number)'),
        ({"amount": "", "amount_int": "1.5"}, '"amount_int" (is no whole number)'),
        ({"amount": "184467440737.09551616"}, '"amount" (is too large: at most 184467440737.09551615)'),
        ({"amount": "1e30"}, '"amount" (is too large: at most 184467440737.09551615)'),
        ({"amount": "0." + "0" * 70}, '"amount" (is too long)'),
        ({"amount": "1", "amount_int": "100000001"}, '"amount" (contradicts amount_int)'),
        ({"amount": "", "amount_int": ""}, '"amount_int" (is empty)'),
        ({"ipn": "http://shop.example/ipn"}, "return_success, return_failure or ipn"),
        ({"ipn": "http://192.0.0.192/ipn"}, "return_success, return_failure or ipn"),
    ],
)
async def test_orders_that_are_refused(floor: Floor, shopkeeper: Trader, fields: dict[str, str], error: str) -> None:
    good = {"currency": "BTC", "amount": "1", "return_success": "https://a.example/", "return_failure": "https://a.example/"}
    assert error in await floor.error(shopkeeper, "generic/merchant/order/create", **{**good, **fields})


async def test_the_page_is_safe_against_other_pages(floor: Floor, shopkeeper: Trader) -> None:
    made = await created(floor, shopkeeper, description='"><script>alert(1)</script>', data="x")
    page = await visit(floor, made)
    policy = dict(page.headers)[b"content-security-policy"].decode()
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' https://shop.example" in policy
    assert b"<script" not in page.body
    for wrong in ("00000000-0000-4000-8000-000000000000", made["transaction"].replace("-", "x")):
        assert (await floor.send("GET", f"/payment/{made['transaction'][:0]}{wrong}")).status == 404


async def test_a_posted_redirect_from_the_shop_shows_the_page(floor: Floor, shopkeeper: Trader) -> None:
    made = await created(floor, shopkeeper)
    shown = await floor.send("POST", f"/payment/{made['transaction']}", b"anything=1", AGENT)
    assert shown.status == 200
    assert b"Pay now" in shown.body


async def test_once_the_key_is_revoked_nothing_can_be_signed(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    async with Shop([OK]) as shop:
        made = await created(floor, shopkeeper, shop)
        await pay(floor, made)
        floor.directory.revoke(shopkeeper.key)
        await floor.services.merchants.outbox.run_due()
        assert shop.heard == []
    assert floor.available(shopkeeper, "BTC") == "1.5"
    assert floor.clock.now == NOON


async def test_a_shop_has_only_so_many_orders_that_wait(floor: Floor, shopkeeper: Trader) -> None:
    floor.merchants.service._most_open_orders = 2
    waiting = [await created(floor, shopkeeper) for _order in range(2)]
    floor.sequencer.drain()
    asked = {"currency": "BTC", "amount": "1.5", "return_success": "https://shop.example/", "return_failure": "https://shop.example/"}
    refused = await floor.error(shopkeeper, "generic/private/merchant/order/create", **asked)
    assert MerchantRejection.TOO_MANY_ORDERS.words in refused.lower()
    await visit(floor, waiting[0], "cancel")
    await created(floor, shopkeeper)
