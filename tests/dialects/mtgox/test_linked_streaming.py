"""The stream of linked markets, over real sockets: a trade in both its currencies, and converted books that clients fold."""

import json
import random
from typing import Any

import pytest

from cambist.dialect_kit.hub import Hub
from cambist.dialects.mtgox.call import DialectContext
from cambist.dialects.mtgox.stream.feeds import LEVELS_IN_A_TICK, DepthFeed
from cambist.dialects.mtgox.stream.group_watch import LOOK_EVERY, LOOK_FOR_GROUPS, GroupWatch
from cambist.domain.orders import OrderType, Side, TimeInForce
from tests.dialects.mtgox.floor import Floor, Trader
from tests.dialects.mtgox.linked_floor import link_markets, set_rates
from tests.dialects.mtgox.listener import Listener, Open
from tests.support.floor import one_process

PAIRS = ("BTCUSD", "BTCEUR", "BTCJPY", "BTCGBP")
SCALES = (3, 5, 3, 5)
IN_DOLLARS = (1.0, 1.085, 0.0125, 1.5)

Book = dict[tuple[str, int], int]


@pytest.fixture
def group(floor: Floor, alice: Trader, bob: Trader) -> None:
    link_markets(floor)


async def heard(floor: Floor, client: Listener) -> list[dict[str, Any]]:
    """What a client has heard once its channels have looked at their group again."""
    floor.sequencer.drain()
    floor.clock.now += LOOK_EVERY
    return await client.messages()


def fold(book: Book, messages: list[dict[str, Any]]) -> None:
    for message in messages:
        level = message["depth"]
        key = (level["type_str"], int(level["price_int"]))
        assert book.get(key, 0) + int(level["volume_int"]) == int(level["total_volume_int"])
        book[key] = int(level["total_volume_int"])
        if not book[key]:
            del book[key]


async def served(floor: Floor, pair: str) -> Book:
    depth = await floor.public(f"{pair}/fulldepth")
    return {(name, int(level["price_int"])): int(level["amount_int"]) for name in ("bid", "ask") for level in depth[f"{name}s"]}


async def catch_up(floor: Floor, client: Listener, book: Book, pair: str) -> None:
    """Folds until the book is the server's; many changes come in pieces."""
    fold(book, await heard(floor, client))
    for _ in range(100):
        if book == await served(floor, pair):
            return
        fold(book, await client.messages())
    assert book == await served(floor, pair)


async def test_a_trade_is_pushed_in_both_currencies(floor: Floor, alice: Trader, bob: Trader, group: None, listen: Open) -> None:
    await floor.order(bob, "ask", "5.56", "0.5")
    client = await listen("/mtgox?Currency=EUR")
    await client.messages()
    floor.clock.now += LOOK_EVERY
    await floor.order(alice, "bid", "5.2", "0.5", "BTCEUR")
    messages = await client.messages()
    assert [message["private"] for message in messages] == ["trade", "trade", "depth", "ticker"]
    trades = {message["trade"]["price_currency"]: message["trade"] for message in messages[:2]}
    (euros,), (dollars,) = await floor.public("BTCEUR/trades"), await floor.public("BTCUSD/trades")
    assert trades["EUR"] == {"type": "trade", **euros, "price": 5.13724, "amount": 0.5}
    assert trades["USD"] == {"type": "trade", **dollars, "price": 5.56, "amount": 0.5}
    assert (trades["EUR"]["primary"], trades["USD"]["primary"]) == ("Y", "N")
    assert trades["EUR"]["properties"] == trades["USD"]["properties"] == "limit,mixed_currency"
    depth, ticker = messages[2]["depth"], messages[3]["ticker"]
    assert (depth["price"], depth["type_str"], depth["currency"]) == ("5.13724", "ask", "EUR")
    assert (depth["volume"], depth["total_volume_int"]) == ("-0.5", "0")
    assert ticker == await floor.public("BTCEUR/ticker")


async def test_orders_and_rates_move_converted_levels(floor: Floor, alice: Trader, bob: Trader, group: None, listen: Open) -> None:
    client = await listen("/?Channel=depth.BTCGBP/ticker.BTCGBP")
    await client.messages()
    floor.clock.now += LOOK_EVERY
    await floor.order(bob, "ask", "6", "1")
    depth, ticker = await client.messages()
    assert (depth["depth"]["price"], depth["depth"]["volume"], depth["channel_name"]) == ("4.01", "1", "depth.BTCGBP")
    assert ticker["ticker"]["sell"]["value"] == "4.01"
    set_rates(floor, GBP="2")
    floor.sequencer.drain()
    assert await client.messages() == []
    gone, moved, ticker = await heard(floor, client)
    assert (gone["depth"]["price"], gone["depth"]["volume"], gone["depth"]["total_volume_int"]) == ("4.01", "-1", "0")
    assert (moved["depth"]["price"], moved["depth"]["volume"]) == ("3.0075", "1")
    assert ticker["ticker"]["sell"]["value"] == "3.0075"
    floor.fund(alice.account, "LTC", "1")
    assert await heard(floor, client) == []


async def test_many_changes_at_once_are_pushed_together(floor: Floor, alice: Trader, bob: Trader, group: None, listen: Open) -> None:
    client = await listen("/?Channel=depth.BTCEUR")
    await client.messages()
    for amount in range(1, 10):
        await floor.order(bob, "ask", "6", str(amount))
        set_rates(floor, EUR=f"1.{amount}")
    messages = await heard(floor, client)
    assert len(messages) <= 3
    book: Book = {}
    fold(book, messages)
    assert book == await served(floor, "BTCEUR") == {("ask", 316_579): 45 * 10**8}


async def test_many_levels_leave_in_pieces(floor: Floor, alice: Trader, bob: Trader, group: None) -> None:
    context = DialectContext.of(floor.services)
    pair = context.instruments.find("BTCEUR")
    assert pair is not None
    feed = DepthFeed(context, "depth.BTCEUR", b"", pair, GroupWatch(floor.services))
    feed.hub, feed.followers = Hub(), {}
    feed.started()
    for price in range(6_000, 6_040):
        assert floor.immediate.place(bob.account, 0, Side.SELL, OrderType.LIMIT, TimeInForce.GTC, price, 10**7).code == 0
    floor.sequencer.drain()
    book, pieces = Book(), [[json.loads(message) for message in feed.messages()] for _ in range(4)]
    assert [len(piece) for piece in pieces] == [LEVELS_IN_A_TICK, LEVELS_IN_A_TICK, 40 - 2 * LEVELS_IN_A_TICK, 0]
    for piece in pieces:
        fold(book, piece)
    assert book == await served(floor, "BTCEUR")
    feed.stopped()


@one_process
async def test_nothing_is_pushed_before_it_is_on_disk(floor: Floor, alice: Trader, bob: Trader, group: None, listen: Open) -> None:
    client = await listen("/?Channel=depth.BTCGBP/ticker.BTCGBP")
    await client.messages()
    floor.clock.now += LOOK_EVERY
    floor.journal.held = True
    floor.immediate.place(bob.account, 0, Side.SELL, OrderType.LIMIT, TimeInForce.GTC, 6_000, 10**8)
    for _ in range(3):
        floor.clock.now += LOOK_EVERY
        assert await client.messages() == []
    floor.journal.let_go()
    assert [message["private"] for message in await heard(floor, client)] == ["depth", "ticker"]


async def test_markets_that_are_linked_and_parted_while_clients_listen(floor: Floor, alice: Trader, bob: Trader, listen: Open) -> None:
    client, book = await listen("/?Channel=depth.BTCEUR"), Book()
    await client.messages()
    await floor.order(bob, "ask", "6", "1", "BTCUSD")
    await floor.order(bob, "ask", "6", "2", "BTCEUR")
    fold(book, await heard(floor, client))
    assert book == {("ask", 600_000): 2 * 10**8}
    link_markets(floor)
    floor.clock.now += LOOK_FOR_GROUPS
    fold(book, await heard(floor, client))
    assert book == await served(floor, "BTCEUR")
    assert len(book) == 2
    await floor.order(bob, "ask", "7", "1", "BTCUSD")
    await floor.order(bob, "ask", "7", "1", "BTCEUR")
    assert floor.immediate.unlink_market(1).code == 0
    fold(book, await heard(floor, client))
    assert book == await served(floor, "BTCEUR") == {("ask", 600_000): 2 * 10**8, ("ask", 700_000): 10**8}
    await floor.order(bob, "ask", "8", "1", "BTCUSD")
    await floor.order(alice, "bid", "3", "1", "BTCEUR")
    fold(book, await heard(floor, client))
    assert book == await served(floor, "BTCEUR")
    assert len(book) == 3


async def test_a_folding_client_holds_the_converted_book(floor: Floor, alice: Trader, bob: Trader, group: None, listen: Open) -> None:
    """A thousand orders and cancels in four currencies, and fifty new rates in between."""
    clients = {pair: await listen(f"/?Channel=depth.{pair}") for pair in PAIRS}
    books: dict[str, Book] = {pair: {} for pair in PAIRS}
    for client in clients.values():
        await client.messages()
    dice = random.Random(11)
    orders: list[tuple[int, int]] = []
    placed = changed = traded = 0
    while placed < 1_000:
        for _ in range(20):
            placed += 1
            trader, market = dice.choice((alice, bob)), dice.randrange(len(PAIRS))
            price = round(dice.uniform(9, 11) / IN_DOLLARS[market] * 10 ** SCALES[market] / 100) * 100
            outcome = floor.immediate.place(
                trader.account,
                market,
                dice.choice((Side.BUY, Side.SELL)),
                OrderType.LIMIT,
                TimeInForce.GTC,
                price,
                dice.randint(1, 60) * 10**6,
            )
            assert outcome.code == 0
            traded += outcome.count
            orders.append((trader.account, outcome.id))
            if dice.random() < 0.3:
                account, order = orders.pop(dice.randrange(len(orders)))
                floor.immediate.cancel(account, order)
        set_rates(
            floor,
            **{code: f"{rate * dice.uniform(0.97, 1.03):.6f}" for code, rate in zip(("EUR", "JPY", "GBP"), IN_DOLLARS[1:], strict=True)},
        )
        changed += 1
        for pair, client in clients.items():
            await catch_up(floor, client, books[pair], pair)
    assert changed == 50
    assert traded > 100
    assert min(len(book) for book in books.values()) > 20


# --- one's own ----------------------------------------------------------------------------------------------------------------


async def test_each_side_hears_of_its_own_currency(floor: Floor, alice: Trader, bob: Trader, group: None, listen: Open) -> None:
    ask = await floor.order(bob, "ask", "5.56", "0.5")
    own: dict[str, Listener] = {}
    for trader in (alice, bob):
        own[trader.user.name] = client = await listen("/?Channel=nothing")
        await client.send(op="mtgox.subscribe", key=await floor.returned(trader, "generic/idkey"))
        assert (await client.read())["op"] == "subscribe"
    bid = await floor.order(alice, "bid", "5.2", "0.5", "BTCEUR")
    messages = {name: await client.messages() for name, client in own.items()}
    for name, oid, currency, price, primary in (("alice", bid, "EUR", 5.13724, "Y"), ("bob", ask, "USD", 5.56, "N")):
        (trade,) = [message["trade"] for message in messages[name] if message["private"] == "trade"]
        assert (trade["price_currency"], trade["price"], trade["primary"]) == (currency, price, primary)
        assert trade["properties"] == "limit,mixed_currency"
        orders = [message["user_order"] for message in messages[name] if message["private"] == "user_order"]
        assert {order["oid"] for order in orders} == {oid}
        assert {order["currency"] for order in orders if "currency" in order} == {currency}
        assert (orders[-2]["amount"]["value"], orders[-1]["reason"][:9]) == ("0", "completed")
    wallets = {
        name: [(wallet["op"], wallet["amount"]["value"], wallet["info"]) for message in heard if (wallet := message.get("wallet"))]
        for name, heard in messages.items()
    }
    assert wallets["alice"] == [
        ("spent", "2.56861", "EUR spent: 2.56861 € (mixed currency)"),
        ("in", "0.5", "BTC in: 0.50000000\xa0BTC (mixed currency)"),
        ("fee", "0.003", "BTC fee: 0.00300000\xa0BTC"),
    ]
    assert wallets["bob"] == [
        ("out", "0.5", "BTC out: 0.50000000\xa0BTC (mixed currency)"),
        ("earned", "2.78", "USD earned: $2.78000 (mixed currency)"),
        ("fee", "0.01668", "USD fee: $0.01668"),
    ]
