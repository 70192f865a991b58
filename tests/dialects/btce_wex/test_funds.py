"""`CoinDepositAddress`, `WithdrawCoin`, `CreateCoupon`, `RedeemCoupon`."""

import asyncio
import re

import pytest

from cambist import _core
from cambist.domain.units import AssetId
from tests.dialects.btce_wex.floor import SECOND, Floor, Trader

ADDRESS = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"


def asset_id(floor: Floor, code: str) -> AssetId:
    spec = floor.catalogue.assets.by_code(code)
    assert spec is not None
    return spec.id


async def status(floor: Floor, trader: Trader, transaction: int) -> tuple[int, float, str, str, int]:
    row = (await floor.returned(trader, "TransHistory", from_id=transaction, end_id=transaction))[str(transaction)]
    return row["type"], row["amount"], row["currency"], row["desc"], row["status"]


async def test_an_address_that_was_generated(floor: Floor, alice: Trader) -> None:
    assert await floor.error(alice, "CoinDepositAddress", coinName="BTC") == "address has not been generated yet"
    address = await floor.wallet.new_address(alice.account, asset_id(floor, "BTC"))
    await floor.call(alice, "CoinDepositAddress", coinName="BTC")
    assert floor.replies[-1] == f'{{"success":1,"return":{{"address":"{address}"}}}}'.encode()
    assert (await floor.returned(alice, "CoinDepositAddress", coinName="btc"))["address"] == address


@pytest.mark.parametrize("coin", ["", "XYZ", "BTC,LTC", "\x00", "B" * 5000])
async def test_a_coin_that_is_none(floor: Floor, alice: Trader, coin: str) -> None:
    assert await floor.error(alice, "CoinDepositAddress", coinName=coin) == "invalid parameter: coinName"
    assert await floor.error(alice, "WithdrawCoin", coinName=coin, amount=1, address=ADDRESS) == "invalid parameter: coinName"
    assert await floor.error(alice, "CreateCoupon", coinName=coin, amount=1) == f"invalid parameter: {'coinName' if coin else 'currency'}"
    assert await floor.error(alice, "CreateCoupon", currency=coin, amount=1) == "invalid parameter: currency"


async def test_a_withdrawal_as_it_proceeds(floor: Floor, alice: Trader) -> None:
    answer = await floor.returned(alice, "WithdrawCoin", coinName="BTC", amount="0.31", address=ADDRESS)
    assert list(answer) == ["tId", "amountSent", "funds"]
    assert answer["amountSent"] == 0.31
    assert answer["funds"]["btc"] == 99.69
    text = f"BTC Withdraw to address {ADDRESS}"
    assert await status(floor, alice, answer["tId"]) == (2, 0.31, "BTC", text, 1)
    await floor.wallet.run_due(floor.clock())
    assert await status(floor, alice, answer["tId"]) == (2, 0.31, "BTC", text, 3)
    for _ in range(5):
        floor.clock.now += 60 * SECOND
        await floor.wallet.run_due(floor.clock())
        floor.sequencer.drain()
    assert await status(floor, alice, answer["tId"]) == (2, 0.31, "BTC", text, 2)
    assert (await floor.returned(alice, "getInfo"))["funds"]["btc"] == 99.69


async def test_a_withdrawal_that_fails_gives_the_money_back(floor: Floor, alice: Trader) -> None:
    floor.chain.simulate_rejection(ADDRESS, "the network said no")
    answer = await floor.returned(alice, "WithdrawCoin", coinName="BTC", amount="2", address=ADDRESS)
    floor.sequencer.drain()
    await floor.wallet.run_due(floor.clock())
    assert (await status(floor, alice, answer["tId"]))[4] == 0
    assert (await floor.returned(alice, "getInfo"))["funds"]["btc"] == 100
    withdrawals = [row for row in (await floor.returned(alice, "TransHistory")).values() if row["type"] != 1]
    assert len(withdrawals) == 1, "one row, with its status"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"coinName": "BTC", "address": ADDRESS}, "invalid parameter: amount"),
        ({"coinName": "BTC", "address": ADDRESS, "amount": "0"}, "invalid parameter: amount"),
        ({"coinName": "BTC", "address": ADDRESS, "amount": "-1"}, "invalid parameter: amount"),
        ({"coinName": "BTC", "address": ADDRESS, "amount": "NaN"}, "invalid parameter: amount"),
        ({"coinName": "BTC", "address": ADDRESS, "amount": "1e40"}, "invalid parameter: amount"),
        ({"coinName": "BTC", "address": ADDRESS, "amount": "1e9999999999999999999"}, "invalid parameter: amount"),
        ({"coinName": "BTC", "address": ADDRESS, "amount": "99999999999999999999"}, "invalid parameter: amount"),
        ({"coinName": "BTC", "address": ADDRESS, "amount": "184467440737.09551615"}, "It is not enough BTC for withdraw"),
        ({"coinName": "BTC", "address": ADDRESS, "amount": "184467440737.09551616"}, "invalid parameter: amount"),
        ({"coinName": "BTC", "address": ADDRESS, "amount": "0.000000001"}, "invalid parameter: amount"),
        ({"coinName": "BTC", "address": ADDRESS, "amount": "100.00000001"}, "It is not enough BTC for withdraw"),
        ({"coinName": "BTC", "amount": "1"}, "invalid parameter: address"),
        ({"coinName": "BTC", "amount": "1", "address": "nowhere"}, "invalid address"),
        ({"coinName": "BTC", "amount": "1", "address": ADDRESS[:-1] + "S"}, "invalid address"),
        ({"coinName": "USD", "amount": "1", "address": ADDRESS}, "invalid parameter: coinName"),
    ],
)
async def test_withdrawals_that_are_rejected(floor: Floor, alice: Trader, fields: dict[str, str], error: str) -> None:
    before = floor.money()
    assert await floor.error(alice, "WithdrawCoin", **fields) == error
    assert floor.money() == before
    assert floor.nonces(alice) == [1]


async def test_coupons_have_the_form_of_the_keys_exchange(floor: Floor, alice: Trader, bob: Trader) -> None:
    btce = await floor.returned(alice, "CreateCoupon", currency="USD", amount="1")
    assert list(btce) == ["coupon", "transID", "funds"]
    assert re.fullmatch(r"BTCE-USD(-[A-Z0-9]{8}){5}", btce["coupon"])
    assert btce["funds"]["usd"] == 99999
    wex = await floor.returned(bob, "CreateCoupon", coinName="BTC", amount="0.11")
    assert re.fullmatch(r"WEXBTC[A-Z0-9]{40}", wex["coupon"])
    # Either parameter name, either key.
    assert (await floor.returned(bob, "CreateCoupon", currency="usd", amount="1e-2"))["coupon"].startswith("WEXUSD")
    assert (await floor.returned(alice, "CreateCoupon", coinName="LTC", amount="1"))["coupon"].startswith("BTCE-LTC-")


async def test_redeeming(floor: Floor, alice: Trader, bob: Trader) -> None:
    code = (await floor.returned(alice, "CreateCoupon", currency="USD", amount="1"))["coupon"]
    await floor.call(bob, "RedeemCoupon", coupon=code)
    reply = floor.replies[-1]
    transaction = next(int(key) for key, row in (await floor.returned(bob, "TransHistory")).items() if row["desc"] == "Redeem USD coupon")
    assert reply == (
        b'{"success":1,"return":{"couponAmount":"1","couponCurrency":"USD","transID":%d,'
        b'"funds":{"usd":100001,"btc":100,"ltc":1000,"eth":0,"eur":0}}}' % transaction
    )
    for trader in (alice, bob):
        assert await floor.error(trader, "RedeemCoupon", coupon=code) == "coupon has already been redeemed"
    created = [row for row in (await floor.returned(alice, "TransHistory")).values() if row["type"] != 1]
    redeemed = [row for row in (await floor.returned(bob, "TransHistory")).values() if row["type"] != 1]
    assert [tuple(row.values())[:5] for row in created] == [(5, 1, "USD", "Create USD coupon", 2)]
    assert [tuple(row.values())[:5] for row in redeemed] == [(4, 1, "USD", "Redeem USD coupon", 2)]


async def test_transactions_have_one_number_everywhere(floor: Floor, alice: Trader, bob: Trader) -> None:
    created = await floor.returned(alice, "CreateCoupon", currency="BTC", amount="1")
    redeemed = await floor.returned(bob, "RedeemCoupon", coupon=created["coupon"])
    withdrawn = await floor.returned(alice, "WithdrawCoin", coinName="BTC", amount="1", address=ADDRESS)
    for trader, transaction, text in (
        (alice, created["transID"], "Create BTC coupon"),
        (bob, redeemed["transID"], "Redeem BTC coupon"),
        (alice, withdrawn["tId"], f"BTC Withdraw to address {ADDRESS}"),
    ):
        rows = await floor.returned(trader, "TransHistory", from_id=transaction, end_id=transaction)
        assert [row["desc"] for row in rows.values()] == [text]


async def test_a_code_as_people_type_it(floor: Floor, alice: Trader, bob: Trader) -> None:
    code = (await floor.returned(alice, "CreateCoupon", currency="USD", amount="2"))["coupon"]
    assert (await floor.returned(bob, "RedeemCoupon", coupon=f" {code.lower().replace('-', ' ')} "))["couponAmount"] == "2"


async def test_a_receiver_is_honoured(floor: Floor, alice: Trader, bob: Trader) -> None:
    carol = floor.trader("carol")
    code = (await floor.returned(alice, "CreateCoupon", currency="USD", amount="5", receiver="carol"))["coupon"]
    before = floor.money()
    assert await floor.error(bob, "RedeemCoupon", coupon=code) == "invalid coupon"
    assert await floor.error(alice, "RedeemCoupon", coupon=code) == "invalid coupon"
    assert floor.money() == before
    assert (await floor.returned(carol, "RedeemCoupon", coupon=code))["funds"]["usd"] == 5


async def test_the_journal_knows_hashes_and_account_numbers_only(floor: Floor, alice: Trader) -> None:
    floor.trader("carol")
    code = (await floor.returned(alice, "CreateCoupon", currency="USD", amount="5", receiver="carol"))["coupon"]
    floor.sequencer.drain()
    kept = b"".join(floor.journal.frames).upper()
    for part in (code, code.replace("-", ""), code[-8:], "carol"):
        assert part.upper().encode() not in kept
    memo = next(meta.memo for meta in floor.metas if meta.memo and "coupon" in meta.memo)
    assert set(memo) == {"coupon", "receiver"}


async def test_one_of_many_who_redeem_at_once_gets_the_money(floor: Floor, alice: Trader) -> None:
    code = (await floor.returned(alice, "CreateCoupon", currency="USD", amount="100"))["coupon"]
    crowd = [floor.trader(f"user{number}") for number in range(12)]
    answers = await asyncio.gather(*(floor.call(trader, "RedeemCoupon", coupon=code) for trader in crowd))
    assert sorted(answer["success"] for answer in answers) == [0] * 11 + [1]
    assert {answer["error"] for answer in answers if not answer["success"]} == {"coupon has already been redeemed"}
    usd = asset_id(floor, "USD")
    assert sum(floor.engine.balance(trader.account, usd)[0] for trader in crowd) == 100 * 10**16
    assert floor.engine.balance(_core.COUPONS, usd) == (0, 0)
    assert all(floor.nonces(trader) == [1] for trader in crowd)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"currency": "USD"}, "invalid parameter: amount"),
        ({"currency": "USD", "amount": "0"}, "invalid parameter: amount"),
        ({"currency": "USD", "amount": "-1"}, "invalid parameter: amount"),
        ({"currency": "USD", "amount": "0.000000001"}, "invalid parameter: amount"),
        ({"currency": "USD", "amount": "1e9999999999999999999"}, "invalid parameter: amount"),
        ({"currency": "USD", "amount": "99999999999999999999"}, "invalid parameter: amount"),
        ({"currency": "USD", "amount": "100000.00000001"}, "It is not enough USD for coupon"),
        ({"currency": "EUR", "amount": "1"}, "It is not enough EUR for coupon"),
        ({"currency": "USD", "amount": "1", "receiver": "nobody"}, "invalid parameter: receiver"),
        ({"currency": "USD", "amount": "1", "receiver": "x" * 5000}, "invalid parameter: receiver"),
        ({"amount": "1"}, "invalid parameter: currency"),
    ],
)
async def test_coupons_that_are_not_made(floor: Floor, alice: Trader, fields: dict[str, str], error: str) -> None:
    before = floor.money()
    assert await floor.error(alice, "CreateCoupon", **fields) == error
    assert floor.money() == before
    assert floor.nonces(alice) == [1]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("", "invalid parameter: coupon"),
        ("BTCE-USD-69AA4BBX-1UAZ32BP-LKBR0QZT-X5AENVNF-WNZHNQDZ", "invalid coupon"),
        ("WEXUSD69AA4BBX1UAZ32BPLKBR0QZTX5AENVNFWNZHNQDZ", "invalid coupon"),
        ("-", "invalid coupon"),
        ("Ω" * 20, "invalid coupon"),
        ("A" * 100_000, "invalid coupon"),
    ],
)
async def test_codes_that_mean_nothing(floor: Floor, alice: Trader, code: str, error: str) -> None:
    before = floor.money()
    assert await floor.error(alice, "RedeemCoupon", coupon=code) == error
    assert floor.money() == before
    assert floor.nonces(alice) == [1]


async def test_two_coupons_never_have_the_same_code(floor: Floor, alice: Trader) -> None:
    codes = [(await floor.returned(alice, "CreateCoupon", currency="USD", amount="1"))["coupon"] for _ in range(20)]
    assert len(set(codes)) == 20


async def test_an_account_makes_only_so_many_coupons_in_a_day(floor: Floor, alice: Trader, bob: Trader) -> None:
    floor.limit_coupons(2)
    for _coupon in range(2):
        await floor.returned(alice, "CreateCoupon", currency="USD", amount=1)
    assert await floor.error(alice, "CreateCoupon", currency="USD", amount=1) == "too many coupons in one day"
    await floor.returned(bob, "CreateCoupon", currency="USD", amount=1)
    floor.clock.now += 24 * 3_600 * SECOND
    await floor.returned(alice, "CreateCoupon", currency="USD", amount=1)
