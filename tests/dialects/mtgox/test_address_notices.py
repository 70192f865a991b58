"""Coins to an address of one's own, and the notice of them: what a web shop without payment orders builds on."""

import re

import pytest

from cambist.domain.meta import Meta
from cambist.domain.units import AssetId
from tests.dialects.mtgox.floor import SECOND, Floor, Trader
from tests.support.shop import OK, Shop, reply

PAUSE = 30 * 60 * SECOND


async def address(floor: Floor, trader: Trader, shop: Shop, description: str = "socks", path: str = "/coins") -> str:
    made = await floor.returned(trader, "generic/bitcoin/address", description=description, ipn=f"{shop.url}{path}")
    assert list(made) == ["addr"]
    floor.sequencer.drain()
    return str(made["addr"])


async def pass_blocks(floor: Floor, blocks: int = 4) -> None:
    """The clock goes on, the wallet looks at its networks, and all of it becomes durable."""
    for _ in range(blocks):
        await floor.wallet.run_due(floor.clock.now)
        floor.sequencer.drain()
        floor.clock.now += 10 * SECOND
    await floor.wallet.run_due(floor.clock.now)
    floor.sequencer.drain()


async def test_credited_coins_are_told_once_and_signed_with_the_key_that_asked(floor: Floor, alice: Trader) -> None:
    other = floor.keyed(alice.user)
    async with Shop([OK]) as shop:
        where = await address(floor, other, shop, "two pairs & a hat")
        txid = floor.chain.simulate_deposit(where, "0.75")
        await floor.wallet.run_due(floor.clock.now)
        floor.sequencer.drain()
        seen = floor.clock.now
        await floor.services.merchants.outbox.run_due()
        floor.sequencer.drain()
        await pass_blocks(floor)
        credited = floor.clock.now
        for _ in range(3):
            await floor.services.merchants.outbox.run_due()
            floor.sequencer.drain()
            floor.clock.now += 2 * PAUSE
        published, heard = shop.heard
    assert [notice.fields["status"] for notice in (published, heard)] == ["published", "confirmed"]
    assert published.signed_by(other.key.key, other.key.secret)
    assert (published.fields["txid"], published.fields["amount_int"], published.fields["aonce"]) == (txid, "75000000", str(seen))
    assert b"&blockid=&" in published.body
    assert published.fields["payment_id"] == heard.fields["payment_id"]
    assert heard.head.startswith("POST /coins HTTP/1.1\r\n")
    assert heard.headers["content-type"] == "application/x-www-form-urlencoded"
    assert heard.signed_by(other.key.key, other.key.secret)
    fields = heard.fields
    assert list(fields) == [
        "txid", "blockid", "address", "description", "amount_int", "currency", "item", "status", "payment_id", "date", "aonce",
    ]  # fmt: skip
    assert (fields["txid"], fields["address"], fields["description"]) == (txid, where, "two pairs & a hat")
    assert (fields["amount_int"], fields["currency"], fields["item"]) == ("75000000", "BTC", "BTC")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", fields["payment_id"])
    assert int(fields["aonce"]) <= credited
    block = floor.wallet.block(AssetId(1), fields["blockid"])
    assert not isinstance(block, str)
    assert block is not None
    assert txid in block.txids
    assert floor.available(alice, "BTC") == "100.75"


async def test_it_is_sent_again_until_it_is_acknowledged(floor: Floor, alice: Trader) -> None:
    async with Shop([reply(b"what?"), OK]) as shop:
        floor.chain.simulate_deposit(await address(floor, alice, shop), "1")
        await pass_blocks(floor)
        for heard in (1, 2, 2):
            await floor.services.merchants.outbox.run_due()
            floor.sequencer.drain()
            assert len(shop.heard) == heard
            floor.clock.now += PAUSE
        assert shop.heard[0].body == shop.heard[1].body
        assert all(heard.signed_by(alice.key.key, alice.key.secret) for heard in shop.heard)


async def test_every_deposit_has_a_notice_of_its_own(floor: Floor, alice: Trader) -> None:
    async with Shop([OK]) as shop:
        where = await address(floor, alice, shop)
        txids = [floor.chain.simulate_deposit(where, amount) for amount in ("1", "2")]
        await pass_blocks(floor)
        txids.append(floor.chain.simulate_deposit(where, "3"))
        await pass_blocks(floor)
        for _ in range(2):
            await floor.services.merchants.outbox.run_due()
            floor.sequencer.drain()
        assert sorted((heard.fields["txid"], heard.fields["amount_int"]) for heard in shop.heard) == sorted(
            zip(txids, ("100000000", "200000000", "300000000"), strict=True)
        )
        assert len({heard.fields["payment_id"] for heard in shop.heard}) == 3


async def test_the_address_stays_until_it_is_used_and_is_another_for_another_ipn(floor: Floor, alice: Trader, bob: Trader) -> None:
    async with Shop([OK]) as shop:
        first = await address(floor, alice, shop)
        assert await address(floor, alice, shop) == first
        plain = await floor.returned(alice, "generic/bitcoin/address", description="socks")
        floor.sequencer.drain()
        others = [
            plain["addr"],
            await address(floor, alice, shop, description="shoes"),
            await address(floor, alice, shop, path="/elsewhere"),
            await address(floor, floor.keyed(alice.user), shop),
            await address(floor, bob, shop),
        ]
        assert len({first, *others}) == 6
        floor.chain.simulate_deposit(first, "1")
        await pass_blocks(floor)
        assert await address(floor, alice, shop) not in (first, *others)
        floor.chain.simulate_deposit(plain["addr"], "1")
        await pass_blocks(floor)
        await floor.services.merchants.outbox.run_due()
        assert [heard.fields["address"] for heard in shop.heard] == [first]


async def test_v2_takes_it_too(floor: Floor, alice: Trader) -> None:
    async with Shop([OK]) as shop:
        link = (await floor.returned(alice, "generic/info"))["Link"]
        body = alice.form(account=link, ipn=f"{shop.url}/v2")
        headers = alice.headers(b"money/bitcoin/get_address\0" + body)
        made = await floor.json("POST", "/api/2/money/bitcoin/get_address", body, headers)
        floor.chain.simulate_deposit(made["data"]["addr"], "1")
        await pass_blocks(floor)
        await floor.services.merchants.outbox.run_due()
        (heard,) = shop.heard
        assert heard.head.startswith("POST /v2 ")
        assert b"&description=&" in heard.body


async def test_coins_that_never_confirm_are_not_told(floor: Floor, alice: Trader) -> None:
    async with Shop([OK]) as shop:
        txid = floor.chain.simulate_deposit(await address(floor, alice, shop), "1")
        await floor.wallet.run_due(floor.clock.now)
        floor.sequencer.drain()
        floor.chain.simulate_drop("BTC", txid)
        await pass_blocks(floor)
        await floor.services.merchants.outbox.run_due()
        assert shop.heard == []


async def test_who_was_told_that_coins_were_seen_is_told_when_they_are_credited(floor: Floor, alice: Trader) -> None:
    async with Shop([reply(b"what?"), OK]) as shop:
        floor.chain.simulate_deposit(await address(floor, alice, shop), "1")
        await floor.wallet.run_due(floor.clock.now)
        floor.sequencer.drain()
        await floor.services.merchants.outbox.run_due()
        await pass_blocks(floor)
        for _ in range(3):
            await floor.services.merchants.outbox.run_due()
            floor.sequencer.drain()
            floor.clock.now += PAUSE
        # What was not acknowledged while it was news is not told any more afterwards.
        assert [heard.fields["status"] for heard in shop.heard] == ["published", "confirmed"]


async def test_once_the_key_is_revoked_nothing_can_be_signed(floor: Floor, alice: Trader) -> None:
    async with Shop([OK]) as shop:
        floor.chain.simulate_deposit(await address(floor, alice, shop), "1")
        await pass_blocks(floor)
        floor.directory.revoke(alice.key)
        await floor.services.merchants.outbox.run_due()
        assert shop.heard == []
    assert floor.available(alice, "BTC") == "101"


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "http://a@b.example/",
        "ftp://x/",
        "http://name.invalid/",
        "http://shop/",
    ],
)
async def test_an_ipn_that_leads_nowhere_good_is_refused(floor: Floor, alice: Trader, url: str) -> None:
    error = await floor.error(alice, "generic/bitcoin/address", ipn=url)
    assert error == 'Invalid parameter "ipn" (should be an http or https address on the public internet)'
    assert floor.wallet.address_of(alice.account, AssetId(1)) is None
    assert len(floor.nonces(alice)) == 1


async def test_words_are_not_without_end(floor: Floor, alice: Trader) -> None:
    async with Shop([OK]) as shop:
        error = await floor.error(alice, "generic/bitcoin/address", description="x" * 2_990, ipn=f"{shop.url}/coins")
    assert "too long" in error
    assert all(meta == Meta(key_id=meta.key_id, nonce=meta.nonce) for meta in floor.metas if meta.key_id == alice.key.id)
