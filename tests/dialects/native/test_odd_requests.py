"""Whatever an endpoint is sent, it answers in its form, and nothing breaks: requests drawn from what the documents say, and beside it."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cambist.api_types.problems import KINDS, Code
from cambist.dialect_kit.identity import Identity
from cambist.dialect_kit.messages import Request
from cambist.dialect_kit.situations import Situation
from cambist.dialects.native.endpoint import Endpoint
from cambist.dialects.native.routes import ENDPOINTS
from cambist.directory import Role
from tests.dialects.native.floor import BASE, Browser, Floor, Trader, problem_of
from tests.dialects.native.test_matrices import NOBODY_S, filled, titled

TEXTS = st.sampled_from(
    ["", "0", "1", "0.5", "9" * 30, "-1", "1e9", "NaN", "btc_usd", "BTC", "buy", "limit", "native", "\x00", "'", "<b>", "é", "\ud800"]
) | st.just("x" * 600)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 70), 1 << 70) | TEXTS, lambda inner: st.lists(inner, max_size=3), max_leaves=4
)


def fields(kind: Any) -> list[str]:
    return [each.encode_name for each in msgspec.structs.fields(kind)] if kind is not None else []


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=titled)
async def test_no_body_and_no_query_breaks_an_endpoint(floor: Floor, endpoint: Endpoint) -> None:
    floor.directory.set_role(floor.user("alice", BTC="10", USD="1000"), Role.OPERATOR)
    browser = Browser(floor)
    await browser.log_in("alice")
    said = endpoint.signature()
    drawn: list[tuple[dict[str, Any], dict[str, Any]]] = []

    @settings(max_examples=12, database=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.dictionaries(st.sampled_from([*fields(said.body), "other"]), VALUES, max_size=6),
        st.dictionaries(st.sampled_from([*fields(said.query), "other"]), TEXTS, max_size=3),
    )
    def draw(body: dict[str, Any], query: dict[str, Any]) -> None:
        drawn.append((body, query))

    draw()
    for body, query in drawn:
        asked = "&".join(f"{name}={value.encode('ascii', 'ignore').decode()}" for name, value in query.items())
        path = filled(endpoint, NOBODY_S) + (f"?{asked}" if asked else "")
        reply = await browser.reply(endpoint.method, path, body if said.body is not None else None)
        if reply.status >= 400:
            problem_of(reply)
            assert reply.status != 500, (body, query)
            return_code = json.loads(reply.content)["code"]
            assert return_code not in {Code.INTERNAL.value}
        else:
            msgspec.json.decode(reply.content, type=said.reply)
        await browser.log_in("alice")  # whatever became of the session


def test_every_situation_has_its_words(floor: Floor) -> None:
    wording = floor.service.wording
    assert wording is not None
    for situation in Situation:
        status, code = problem_of(wording(Request("GET", BASE), situation, 5_000_000))
        assert status == KINDS[Code(code)].status
    said = json.loads(wording(Request("GET", BASE), Situation.RATE_LIMITED, 5_000_000).content)
    assert (said["code"], said["retry_after"]) == ("rate-limited", 5)


async def test_whoever_watches_is_told_whom_a_request_names(floor: Floor, alice: Trader) -> None:
    identify = floor.service.identify
    assert identify is not None
    named = {b"cambist-key": alice.key.key.encode(), b"cambist-timestamp": b"7"}
    assert identify(Request("GET", BASE, headers=named)) == Identity(alice.account, alice.key.key, "7")
    assert identify(Request("GET", BASE, headers={b"cambist-key": b"nobody's"})) is None
    assert identify(Request("GET", BASE)) is None
    browser = Browser(floor)
    await browser.log_in("alice")
    cookie = f"cambist-session={browser.cookies['cambist-session']}".encode()
    found = identify(Request("GET", BASE, headers={b"cookie": cookie}))
    assert found is not None
    assert found.account == alice.account
