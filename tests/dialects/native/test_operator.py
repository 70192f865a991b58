"""Looking after the venue over the network: by users with a role, recorded, and only what is served."""

import json

from cambist.dialects.native.openapi import document
from cambist.dialects.native.routes import ENDPOINTS
from cambist.dialects.native.scopes import Scope
from cambist.directory import Role
from cambist.operations.registry import OPERATIONS
from tests.dialects.native.floor import Browser, Floor, Trader

LEFT_TO_THE_COMMAND_LINE = {
    "user.add", "user.password", "user.erase", "operator.create", "operator.reset",
    "second-factor.enrol", "second-factor.confirm", "key.create", "key.renew",
    "key.reveal", "fund", "deposit.simulate", "market.link", "market.unlink", "rates.set", "backup",
}  # fmt: skip


async def operator(floor: Floor, role: Role = Role.OPERATOR) -> Browser:
    floor.directory.set_role(floor.user("olga"), role)
    browser = Browser(floor)
    await browser.log_in("olga")
    return browser


def test_every_operation_is_served_or_left_to_the_command_line() -> None:
    paths = {endpoint.path.removeprefix("/operator/").replace("/", ".") for endpoint in ENDPOINTS if endpoint.path.startswith("/operator/")}
    assert paths | LEFT_TO_THE_COMMAND_LINE == OPERATIONS.keys()
    assert not paths & LEFT_TO_THE_COMMAND_LINE
    changing = {endpoint.path for endpoint in ENDPOINTS if endpoint.scope is Scope.OPERATOR}
    assert all(endpoint.method == "GET" for endpoint in ENDPOINTS if endpoint.scope is Scope.OPERATOR_READ)
    assert "/operator/user/freeze" in changing


async def test_a_user_is_frozen_and_it_is_recorded(floor: Floor, alice: Trader) -> None:
    browser = await operator(floor)
    frozen = await browser.call("POST", "/operator/user/freeze", {"user": "alice"})
    assert frozen == {"name": "alice", "changed": True, "cancelled": 0}
    assert await floor.problem(alice, "GET", "/account") == (401, "key-unknown")
    rows = {row["name"]: row for row in await browser.call("GET", "/operator/user/list")}
    assert (rows["alice"]["frozen"] is not None, rows["olga"]["role"]) == (True, "operator")
    (record,) = (await browser.call("GET", "/operator/audit/list?limit=5"))["rows"]
    assert (record["operation"], record["outcome"], record["by"]) == ("user.freeze", "done", "@17 from 192.0.2.1")
    assert record["arguments"] == {"user": "@16", "cancel_orders": False}


async def test_markets_the_ledger_and_withdrawals(floor: Floor, alice: Trader) -> None:
    browser = await operator(floor)
    assert (await browser.call("POST", "/operator/market/status", {"name": "btc_usd", "halted": True}))["status"] == "halted"
    order = {"market": "btc_usd", "side": "buy", "type": "limit", "price": "900", "amount": "0.1"}
    assert await floor.problem(alice, "POST", "/orders", order) == (409, "market-halted")
    totals = await browser.call("GET", "/operator/ledger/totals")
    assert {row["sum"] for row in totals} == {"0"}
    assert await browser.call("GET", "/operator/withdrawal/list") == []
    assert await browser.call("GET", "/operator/order/list?user=alice&state=all") == []


async def test_a_rejection_has_the_operation_s_own_code(floor: Floor) -> None:
    browser = await operator(floor)
    assert await browser.problem("POST", "/operator/user/freeze", {"user": "nobody"}) == (404, "user-unknown")
    assert await browser.problem("POST", "/operator/market/status", {"name": "x_y", "halted": True}) == (404, "market-unknown")
    assert await browser.problem("POST", "/operator/user/freeze", {}) == (400, "request-invalid")
    assert await browser.problem("POST", "/operator/snapshot") == (503, "snapshot-failed")


async def test_a_role_ends_at_once(floor: Floor) -> None:
    browser = await operator(floor)
    user = floor.directory.user("olga")
    assert user is not None
    floor.directory.set_role(user, Role.AUDITOR)
    assert await browser.problem("POST", "/operator/user/freeze", {"user": "olga"}) == (403, "scope-missing")
    await browser.call("GET", "/operator/status")
    floor.directory.set_role(user, None)
    assert await browser.problem("GET", "/operator/status") == (403, "scope-missing")


async def test_what_waits_for_a_second_operator_is_accepted_and_not_done(floor: Floor, alice: Trader) -> None:
    floor.directory.set_role(floor.user("otto"), Role.OPERATOR)
    olga, otto = await operator(floor), Browser(floor)
    await otto.log_in("otto")
    said = {"user": "alice", "role": "operator"}
    reply = await olga.reply("POST", "/operator/user/role", said)
    waiting = json.loads(reply.content)
    assert (reply.status, waiting["operation"], waiting["asked_by"]) == (202, "user.role", "olga")
    assert floor.directory.role(alice.user.id) is None
    assert await olga.call("GET", "/operator/approval/list") == [waiting]
    assert await otto.call("POST", "/operator/user/role", said) == {"name": "alice", "role": "operator"}
    assert floor.directory.role(alice.user.id) is Role.OPERATOR


def test_the_document_says_which_replies_may_be_202() -> None:
    paths = document(ENDPOINTS)["paths"]
    found = {path for path, methods in paths.items() for operation in methods.values() if "202" in operation["responses"]}
    assert found == {"/cambist/v1/operator/user/role", "/cambist/v1/operator/withdrawal/approve"}
