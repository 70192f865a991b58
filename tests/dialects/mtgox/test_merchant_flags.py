"""The flags of payment orders: several payments for one order, accounts only, and coins that are sold as they come."""

import re
from typing import Any

import pytest

from tests.dialects.mtgox.floor import AGENT, DAY, SECOND, Floor, Trader
from tests.dialects.mtgox.test_merchant import created, pay, visit
from tests.support.shop import OK, Shop

URLS = {"return_success": "https://a.example/", "return_failure": "https://a.example/"}


@pytest.fixture
def shopkeeper(floor: Floor) -> Trader:
    return floor.trader("shop", USD="1")


async def once(floor: Floor, made: dict[str, Any]) -> str:
    """What the form of the page carries."""
    page = await floor.send("GET", f"/payment/{made['transaction']}?account", headers=AGENT)
    found = re.search(rb'name="once" value="([0-9a-f]{32})"', page.body)
    assert found is not None
    return found[1].decode()


async def details(floor: Floor, shopkeeper: Trader, made: dict[str, Any]) -> dict[str, Any]:
    return dict(await floor.returned(shopkeeper, "generic/merchant/order/details", transaction=made["transaction"]))


async def tell(floor: Floor) -> None:
    await floor.services.merchants.outbox.run_due()
    floor.sequencer.drain()


async def work(floor: Floor, times: int = 3) -> None:
    """The merchant service at its work, and everything durable."""
    for _ in range(times):
        await floor.services.merchants.service.run_due(floor.clock.now)
        floor.sequencer.drain()


async def coins(floor: Floor, address: str, amount: str) -> None:
    """Coins come to an address and are credited."""
    floor.chain.simulate_deposit(address, amount)
    for _ in range(5):
        await floor.wallet.run_due(floor.clock.now)
        floor.sequencer.drain()
        floor.clock.now += 10 * SECOND


# --- multipay -----------------------------------------------------------------------------------------------------------------


async def test_an_order_is_paid_several_times_each_with_its_credit_and_its_notice(
    floor: Floor, alice: Trader, bob: Trader, shopkeeper: Trader
) -> None:
    async with Shop([OK]) as shop:
        made = await created(floor, shopkeeper, shop, multipay="1")
        for user in ("alice", "bob", "alice"):
            assert (await pay(floor, made, user, once=await once(floor, made))).status == 303
        paid = await floor.returned(bob, "generic/merchant/order/pay", transaction=made["transaction"])
        assert paid["status"] == "paid"
        await tell(floor)
        assert floor.available(shopkeeper, "BTC") == "6"
        assert (floor.available(alice, "BTC"), floor.available(bob, "BTC")) == ("97", "97")
        assert [(heard.fields["status"], heard.fields["amount"]) for heard in shop.heard] == [("paid", "150000000")] * 4
        assert len({heard.fields["payment_id"] for heard in shop.heard}) == 4
        assert {heard.fields["id"] for heard in shop.heard} == {made["transaction"]}
        reply = await details(floor, shopkeeper, made)
        assert (reply["status"], reply["multipay"], reply["amount_valid"]["value"]) == ("pending", True, "6")
        payments = await floor.returned(shopkeeper, "generic/merchant/order/payment", transaction=made["transaction"])
        assert {payment["payment_id"] for payment in payments} == {heard.fields["payment_id"] for heard in shop.heard}
        assert b"Pay now" in (await visit(floor, made)).body


async def test_one_form_sent_twice_pays_once(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    made = await created(floor, shopkeeper, multipay="1")
    token = await once(floor, made)
    assert [(await pay(floor, made, once=token)).status for _ in range(2)] == [303, 409]
    assert floor.available(shopkeeper, "BTC") == "1.5"
    for nonsense in ("", "x", token + "0"):
        assert (await pay(floor, made, once=nonsense)).status == 303
    assert floor.available(shopkeeper, "BTC") == "6"


async def test_coins_pay_it_again_and_again(floor: Floor, shopkeeper: Trader) -> None:
    async with Shop([OK]) as shop:
        made = await created(floor, shopkeeper, shop, multipay="1")
        await visit(floor, made, "coins")
        address = (await details(floor, shopkeeper, made))["address"]
        for amount in ("1.5", "0.5", "2"):
            await coins(floor, address, amount)
            assert b"Send exactly 1.5 BTC" in (await visit(floor, made)).body
            await tell(floor)
        assert [heard.fields["status"] for heard in shop.heard] == ["paid", "partial", "paid"]
        assert [heard.fields.get("amount") or heard.fields["amount_valid"] for heard in shop.heard] == [
            "150000000",
            "50000000",
            "200000000",
        ]
    assert floor.available(shopkeeper, "BTC") == "4"


async def test_one_payer_s_no_does_not_end_it_for_the_others(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    async with Shop([OK]) as shop:
        made = await created(floor, shopkeeper, shop, multipay="1")
        gone = await visit(floor, made, "cancel")
        assert (gone.status, dict(gone.headers)[b"location"]) == (303, f"{shop.url}/cart".encode())
        assert (await pay(floor, made)).status == 303
        floor.clock.now += 2 * DAY
        await work(floor)
        assert (await pay(floor, made)).status == 303
        floor.clock.now += 364 * DAY
        await work(floor)
        assert (await pay(floor, made)).status == 409
        await tell(floor)
        assert sorted(heard.fields["status"] for heard in shop.heard) == ["closed", "paid", "paid"]


async def test_other_orders_have_no_such_form(floor: Floor, shopkeeper: Trader) -> None:
    made = await created(floor, shopkeeper)
    assert b'name="once"' not in (await visit(floor, made)).body


# --- instant_only -------------------------------------------------------------------------------------------------------------


async def test_instant_only_takes_accounts_only(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    made = await created(floor, shopkeeper, instant_only="1")
    assert b"instead" not in (await visit(floor, made)).body
    refused = await visit(floor, made, "coins")
    assert refused.status == 409
    assert b"cannot be sent by coins" in refused.body
    reply = await details(floor, shopkeeper, made)
    assert (reply["instant_only"], reply["address"]) == (True, "")
    assert (await pay(floor, made)).status == 303


# --- autosell -----------------------------------------------------------------------------------------------------------------


async def test_coins_are_sold_when_they_are_credited_and_once_only(floor: Floor, alice: Trader, bob: Trader, shopkeeper: Trader) -> None:
    await floor.order(alice, "bid", "100", "5")
    made = await created(floor, shopkeeper, autosell="1")
    assert (await details(floor, shopkeeper, made))["autosell"] == "USD"
    assert (await pay(floor, made, "bob")).status == 303
    service = floor.services.merchants.service
    for _ in range(3):
        await service.run_due(floor.clock.now)  # asked again before it is durable, it sells nothing more
    await work(floor, 5)
    assert floor.available(shopkeeper, "BTC") == "0"
    assert floor.available(shopkeeper, "USD") == "150.1"
    (sold,) = await floor.returned(shopkeeper, "generic/private/trades")
    assert (sold["trade_type"], sold["properties"], sold["amount"]) == ("ask", "market", "1.5")
    assert service.view.unsold() == []


async def test_each_deposit_is_sold_when_it_is_credited_in_the_market_of_the_path(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    await floor.order(alice, "bid", "90", "5", "BTCEUR")
    made = await floor.returned(shopkeeper, "BTCEUR/merchant/order/create", currency="BTC", amount="1.5", autosell="true", **URLS)
    await visit(floor, made, "coins")
    address = (await details(floor, shopkeeper, made))["address"]
    floor.chain.simulate_deposit(address, "1")
    await floor.wallet.run_due(floor.clock.now)
    await work(floor)
    assert floor.available(shopkeeper, "EUR") == "0", "seen is not credited"
    await coins(floor, address, "0.5")
    await work(floor)
    assert floor.available(shopkeeper, "EUR") == "134.19"
    assert len(await floor.returned(shopkeeper, "generic/private/trades")) == 2


async def test_what_the_market_does_not_take_stays(floor: Floor, alice: Trader, shopkeeper: Trader) -> None:
    small, unwanted = [await created(floor, shopkeeper, amount=amount, autosell="1") for amount in ("0.0005", "2")]
    for made in (small, unwanted):
        assert (await pay(floor, made)).status == 303
    await work(floor)
    before = floor.engine.seq
    await work(floor, 5)
    assert floor.engine.seq == before, "asked once, and not again"
    await floor.order(alice, "bid", "100", "5")
    await work(floor)
    assert floor.available(shopkeeper, "BTC") == "2.0005"


async def test_a_market_that_rests_is_waited_for(floor: Floor, alice: Trader, bob: Trader, shopkeeper: Trader) -> None:
    await floor.order(alice, "bid", "100", "5")
    made = await created(floor, shopkeeper, autosell="1")
    floor.immediate.set_market_status(0, 1)
    assert (await pay(floor, made, "bob")).status == 303
    await work(floor)
    assert floor.available(shopkeeper, "BTC") == "1.5"
    floor.immediate.set_market_status(0, 0)
    await work(floor)
    assert floor.available(shopkeeper, "BTC") == "0"


@pytest.mark.parametrize("currency", ["EUR", "USD"])
async def test_only_coins_are_sold(floor: Floor, shopkeeper: Trader, currency: str) -> None:
    reply = await floor.error(shopkeeper, "generic/merchant/order/create", currency=currency, amount="1", autosell="1", **URLS)
    assert reply == 'Invalid parameter "autosell" (only coins that have a market can be sold)'


@pytest.mark.parametrize("off", ["", "0", "false"])
async def test_flags_that_are_off(floor: Floor, shopkeeper: Trader, off: str) -> None:
    made = await created(floor, shopkeeper, autosell=off, email=off, instant_only=off, multipay=off)
    reply = await details(floor, shopkeeper, made)
    assert [reply[name] for name in ("instant_only", "multipay", "autosell", "email")] == [False, False, None, False]


async def test_email_is_taken_and_nothing_is_mailed(floor: Floor, shopkeeper: Trader) -> None:
    made = await created(floor, shopkeeper, email="1")
    assert (await details(floor, shopkeeper, made))["email"] is False
