"""Money in and out: addresses, deposits, withdrawals, transfers, coupons, payments."""

from typing import Any

import msgspec

from cambist.api_types import funds as api
from cambist.api_types.values import Page
from tests.dialects.native.floor import Browser, Floor, Trader

MINUTE = 60_000_000
HAT = {"asset": "BTC", "amount": "1.5", "description": "A hat", "success_url": "http://s.example/", "failure_url": "http://f.example/"}


async def address(floor: Floor, trader: Trader) -> str:
    return str((await floor.call(trader, "POST", "/addresses/BTC"))["address"])


async def confirmed(floor: Floor) -> None:
    """Time for the simulated network to put everything into blocks, and the wallet to see it."""
    for _ in range(6):
        floor.clock.now += MINUTE
        await floor.wallet.run_due(floor.clock.now)
        floor.sequencer.drain()


def available(floor: Floor, trader: Trader, code: str = "BTC") -> str:
    spec = floor.catalogue.assets.by_code(code)
    assert spec is not None
    return str(floor.engine.balance(trader.account, spec.id)[0] / 10**spec.scale)


async def test_a_deposit_is_seen_and_credited(floor: Floor, alice: Trader) -> None:
    assert (await floor.call(alice, "GET", "/addresses/BTC"))["address"] is None
    made = msgspec.convert(await floor.call(alice, "POST", "/addresses/BTC"), api.DepositAddress)
    assert made.address is not None
    assert made.qr_svg is not None
    assert made.qr_svg.startswith('<svg xmlns="http://www.w3.org/2000/svg"'), "an image by itself"
    assert (await floor.call(alice, "GET", "/addresses/BTC"))["address"] == made.address
    floor.chain.simulate_deposit(made.address, "2.5")
    await floor.wallet.run_due(floor.clock.now)
    floor.sequencer.drain()
    (seen,) = (await floor.call(alice, "GET", "/deposits"))["rows"]
    assert (seen["amount"], seen["status"], seen["address"]) == ("2.5", "pending", made.address)
    await confirmed(floor)
    (credited,) = msgspec.convert(await floor.call(alice, "GET", "/deposits"), Page[api.Deposit]).rows
    assert (credited.id, credited.status) == (seen["id"], "done")
    shown = msgspec.convert(await floor.call(alice, "GET", f"/transfers/{credited.id}"), api.Transfer)
    assert (shown.kind, shown.direction, shown.amount, shown.txid) == ("deposit", "in", "2.5", credited.txid)
    assert await floor.problem(alice, "POST", "/addresses/XXX") == (404, "asset-unknown")
    assert available(floor, alice) == "102.5"


async def test_a_withdrawal_is_sent_or_taken_back(floor: Floor, alice: Trader, bob: Trader) -> None:
    to = await address(floor, bob)
    said = {"asset": "BTC", "amount": "3", "address": to}
    waiting = msgspec.convert(await floor.call(alice, "POST", "/withdrawals", said), api.Withdrawal)
    assert (waiting.status, waiting.amount, available(floor, alice)) == ("waiting", "3", "97.0")
    back = await floor.call(alice, "DELETE", f"/withdrawals/{waiting.id}")
    assert (back["status"], available(floor, alice)) == ("cancelled", "100.0")
    assert await floor.problem(alice, "DELETE", f"/withdrawals/{waiting.id}") == (409, "not-cancellable")
    sent = await floor.call(alice, "POST", "/withdrawals", said)
    await confirmed(floor)
    assert (await floor.call(alice, "GET", f"/withdrawals/{sent['id']}"))["status"] == "done"
    assert [row["id"] for row in (await floor.call(alice, "GET", "/withdrawals?limit=1"))["rows"]] == [sent["id"]]
    page = await floor.call(alice, "GET", "/withdrawals?limit=1")
    rest = await floor.call(alice, "GET", f"/withdrawals?cursor={page['next']}")
    assert ([row["id"] for row in rest["rows"]], rest["next"]) == ([waiting.id], None)
    kinds = [row["kind"] for row in (await floor.call(alice, "GET", "/transfers?kind=withdrawal"))["rows"]]
    assert kinds == ["withdrawal", "withdrawal"]


async def test_a_withdrawal_under_a_key_is_made_once_also_after_a_restart(floor: Floor, alice: Trader, bob: Trader) -> None:
    said = {"asset": "BTC", "amount": "3", "address": await address(floor, bob)}
    key = {"idempotency-key": "w-1"}
    first = await floor.call(alice, "POST", "/withdrawals", said, key)
    assert await floor.call(alice, "POST", "/withdrawals", said, key) == first
    floor.restart_dialect()
    assert (await floor.call(alice, "POST", "/withdrawals", said, key))["id"] == first["id"]
    floor.restart_dialect()
    assert await floor.problem(alice, "POST", "/withdrawals", {**said, "amount": "4"}, key) == (422, "idempotency-key-reused")
    assert available(floor, alice) == "97.0"


async def test_withdrawals_that_are_refused(floor: Floor, alice: Trader) -> None:
    to = await address(floor, alice)
    before = floor.state()
    for said, status, code in (
        ({"asset": "XXX", "amount": "1", "address": to}, 404, "asset-unknown"),
        ({"asset": "BTC", "amount": "0", "address": to}, 400, "request-invalid"),
        ({"asset": "BTC", "amount": "0.000000001", "address": to}, 422, "too-many-decimals"),
        ({"asset": "BTC", "amount": "1", "address": "nowhere"}, 422, "coin-address-invalid"),
        ({"asset": "USD", "amount": "1", "address": to}, 409, "no-network"),
        ({"asset": "BTC", "amount": "1000", "address": to}, 409, "insufficient-funds"),
        ({"asset": "BTC", "amount": "9" * 30, "address": to}, 422, "amount-too-large"),
    ):
        assert await floor.problem(alice, "POST", "/withdrawals", said) == (status, code), said
    assert floor.state() == before


async def test_a_coupon_is_redeemed_once(floor: Floor, alice: Trader, bob: Trader) -> None:
    made = msgspec.convert(await floor.call(alice, "POST", "/coupons", {"asset": "BTC", "amount": "2"}), api.CouponCreated)
    assert made.code.startswith("CAMBIST-BTC-")
    (listed,) = msgspec.convert(await floor.call(alice, "GET", "/coupons"), Page[api.Coupon]).rows
    assert (listed.redeemed, listed.amount, listed.receiver) == (False, "2", None)
    redeemed = await floor.call(bob, "POST", "/coupons/redeem", {"code": made.code.lower().replace("-", " ")})
    assert (redeemed["asset"], redeemed["amount"], available(floor, bob)) == ("BTC", "2", "102.0")
    assert await floor.call(bob, "POST", "/coupons/redeem", {"code": made.code}) == redeemed
    assert await floor.problem(alice, "POST", "/coupons/redeem", {"code": made.code}) == (409, "coupon-redeemed")
    assert await floor.problem(alice, "POST", "/coupons/redeem", {"code": "nonsense"}) == (404, "coupon-invalid")
    assert (await floor.call(alice, "GET", "/coupons"))["rows"][0]["redeemed"] is True
    assert available(floor, bob) == "102.0"


async def test_a_coupon_for_one_user_and_one_of_one_s_own_code(floor: Floor, alice: Trader, bob: Trader) -> None:
    said = {"asset": "BTC", "amount": "1", "receiver": "bob", "code": "0123456789abcdefABCDEF9876543210"}
    first = await floor.call(alice, "POST", "/coupons", said)
    floor.restart_dialect()
    assert await floor.call(alice, "POST", "/coupons", said) == first
    assert await floor.problem(alice, "POST", "/coupons", {**said, "amount": "2"}) == (409, "coupon-code-used")
    assert await floor.problem(bob, "POST", "/coupons", said) == (409, "coupon-code-used")
    assert available(floor, alice) == "99.0"
    assert await floor.problem(alice, "POST", "/coupons/redeem", {"code": said["code"]}) == (404, "coupon-invalid")
    await floor.call(bob, "POST", "/coupons/redeem", {"code": said["code"]})
    for wrong, status, code in (
        ({**said, "receiver": "nobody"}, 404, "user-unknown"),
        ({**said, "code": "short"}, 400, "request-invalid"),
        ({**said, "code": None, "amount": "1000"}, 409, "insufficient-funds"),
    ):
        assert await floor.problem(alice, "POST", "/coupons", wrong) == (status, code), wrong


async def test_a_payment_is_asked_for_and_paid(floor: Floor, alice: Trader, bob: Trader) -> None:
    order = msgspec.convert(await floor.call(alice, "POST", "/merchant/orders", HAT), api.MerchantOrder)
    asked = msgspec.convert(await floor.call(bob, "GET", f"/payments/{order.id}"), api.PaymentRequest)
    assert (asked.payee, asked.amount, asked.missing, asked.status) == ("alice", "1.5", "1.5", "open")
    assert await floor.problem(alice, "POST", f"/payments/{order.id}/pay") == (409, "own-payment")
    paid = await floor.call(bob, "POST", f"/payments/{order.id}/pay")
    assert (paid["status"], paid["missing"], available(floor, alice), available(floor, bob)) == ("paid", "0", "101.5", "98.5")
    assert await floor.problem(bob, "POST", f"/payments/{order.id}/pay") == (409, "payment-not-open")
    details = msgspec.convert(await floor.call(alice, "GET", f"/merchant/orders/{order.id}"), api.MerchantOrderDetails)
    assert [(payment.amount, payment.pending) for payment in details.payments] == [("1.5", False)]
    assert await floor.problem(bob, "GET", f"/payments/{'f' * 32}") == (404, "not-found")


async def test_payments_that_cannot_be_asked_for(floor: Floor, alice: Trader) -> None:
    for said, status, code in (
        ({**HAT, "asset": "XXX"}, 404, "asset-unknown"),
        ({**HAT, "amount": "0"}, 400, "request-invalid"),
        ({**HAT, "success_url": "javascript:alert(1)"}, 422, "url-invalid"),
    ):
        assert await floor.problem(alice, "POST", "/merchant/orders", said) == (status, code), said


async def test_merchant_orders_come_in_pages(floor: Floor, alice: Trader, bob: Trader) -> None:
    ids = [(await floor.call(alice, "POST", "/merchant/orders", HAT))["id"] for _ in range(5)]
    await floor.call(bob, "POST", "/merchant/orders", HAT)
    rows: list[Any] = []
    cursor = ""
    while True:
        page = await floor.call(alice, "GET", f"/merchant/orders?limit=2{cursor}")
        rows += [row["id"] for row in page["rows"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert rows == ids[::-1]


async def test_a_browser_s_session_moves_money_too(floor: Floor, alice: Trader, bob: Trader) -> None:
    browser = Browser(floor)
    await browser.log_in("alice")
    made = await browser.call("POST", "/coupons", {"asset": "BTC", "amount": "2"}, {"idempotency-key": "c"})
    assert await browser.call("POST", "/coupons", {"asset": "BTC", "amount": "2"}, {"idempotency-key": "c"}) == made
    assert available(floor, alice) == "98.0"


async def test_remembered_replies_are_put_back_with_a_saved_state(floor: Floor, alice: Trader) -> None:
    key, said = {"idempotency-key": "c"}, {"asset": "BTC", "amount": "2"}
    made = await floor.call(alice, "POST", "/coupons", said, key)
    saved = floor.services.state_parts.save()
    floor.restart_dialect()
    floor.services.state_parts.restore(saved)
    assert await floor.call(alice, "POST", "/coupons", said, key) == made
    assert available(floor, alice) == "98.0"
