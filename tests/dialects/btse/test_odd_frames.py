"""What strangers send over sockets: an answer in the API's form or an end with a reason, never a failed session, and no change."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect

from cambist.gateway.app import Gateway
from cambist.gateway.server import Server
from tests.dialects.btse.floor import Floor

OPERATIONS = ["subscribe", "unsubscribe", "authKeyExpires", "login", "", "ping"]
TOPICS = [
    "update:BTC-USD_0", "update:BTC-USD_10", "update:BTC-USD", "snapshotL1:BTC-USD_1", "orderBookApi:BTC-USD_9", "orderBookApi:_", "fills",
    "orderBookL2Api:BTC-USD_99999", "orderBookL2Api:XXX-USD_1", "notificationApiV2", "tradeHistory:btc-usd", ":", "", "a:b_c",
    "update:BTC-USD_-1",
]  # fmt: skip
plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10)
arguments = st.lists(
    st.sampled_from(TOPICS) | plain | st.lists(plain, max_size=2) | st.dictionaries(st.text(max_size=3), plain, max_size=2), max_size=6
)
requests = st.fixed_dictionaries({}, optional={"op": st.sampled_from(OPERATIONS) | plain, "args": arguments | plain, "id": plain})
messages = requests.map(json.dumps) | st.text(max_size=40) | plain.map(json.dumps) | st.just("[" * 5_000)


@pytest.fixture
async def url(floor: Floor) -> AsyncIterator[str]:
    server = Server(Gateway(floor.service.routes, barrier=floor.sequencer.barrier, sockets=floor.service.sockets))
    await server.start()
    yield server.url.replace("http", "ws")
    await server.stop(deadline=1.0)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["/ws/spot", "/spotWS", "/ws/oss/spot"]), st.lists(messages, max_size=12))
async def test_frames_by_chance(floor: Floor, url: str, path: str, texts: list[str]) -> None:
    before = floor.engine.seq
    async with asyncio.timeout(20), connect(url + path, compression=None, proxy=None) as connection:
        for text in texts:
            await connection.send(text)
        await connection.send("ping")
        pongs = 1 + texts.count("ping")
        while pongs:
            answer = await connection.recv()
            if answer == "pong":
                pongs -= 1
            else:
                assert_known(json.loads(answer))
    assert floor.engine.seq == before


def assert_known(answer: Any) -> None:
    """An event, an error, or a topic's data."""
    assert {"event", "severity", "topic"} & answer.keys()
