"""Every socket example of the reference, as text where the text is the same."""

import json
from typing import Any

from tests.dialects.expie.floor import BUY, SELL, Client, Floor, Trader

PLACED_AT = 1_517_455_018_000_000


async def said(client: Client, request: str) -> str:
    """The next message, word for word."""
    await client.connection.send(request)
    answer = await client.connection.recv()
    assert isinstance(answer, str)
    return answer


def compact(example: str) -> Any:
    return json.loads(example)


async def test_ping_and_time(floor: Floor) -> None:
    client = await floor.socket()
    answer = await said(client, '{"method": "server.ping", "params": [], "id": 1223}')
    assert answer == '{"error":null,"result":"pong","id":1223}'
    floor.clock.now = PLACED_AT
    answer = await said(client, '{"method":"server.time","params":[],"id": 1223}')
    assert answer == '{"error":null,"result":1517455018,"id":1223}'


async def test_depth_query(floor: Floor, alice: Trader) -> None:
    await floor.limit(alice, "BCCBTC", SELL, "0.1524", "12.94")
    await floor.caught_up()
    answer = await said(await floor.socket(), '{"method":"depth.query","params":["BCCBTC", 10, "0"],"id":1517465832}')
    # The example leaves the empty side out; clients that index both are better served by an empty list.
    assert answer == '{"error":null,"result":{"asks":[["12.94","0.1524"]],"bids":[]},"id":1517465832}'


async def test_depth_subscribe_and_unsubscribe(floor: Floor, alice: Trader) -> None:
    await floor.limit(alice, "BCCBTC", BUY, "0.0588", "0.21082")
    await floor.limit(alice, "BCCBTC", SELL, "0.988", "0.25082")
    await floor.caught_up()
    client = await floor.socket()
    answer = await said(client, '{"method":"depth.subscribe","params":["BCCBTC", 10, "0"],"id": 1517465832}')
    assert answer == '{"error":null,"result":{"status":"success"},"id":1517465832}'
    example = """{"method": "depth.update", "params": [true, {"bids": [["0.21082", "0.0588"]], "asks": [["0.25082", "0.988"]]}, "BCCBTC"],
        "id": null}"""
    assert json.dumps(await client.receive()) == json.dumps(compact(example))
    answer = await said(client, '{"method": "depth.unsubscribe", "params": [], "id": 1517466483}')
    assert answer == '{"error":null,"result":{"status":"success"},"id":1517466483}'
    await floor.limit(alice, "BCCBTC", SELL, "1", "0.25082")
    floor.pass_time(1_000_000)
    assert await client.quiet()


async def test_price(floor: Floor, alice: Trader, bob: Trader) -> None:
    await floor.limit(alice, "BCCBTC", SELL, "1", "0.149")
    await floor.limit(bob, "BCCBTC", BUY, "0.5", "0.149")
    await floor.caught_up()
    client = await floor.socket()
    answer = await said(client, '{"method": "price.query", "params": ["BCCBTC"], "id": 1517466483}')
    assert compact(answer) == {"error": None, "id": 1517466483, "result": "0.14900000"}
    answer = await said(client, '{"method": "price.subscribe", "params": ["BCCBTC"], "id": 1517466483}')
    assert answer == '{"error":null,"result":{"status":"success"},"id":1517466483}'
    assert await client.connection.recv() == '{"method":"price.update","params":["BCCBTC","0.149"],"id":null}'
    answer = await said(client, '{"method": "price.unsubscribe", "params": [], "id": 1517466483}')
    assert answer == '{"error":null,"result":{"status":"success"},"id":1517466483}'


async def test_deals(floor: Floor, alice: Trader, bob: Trader) -> None:
    client = await floor.socket()
    answer = await said(client, '{"method": "deals.query", "params": ["BCCBTC", 10, 7561], "id": 1223}')
    assert answer == '{"error":null,"result":[],"id":1223}'
    floor.clock.now = 1_517_369_971_099_250
    await floor.limit(bob, "BCDBTC", BUY, "4.5", "0.000801")
    await floor.limit(alice, "BCDBTC", SELL, "4.5", "0.000801")
    floor.clock.now = 1_517_370_019_465_580
    await floor.limit(alice, "BCDBTC", SELL, "10.5", "0.000801")
    await floor.limit(bob, "BCDBTC", BUY, "10.5", "0.000801")
    await floor.caught_up()
    answer = await said(client, '{"method": "deals.subscribe", "params":["BCCBTC", "BCDBTC"], "id": 1223}')
    assert answer == '{"error":null,"result":{"status":"success"},"id":1223}'
    example = """{"method": "deals.update", "params": ["BCDBTC", [
        {"price": "0.000801", "id": 6834, "time": 1517370019.46558, "amount": "10.5", "type": "buy"},
        {"price": "0.000801", "id": 6833, "time": 1517369971.09925, "amount": "4.5", "type": "sell"}]], "id": null}"""
    expected = compact(example)
    expected["params"][1][0]["id"], expected["params"][1][1]["id"] = 2, 1
    assert await client.connection.recv() == json.dumps(expected, separators=(",", ":"))
    answer = await said(client, '{"method": "deals.unsubscribe", "params": [], "id": 1517466483}')
    assert answer == '{"error":null,"result":{"status":"success"},"id":1517466483}'
