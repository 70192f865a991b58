"""Bots on unmodified client libraries trade through each fault: one that sends its order again without a look is caught, and the report
names it; one that looks first is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cambist.sandbox.control_client.control import Control
from tests.bots.driving import BOTS, Bot, run_bot
from tests.support.processes import Running, serving


@dataclass(frozen=True)
class Row:
    """A fault that the bot's order meets, and how many orders the naive bot has in the book then. The careful one always has one."""

    name: str
    plan: dict[str, Any]
    naive: int


ROWS = [
    Row("the reply is lost", {"kind": "lose-reply"}, 2),
    Row("three replies are lost", {"kind": "lose-reply", "count": 3}, 4),
    Row("the request is lost", {"kind": "lose-request"}, 1),
    Row("a reset after the order was placed", {"kind": "reset", "after_bytes": 0}, 2),
    Row("a reset before", {"kind": "reset", "executed": False}, 1),
    Row("a 502 after the order was placed", {"kind": "server-error", "status": 502, "executed": True}, 2),
    Row("a 503 before", {"kind": "server-error", "status": 503}, 1),
    Row("cut JSON", {"kind": "truncate", "after_bytes": 20}, 2),
    Row("JSON that breaks off", {"kind": "truncate", "length": "wrong", "after_bytes": 20}, 2),
    Row("too many requests", {"kind": "rate-limit"}, 1),
    Row("maintenance", {"kind": "maintenance", "count": 1}, 1),
    Row("a ban", {"kind": "ban", "count": 1}, 1),
    Row("a rejected nonce", {"kind": "nonce-rejected"}, 1),
]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """With a user for each test: what one did is not the others' to explain."""
    users = ",".join(f"bot{number}" for number in range(2 * len(BOTS) * len(ROWS)))
    with serving(tmp_path_factory.mktemp("sandbox"), "sandbox", "--seed", "7", "--quiet", "--users", users) as running:
        yield running


@pytest.mark.parametrize("bot", BOTS, ids=lambda bot: bot.dialect)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("manner", ["naive", "careful"])
def test_a_bot_trades_through_a_fault(tmp_path: Path, sandbox: Running, bot: Bot, row: Row, manner: str) -> None:
    user = sandbox.ready["users"][(ROWS.index(row) * len(BOTS) + BOTS.index(bot)) * 2 + (manner == "careful")]
    control = Control(sandbox.url)
    fault = control.arm_fault(user=user["name"], method=bot.order_method, **row.plan).id
    ran = run_bot(bot, tmp_path, sandbox.url, user, manner)
    control.disarm_faults()
    assert [firing for firing in control.faults().fired if firing.fault == fault]
    assert ran.errors
    (report,) = control.report(user=user["name"]).bots
    expected = row.naive if manner == "naive" else 1
    assert report.placed == expected
    assert len([finding for finding in report.findings if finding.code == "duplicate-order"]) == expected - 1
    assert len(ran.placed) == 1
