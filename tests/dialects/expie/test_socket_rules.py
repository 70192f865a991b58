"""The socket protocol, rule by rule."""

import asyncio
import hashlib
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from cambist.domain.orders import Side
from tests.dialects.expie.floor import BUY, SECOND, SELL, Client, Floor, Trader

INVALID = (1, "invalid argument")
MINUTE = 60 * SECOND


async def closed(client: Client) -> tuple[int, str]:
    """Fails unless the server ends the connection without a reply; gives code and reason."""
    with pytest.raises(ConnectionClosed) as ended:
        await client.connection.recv()
    assert ended.value.rcvd is not None
    return ended.value.rcvd.code, ended.value.rcvd.reason


# --- requests -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "[]",
        "1",
        "null",
        '"server.ping"',
        "{}",
        '{"method":"server.ping","params":[]}',
        '{"method":"server.ping","id":1}',
        '{"params":[],"id":1}',
        '{"method":"server.ping","params":[],"id":"1"}',
        '{"method":"server.ping","params":[],"id":1.5}',
        '{"method":"server.ping","params":[],"id":true}',
        '{"method":"server.ping","params":[],"id":null}',
        '{"method":"server.ping","params":{},"id":1}',
        '{"method":"server.ping","params":"","id":1}',
        '{"method":1,"params":[],"id":1}',
        '{"method":"deals.unsubscribe","params":{},"id":1}',
        "[" * 5_000,
        '{"method":"server.ping","params":' + "[" * 5_000 + "]" * 5_000 + ',"id":1}',
    ],
)
async def test_what_is_no_request_ends_the_connection_without_a_reply(floor: Floor, message: str) -> None:
    client = await floor.socket()
    await client.connection.send(message)
    assert await closed(client) == (1008, "not a request")


async def test_the_longest_message(floor: Floor) -> None:
    client = await floor.socket()
    request = '{"method":"server.ping","params":[],"id":1}'
    await client.connection.send(request + " " * (102_400 - len(request)))
    assert await client.connection.recv() == '{"error":null,"result":"pong","id":1}'
    await client.connection.send(request + " " * (102_401 - len(request)))
    assert (await closed(client))[0] == 1009


async def test_an_unsubscribe_needs_neither_params_nor_id(floor: Floor) -> None:
    client = await floor.socket()
    await client.connection.send('{"method":"deals.unsubscribe"}')
    assert await client.connection.recv() == '{"error":null,"result":{"status":"success"},"id":null}'


async def test_further_keys_are_ignored_and_binary_is_as_good_as_text(floor: Floor) -> None:
    client = await floor.socket()
    await client.connection.send(b'{"jsonrpc":"2.0","method":"server.ping","params":[],"id":-5}')
    assert await client.connection.recv() == '{"error":null,"result":"pong","id":-5}'


async def test_an_unknown_method(floor: Floor) -> None:
    client = await floor.socket()
    assert await client.error("server.reboot") == (4, "method not found")
    assert await client.error("unsubscribe") == (4, "method not found")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("depth.query", ["BCCBTC", 10]),
        ("depth.query", ["BCCBTC", 10, "0", 1]),
        ("depth.query", ["BCCBTC", "10", "0"]),
        ("depth.query", ["BCCBTC", 10, 0]),
        ("depth.query", ["BCCBTC", 102, "0"]),
        ("depth.query", ["BCCBTC", -1, "0"]),
        ("depth.query", ["BCCBTC", True, "0"]),
        ("depth.query", ["BCCBTC", 10.0, "0"]),
        ("depth.query", ["BCCBTC", 10, "-1"]),
        ("depth.query", ["BCCBTC", 10, "x"]),
        ("depth.query", ["BCCBTC", 10, "1e-30"]),
        ("depth.query", ["NOSUCH", 10, "0"]),
        ("depth.query", [1, 10, "0"]),
        ("depth.query", [None, 10, "0"]),
        ("depth.subscribe", ["BCCBTC", 10]),
        ("depth.subscribe", ["BCCBTC", "10", "0"]),
        ("depth.subscribe", ["BCCBTC", 10, 0]),
        ("price.query", []),
        ("price.query", ["BCCBTC", "BTGBTC"]),
        ("price.subscribe", ["BCCBTC", 5]),
        ("price.subscribe", [["BCCBTC"]]),
        ("deals.query", ["BCCBTC", 10]),
        ("deals.query", ["BCCBTC", 0, 0]),
        ("deals.query", ["BCCBTC", 10_001, 0]),
        ("deals.query", ["BCCBTC", 10, "0"]),
        ("deals.query", ["BCCBTC", 10, -1]),
        ("deals.query", ["BCCBTC", 10, 2**70]),
        ("deals.subscribe", ["X"] * 1_025),
        ("deals.subscribe", ["BCCBTC", None]),
        ("kline.query", ["BCCBTC", 0, 10]),
        ("kline.query", ["BCCBTC", 20, 10, 60]),
        ("kline.query", ["BCCBTC", 1_516_600_001, 1_516_600_002, 60]),
        ("kline.query", ["BCCBTC", 0, 1_516_600_000_000, 60]),
        ("kline.query", ["BCCBTC", 0, 10, 8 * 86_400]),
        ("kline.query", ["BCCBTC", 0, 10, 14 * 86_400]),
        ("kline.query", ["BCCBTC", 0, 10, 31 * 86_400]),
        ("kline.query", ["NOSUCH", 0, 10, 60]),
        ("kline.query", ["BCCBTC", 0, 10, 7]),
        ("kline.query", ["BCCBTC", 0, 10, 90]),
        ("kline.query", ["BCCBTC", 0, 10, 0]),
        ("kline.query", ["BCCBTC", 0.5, 10, 60]),
        ("kline.subscribe", ["BCCBTC"]),
        ("kline.subscribe", ["BCCBTC", "60"]),
        ("kline.subscribe", ["BCCBTC", 61]),
        ("state.query", ["BCCBTC", 0]),
        ("state.query", ["NOSUCH", 60]),
        ("price.query", ["NOSUCH"]),
        ("deals.query", ["NOSUCH", 10, 0]),
        ("today.query", ["NOSUCH"]),
        ("state.query", ["BCCBTC", 604_801]),
        ("state.query", ["BCCBTC", "86400"]),
        ("state.subscribe", [86400]),
        ("today.query", ["BCCBTC", 1]),
        ("today.subscribe", [None]),
        ("server.auth", ["x"]),
        ("server.auth", [1, "web"]),
        ("server.auth", ["x", "s" * 32]),
        ("server.sign", ["x", "y", "1"]),
    ],
)
async def test_parameters_are_taken_strictly(floor: Floor, method: str, params: list[Any]) -> None:
    client = await floor.socket()
    answer = await client.request(method, params)
    assert (answer["error"]["code"], answer["error"]["message"], answer["result"]) == (*INVALID, None)
    assert await client.quiet()


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("order.query", ["BCCBTC", 0]),
        ("order.query", ["BCCBTC", 0, 102]),
        ("order.query", ["BCCBTC", "0", 10]),
        ("order.history", ["BCCBTC", 0, 0, 0, 10]),
        ("order.history", ["BCCBTC", 0, 0, 0, 10, 3]),
        ("order.history", ["BCCBTC", 0, 0, 0, 10, "0"]),
        ("order.history", ["BCCBTC", -1, 0, 0, 10, 0]),
        ("order.subscribe", [1]),
        ("asset.query", ["NOSUCH"]),
        ("asset.query", [5]),
        ("asset.history", ["BTC", "", 0, 0, 0]),
        ("asset.history", ["NOSUCH", "", 0, 0, 0, 10]),
        ("asset.history", ["BTC", 1, 0, 0, 0, 10]),
        ("asset.history", ["BTC", "", 0, 0, 0, 102]),
        ("asset.subscribe", ["BTC", {}]),
        ("asset.history", ["BTC", "", 0, 0, 0, 0]),
        ("asset.history", ["BTC", "", 20, 10, 0, 10]),
        ("asset.history", ["BTC", "", 0, 1_516_600_000_000, 0, 10]),
        ("order.history", ["BCCBTC", 20, 10, 0, 10, 0]),
    ],
)
async def test_parameters_of_private_methods(floor: Floor, alice: Trader, method: str, params: list[Any]) -> None:
    client = await floor.socket()
    assert (await client.request(method, params))["error"] == {"code": 6, "message": "require authentication"}
    client = await floor.socket(alice)
    assert (await client.request(method, params))["error"] == {"code": 1, "message": "invalid argument"}


async def test_market_names_in_any_case(floor: Floor) -> None:
    client = await floor.socket()
    assert await client.call("depth.query", "bccbtc", 1, "0") == {"asks": [], "bids": []}


# --- who it is ------------------------------------------------------------------------------------------------------------


async def test_authentication_by_token(floor: Floor, alice: Trader) -> None:
    client = await floor.socket()
    assert await client.error("server.auth", "0" * 64, "web") == (11, "invalid token")
    assert await client.error("server.auth", alice.key.key, "web") == (11, "invalid token")
    assert await client.error("server.auth", "", "") == (11, "invalid token")
    assert await client.error("asset.query") == (6, "require authentication")
    await client.follow("server.auth", alice.token, "web")
    assert (await client.call("asset.query", "BTC"))["BTC"] == {"available": "100", "freeze": "0"}


async def test_authentication_by_signature(floor: Floor, alice: Trader) -> None:
    client = await floor.socket()
    tonce = floor.clock.now // 1_000
    text = f"access_id={alice.key.key}&tonce={tonce}&secret_key={alice.token}"
    sign = hashlib.md5(text.encode()).hexdigest().upper()
    for wrong in (
        [alice.key.key, sign[:-1] + "x", tonce],
        [alice.key.key, sign, tonce + 1],
        ["x", sign, tonce],
        [alice.key.key, "ä", tonce],
    ):
        assert await client.error("server.sign", *wrong) == (11, "invalid signature")
    floor.clock.now += 59 * SECOND
    await client.follow("server.sign", alice.key.key, sign, tonce)
    assert (await client.call("asset.query", "BTC"))["BTC"] == {"available": "100", "freeze": "0"}
    floor.clock.now += 2 * SECOND
    assert await client.error("server.sign", alice.key.key, sign, tonce) == (11, "invalid signature")


async def test_a_token_that_may_not_read_or_is_not_for_this_address(floor: Floor) -> None:
    blind = floor.trader("blind", scopes=frozenset({"trade"}))
    far = floor.trader("far", ip_allow=("192.0.2.0/24",))
    client = await floor.socket()
    assert (await client.error("server.auth", blind.token, ""))[0] == 6
    assert await client.error("server.auth", far.token, "") == (11, "invalid token")


STRANGER = {"error": {"code": 6, "message": "require authentication"}, "result": None, "id": None}


async def test_a_revoked_token_is_a_stranger_again_and_hears_so(floor: Floor, alice: Trader) -> None:
    other = floor.keyed(alice.user)
    client, spared = await floor.socket(alice), await floor.socket(other)
    for each in (client, spared):
        await each.follow("order.subscribe", "BCCBTC")
        await each.follow("asset.subscribe", "BTC")
        await each.follow("price.subscribe", "BCCBTC")
    floor.directory.revoke(alice.key)
    assert await client.receive() == STRANGER
    assert await client.error("asset.query") == (6, "require authentication")
    await trade(floor, other, other, "0.15")
    assert (await client.push())[0] == "price.update", "what everybody may follow goes on"
    assert await client.quiet()
    heard = {"price.update"}
    while heard == {"price.update"}:  # in which frame which order was, and so what comes first, is the journal's affair
        heard.add((await spared.push())[0])
    assert heard <= {"price.update", "order.update", "asset.update"}


async def test_the_end_of_a_token_that_a_client_has_left_is_not_told(floor: Floor, alice: Trader, bob: Trader) -> None:
    client = await floor.socket(alice)
    await client.follow("server.auth", bob.token, "")
    await client.follow("asset.subscribe", "BTC")
    floor.directory.revoke(alice.key)
    floor.fund(bob.account, "BTC", "1")
    await floor.caught_up()
    assert (await client.push())[0] == "asset.update"
    assert await client.quiet()


async def test_a_token_ends_when_somebody_is_erased(floor: Floor, alice: Trader) -> None:
    client = await floor.socket(alice)
    await asyncio.to_thread(floor.directory.erase_user, alice.user)
    assert await client.receive() == STRANGER


async def test_a_history_that_is_being_read_is_not_shown_to_a_token_that_is_revoked_meanwhile(
    floor: Floor, alice: Trader, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, entries = await floor.socket(alice), floor.history.entries

    async def revoked_meanwhile(*arguments: Any, **options: Any) -> Any:
        floor.directory.revoke(alice.key)
        return await entries(*arguments, **options)

    monkeypatch.setattr(floor.history, "entries", revoked_meanwhile)
    await client.connection.send('{"method":"asset.history","params":["","",0,0,0,10],"id":7}')
    assert await client.receive() == STRANGER
    assert await client.receive() == STRANGER | {"id": 7}


# --- price, deals, state, today, kline ------------------------------------------------------------------------------------


async def trade(floor: Floor, alice: Trader, bob: Trader, price: str, amount: str = "1", market: str = "BCCBTC") -> None:
    """Bob buys of alice."""
    await floor.limit(alice, market, SELL, amount, price)
    await floor.limit(bob, market, BUY, amount, price)
    await floor.caught_up()


async def test_price_pushes(floor: Floor, alice: Trader, bob: Trader) -> None:
    client = await floor.socket()
    assert await client.call("price.query", "BCCBTC") == "0"
    await client.follow("price.subscribe", "BCCBTC", "BTGBTC", "bccbtc")
    assert await client.quiet()  # no trade yet, no price yet
    await trade(floor, alice, bob, "0.15")
    assert await client.push() == ("price.update", ["BCCBTC", "0.15000000"])
    await trade(floor, alice, bob, "0.15")
    assert await client.quiet()  # the same price is no news
    await trade(floor, alice, bob, "0.2", market="BTGBTC")
    assert await client.push() == ("price.update", ["BTGBTC", "0.20000000"])
    # The new list takes the place of the old one, and begins with what is known, without zeros.
    await client.follow("price.subscribe", "BTGBTC")
    assert await client.push() == ("price.update", ["BTGBTC", "0.2"])
    await trade(floor, alice, bob, "0.16")
    assert await client.quiet()


async def test_deals_are_newest_first_and_told_once(floor: Floor, alice: Trader, bob: Trader) -> None:
    for number in range(1, 4):
        await trade(floor, alice, bob, f"0.1{number}")
    client = await floor.socket()
    deals = await client.call("deals.query", "BCCBTC", 10, 0)
    assert [deal["id"] for deal in deals] == [3, 2, 1]
    assert list(deals[0]) == ["price", "id", "time", "amount", "type"]
    assert [deal["id"] for deal in await client.call("deals.query", "BCCBTC", 2, 0)] == [3, 2]
    assert [deal["id"] for deal in await client.call("deals.query", "BCCBTC", 10, 2)] == [3]
    await client.follow("deals.subscribe", "BCCBTC")
    method, (name, first) = await client.push()
    assert (method, name, first) == ("deals.update", "BCCBTC", deals)
    # One sweep of three levels is one message.
    for price in ("0.2", "0.21", "0.22"):
        await floor.limit(alice, "BCCBTC", SELL, "1", price)
    await floor.limit(bob, "BCCBTC", BUY, "3", "0.22")
    method, (name, later) = await client.push()
    assert [(deal["id"], deal["price"], deal["type"]) for deal in later] == [(6, "0.22", "buy"), (5, "0.21", "buy"), (4, "0.2", "buy")]
    assert await client.quiet()


async def test_a_hundred_deals_at_first(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.limit(alice, "BCCBTC", SELL, "200", "0.1")
    for _deal in range(120):
        floor.immediate.place(bob.account, 0, Side.BUY, 0, 0, 100_000, 10)
    await floor.caught_up()
    client = await floor.socket()
    await client.follow("deals.subscribe", "BCCBTC")
    _method, (_name, first) = await client.push()
    assert [deal["id"] for deal in first] == list(range(120, 20, -1))


async def test_deals_older_than_memory_come_from_history(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.limit(alice, "BCCBTC", SELL, "1000", "0.001")
    for _deal in range(5_100):
        floor.immediate.place(bob.account, 0, Side.BUY, 0, 0, 1_000, 10)
    await floor.caught_up()
    client = await floor.socket()
    deals = await client.call("deals.query", "BCCBTC", 10_000, 3)
    assert [deal["id"] for deal in deals] == list(range(5_100, 3, -1))
    assert [deal["id"] for deal in await client.call("deals.query", "BCCBTC", 2, 0)] == [5_100, 5_099]


async def test_state(floor: Floor, alice: Trader, bob: Trader) -> None:
    client = await floor.socket()
    empty = {"last": "0", "open": "0", "close": "0", "high": "0", "low": "0", "volume": "0", "deal": "0"}
    assert await client.call("state.query", "BCCBTC", 86_400) == {"period": 86_400} | empty
    await trade(floor, alice, bob, "0.1", "2")
    floor.pass_time(2 * MINUTE)
    await trade(floor, alice, bob, "0.3")
    await trade(floor, alice, bob, "0.2")
    day = {"period": 86_400, "last": "0.2", "open": "0.1", "close": "0.2", "high": "0.3", "low": "0.1", "volume": "4", "deal": "0.7"}
    state = await client.call("state.query", "BCCBTC", 86_400)
    assert (state, list(state)) == (day, list(day))
    assert await client.call("state.query", "BCCBTC", 60) == day | {"period": 60, "open": "0.3", "low": "0.2", "volume": "2", "deal": "0.5"}
    await client.follow("state.subscribe", "BCCBTC")
    assert await client.push() == ("state.update", ["BCCBTC", day])
    await trade(floor, alice, bob, "0.4")
    assert await client.quiet()  # looked at once a second
    floor.pass_time(SECOND)
    assert await client.push() == (
        "state.update",
        ["BCCBTC", day | {"last": "0.4", "close": "0.4", "high": "0.4", "volume": "5", "deal": "1.1"}],
    )
    floor.pass_time(SECOND)
    assert await client.quiet()
    # Time alone changes it too.
    floor.pass_time(86_400 * SECOND)
    assert await client.push() == ("state.update", ["BCCBTC", {"period": 86_400} | empty | {"last": "0.4"}])


async def test_today(floor: Floor, alice: Trader, bob: Trader) -> None:
    client = await floor.socket()
    await trade(floor, alice, bob, "0.1")
    floor.pass_time(86_400 * SECOND)
    await trade(floor, alice, bob, "0.3")
    today = {"open": "0.3", "last": "0.3", "high": "0.3", "low": "0.3", "volume": "1", "deal": "0.3"}
    answer = await client.call("today.query", "BCCBTC")
    assert (answer, list(answer)) == (today, list(today))
    await client.follow("today.subscribe", "BCCBTC")
    assert await client.push() == ("today.update", ["BCCBTC", today])
    await trade(floor, alice, bob, "0.2")
    floor.pass_time(SECOND)
    assert await client.push() == ("today.update", ["BCCBTC", today | {"last": "0.2", "low": "0.2", "volume": "2", "deal": "0.5"}])
    await client.follow("today.unsubscribe")
    await trade(floor, alice, bob, "0.1")
    floor.pass_time(SECOND)
    assert await client.quiet()


# --- depth ----------------------------------------------------------------------------------------------------------------


async def test_depth_is_merged_asks_up_and_bids_down(floor: Floor, alice: Trader) -> None:
    for side, price in (
        (SELL, "0.1001"),
        (SELL, "0.1199"),
        (SELL, "0.12"),
        (SELL, "0.1201"),
        (BUY, "0.0999"),
        (BUY, "0.0901"),
        (BUY, "0.09"),
    ):
        await floor.limit(alice, "BCCBTC", side, "1", price)
    await floor.caught_up()
    client = await floor.socket()
    book = await client.call("depth.query", "BCCBTC", 101, "0.01")
    assert book == {"asks": [["0.11", "1"], ["0.12", "2"], ["0.13", "1"]], "bids": [["0.09", "3"]]}
    assert await client.call("depth.query", "BCCBTC", 2, "0.01") == {"asks": [["0.11", "1"], ["0.12", "2"]], "bids": [["0.09", "3"]]}
    exact = await client.call("depth.query", "BCCBTC", 1, "0")
    assert exact == {"asks": [["0.1001", "1"]], "bids": [["0.0999", "1"]]}
    # Finer than the market's prices: as they are; an interval of its own kind: its multiples.
    assert await client.call("depth.query", "BCCBTC", 1, "0.00000001") == exact
    odd = await client.call("depth.query", "BCCBTC", 1, "0.0000025")
    assert odd == {"asks": [["0.1001", "1"]], "bids": [["0.0999", "1"]]}
    odd = await client.call("depth.query", "BCCBTC", 1, "0.0000030")
    assert odd == {"asks": [["0.100101", "1"]], "bids": [["0.0999", "1"]]}


@pytest.mark.parametrize("limit", [1, 5, 10, 20, 30, 50, 100])
@pytest.mark.parametrize(
    "interval", ["0", "0.00000001", "0.0000001", "0.000001", "0.00001", "0.0001", "0.001", "0.01", "0.1", "0.0", "0.10"]
)
async def test_limits_and_intervals_that_can_be_followed(floor: Floor, limit: int, interval: str) -> None:
    client = await floor.socket()
    await client.follow("depth.subscribe", "BCCBTC", limit, interval)
    assert await client.push() == ("depth.update", [True, {"bids": [], "asks": []}, "BCCBTC"])


@pytest.mark.parametrize(
    ("limit", "interval"), [(2, "0"), (101, "0"), (0, "0"), (10, "1"), (10, "0.02"), (10, "0.000000001"), (10, "x"), (10, "-0.1")]
)
async def test_a_wrong_limit_or_interval_leaves_the_old_subscription(floor: Floor, alice: Trader, limit: int, interval: str) -> None:
    client = await floor.socket()
    await client.follow("depth.subscribe", "BCCBTC", 10, "0")
    await client.push()
    assert await client.error("depth.subscribe", "BCCBTC", limit, interval) == INVALID
    await floor.limit(alice, "BCCBTC", SELL, "1", "0.1")
    floor.pass_time(SECOND)
    assert await client.push() == ("depth.update", [False, {"asks": [["0.1", "1"]]}, "BCCBTC"])


async def test_depth_updates(floor: Floor, alice: Trader) -> None:
    client = await floor.socket()
    await client.follow("depth.subscribe", "BCCBTC", 5, "0")
    assert await client.push() == ("depth.update", [True, {"bids": [], "asks": []}, "BCCBTC"])
    for price in ("0.1", "0.2", "0.3", "0.4", "0.5", "0.6"):
        await floor.limit(alice, "BCCBTC", SELL, "1", price)
    assert await client.quiet()  # looked at twice a second
    floor.pass_time(SECOND // 2)
    asks = [[f"0.{digit}", "1"] for digit in range(1, 6)]
    assert await client.push() == ("depth.update", [False, {"asks": asks}, "BCCBTC"])
    # 0.05 pushes 0.5 out: the client cuts it off himself. What is really gone is told.
    await floor.limit(alice, "BCCBTC", SELL, "1", "0.05")
    floor.pass_time(SECOND // 2)
    assert await client.push() == ("depth.update", [False, {"asks": [["0.05", "1"]]}, "BCCBTC"])
    await floor.post("markets/BCCBTC/orders/2/_cancel", alice)
    await floor.limit(alice, "BCCBTC", BUY, "1", "0.01")
    floor.pass_time(SECOND // 2)
    assert await client.push() == ("depth.update", [False, {"bids": [["0.01", "1"]], "asks": [["0.2", "0"], ["0.5", "1"]]}, "BCCBTC"])
    # Beyond the limit nobody sees anything.
    await floor.limit(alice, "BCCBTC", SELL, "1", "0.7")
    floor.pass_time(SECOND // 2)
    assert await client.quiet()


async def test_a_minute_after_the_last_full_book_the_next_change_is_a_full_book(floor: Floor, alice: Trader) -> None:
    client = await floor.socket()
    await floor.limit(alice, "BCCBTC", SELL, "1", "0.1")
    await floor.caught_up()
    await client.follow("depth.subscribe", "BCCBTC", 5, "0")
    await client.push()
    floor.pass_time(59 * SECOND)
    await floor.limit(alice, "BCCBTC", SELL, "1", "0.2")
    assert (await client.push())[1][0] is False
    floor.pass_time(5 * SECOND)
    assert await client.quiet()  # no change, no push
    await floor.limit(alice, "BCCBTC", SELL, "1", "0.3")
    assert await client.push() == ("depth.update", [True, {"bids": [], "asks": [["0.1", "1"], ["0.2", "1"], ["0.3", "1"]]}, "BCCBTC"])
    floor.pass_time(SECOND)
    await floor.limit(alice, "BCCBTC", SELL, "1", "0.4")
    assert (await client.push())[1][0] is False


async def test_who_comes_later_gets_the_book_as_the_others_have_it(floor: Floor, alice: Trader) -> None:
    first, second = await floor.socket(), await floor.socket()
    await first.follow("depth.subscribe", "BCCBTC", 5, "0")
    await first.push()
    await floor.limit(alice, "BCCBTC", SELL, "1", "0.1")
    await floor.caught_up()
    await second.follow("depth.subscribe", "BCCBTC", 5, "0.0")
    assert await second.push() == ("depth.update", [True, {"bids": [], "asks": []}, "BCCBTC"])
    floor.pass_time(SECOND)
    update = ("depth.update", [False, {"asks": [["0.1", "1"]]}, "BCCBTC"])
    assert await first.push() == update
    assert await second.push() == update


async def test_following_another_book_takes_the_place_of_the_first(floor: Floor, alice: Trader) -> None:
    client = await floor.socket()
    await client.follow("depth.subscribe", "BCCBTC", 5, "0")
    await client.push()
    await client.follow("depth.subscribe", "BTGBTC", 5, "0")
    assert (await client.push())[1][2] == "BTGBTC"
    await floor.limit(alice, "BCCBTC", SELL, "1", "0.1")
    floor.pass_time(SECOND)
    assert await client.quiet()
