"""Markets, assets and anybody's orders, as an operator changes them on a running venue."""

from typing import Any

import pytest

from cambist.domain.orders import Side
from tests.operations.conftest import Office

XYZ_USD: dict[str, Any] = {
    "name": "xyz_usd",
    "price_decimals": 2,
    "min_price": "0.01",
    "max_price": "1000",
    "min_amount": "0.1",
    "max_amount": "1000",
}


async def test_an_asset_and_a_market_come_into_being_on_a_running_venue(office: Office, alice: int) -> None:
    assert await office.refused("market.create", **XYZ_USD) == "asset-unknown"
    await office.done("asset.create", code="XYZ", scale=16, display_scale=8)
    row = await office.done("market.create", **XYZ_USD, taker_fee_ppm=500)
    assert (row["status"], row["max_price"], row["taker_fee_ppm"], row["orders"]) == ("open", "1000", 500, 0)
    assert office.catalogue.markets.by_codes("XYZ", "USD") is not None
    assert [row["code"] for row in await office.done("asset.list")][-1] == "XYZ"
    assert await office.refused("market.create", **XYZ_USD) == "core-market-exists"
    assert await office.refused("asset.create", code="XYZ", scale=16, display_scale=8) == "core-asset-exists"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "XYZ_USD"}, "market-invalid"),
        ({"name": "usd_usd"}, "market-invalid"),
        ({"price_decimals": 12}, "market-invalid"),
        ({"min_price": "0"}, "market-invalid"),
        ({"min_price": "0.001"}, "market-invalid"),
        ({"max_price": "1e18"}, "market-invalid"),
        ({"taker_fee_ppm": 1_000_001}, "market-invalid"),
        ({"self_trade": "maybe"}, "arguments-invalid"),
        ({"min_price": 0.01}, "arguments-invalid"),
    ],
)
async def test_a_market_that_cannot_be_is_refused_as_in_a_configuration(office: Office, change: dict[str, Any], code: str) -> None:
    await office.done("asset.create", code="XYZ", scale=16, display_scale=8)
    before = await office.done("market.list")
    assert await office.refused("market.create", **(XYZ_USD | change)) == code
    assert await office.done("market.list") == before


@pytest.mark.parametrize(("code", "scale", "display"), [("X", 8, 8), ("lower", 8, 8), ("ABC", 19, 8), ("ABC", 8, 9), ("ABC", -1, -1)])
async def test_an_asset_that_cannot_be_is_refused(office: Office, code: str, scale: int, display: int) -> None:
    assert await office.refused("asset.create", code=code, scale=scale, display_scale=display) == "asset-invalid"


async def test_limits_and_fees_change_one_by_one(office: Office) -> None:
    (before, *_) = await office.done("market.list")
    after = await office.done("market.terms", name="btc_usd", taker_fee_ppm=100, min_amount="0.5")
    assert after == before | {"taker_fee_ppm": 100, "min_amount": "0.5"}
    assert await office.refused("market.terms", name="btc_usd") == "nothing-to-change"
    assert await office.refused("market.terms", name="btc_usd", min_price="99999999") == "market-invalid"
    assert await office.refused("market.terms", name="abc_def", min_price="1") == "market-unknown"


async def test_a_halted_market_opens_again(office: Office) -> None:
    assert (await office.done("market.status", name="btc_usd", halted=True))["status"] == "halted"
    assert (await office.done("market.status", name="btc_usd", halted=False))["status"] == "open"
    assert await office.refused("market.status", name="abc_def", halted=True) == "market-unknown"


async def test_anybodys_orders_are_seen_and_taken_back(office: Office, alice: int) -> None:
    first, second, third = (office.order(alice, Side.SELL, 9_000_000 + step, 10**7) for step in range(3))
    rows = await office.done("order.list", user="alice")
    assert [(row["id"], row["market"], row["side"], row["price"], row["amount"], row["state"]) for row in rows] == [
        (first, "btc_usd", "sell", "9000", "0.1", "open"),
        (second, "btc_usd", "sell", "9000.001", "0.1", "open"),
        (third, "btc_usd", "sell", "9000.002", "0.1", "open"),
    ]
    assert await office.done("order.list", user="alice", first_id=second, limit=1) == rows[1:2]
    assert await office.refused("order.cancel", orders=[first, 999]) == "order-unknown"
    assert office.engine.open_order_count(alice) == 3, "and nothing was cancelled"
    assert await office.done("order.cancel", orders=[first]) == [{"id": first, "cancelled": True, "reason": ""}]
    assert await office.done("order.list", user="alice", market="ltc_usd") == []
    assert await office.done("order.cancel-all", user="alice", market="ltc_usd") == {"count": 0}
    assert await office.done("order.cancel-all", user=f"@{alice}") == {"count": 2}
    finished = await office.done("order.list", user="alice", state="finished")
    assert [(row["id"], row["state"]) for row in finished] == [(third, "cancelled"), (second, "cancelled"), (first, "cancelled")]
    assert await office.refused("order.list", user="alice", market="abc_def") == "market-unknown"
    assert await office.refused("order.cancel", orders=[]) == "order-unknown"


async def test_files_that_cannot_be_written_are_a_sentence(office: Office) -> None:
    assert await office.refused("snapshot") == "snapshot-failed"
    assert await office.refused("backup", directory="/nowhere/backup") == "backup-failed"
    assert (await office.done("status"))["seq"] == office.engine.seq


async def test_an_account_has_fees_of_its_own_until_it_has_the_markets_again(office: Office) -> None:
    account = (await office.done("user.add", name="alice", password="a password"))["account"]
    plain = await office.done("fees.show", user="alice")
    assert {row["own"] for row in plain} == {False}
    own = await office.done("fees.set", user="alice", maker_ppm=0, taker_ppm=1_500)
    assert [row["market"] for row in own] == [row["market"] for row in plain]
    assert {(row["maker_ppm"], row["taker_ppm"], row["own"]) for row in own} == {(0, 1_500, True)}
    assert own == await office.done("fees.show", user=f"@{account}")
    assert await office.done("fees.set", user="alice") == plain


RATES = [{"maker_ppm": 1}, {"taker_ppm": 1}, {"maker_ppm": -1, "taker_ppm": 0}, {"maker_ppm": 0, "taker_ppm": 1_000_001}]


@pytest.mark.parametrize("rates", RATES)
async def test_fees_that_are_no_pair_of_rates_are_refused(rates: dict[str, int], office: Office) -> None:
    await office.done("user.add", name="alice", password="a password")
    assert await office.refused("fees.set", user="alice", **rates) == "fee-invalid"
    assert await office.refused("fees.show", user="nobody") == "user-unknown"


async def test_anybody_s_order_is_found_by_its_number(office: Office, alice: int) -> None:
    number = office.order(alice, Side.SELL, 9_000_000, 10**8)
    live = await office.done("order.find", order=number)
    assert (live["user"], live["market"], live["state"]) == ("alice", "btc_usd", "open")
    await office.done("order.cancel", orders=[number])
    assert (await office.done("order.find", order=number))["state"] == "cancelled"
    assert [await office.refused("order.find", order=unknown) for unknown in (number + 1, 0)] == ["order-unknown"] * 2


async def test_everybody_s_open_orders_come_newest_first_in_pages(office: Office, alice: int) -> None:
    bob = (await office.done("user.add", name="bob"))["account"]
    await office.done("fund", user="bob", amounts="BTC=10")
    numbers = [office.order(account, Side.SELL, 9_000_000, 10**8) for account in (alice, bob, alice)]
    await office.done("order.cancel", orders=[numbers[0]])
    first = await office.done("order.open", limit=1)
    assert [(row["id"], row["user"]) for row in first["rows"]] == [(numbers[2], "alice")]
    rest = await office.done("order.open", before=first["next"], market="btc_usd")
    assert [(row["id"], row["user"]) for row in rest["rows"]] == [(numbers[1], "bob")]
    assert rest["next"] is None
    assert (await office.done("order.open", market="ltc_usd"))["rows"] == []
    assert await office.refused("order.open", market="x_y") == "market-unknown"
