"""The disk is full all at once while the venue serves: it goes on with what it can do, and catches up when there is room."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cambist.app.errors import Exit
from tests.support.btce_client import BtceClient
from tests.support.processes import cambist, serving
from tests.support.small_disks import SmallDisk, small_disk
from tests.support.waiting import until, wait_until

SMALL_SEGMENTS = "[journal]\nsegment_mebibytes = 1\n"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", 24 << 10) as made:
        yield made


async def order(client: BtceClient) -> dict[str, Any]:
    """A small bid far from the market."""
    return (await client.call("Trade", pair="btc_usd", type="buy", rate="50", amount="0.01")).reply or {}


async def test_a_full_disk_ends_nothing_and_what_was_missed_is_caught_up(disk: SmallDisk, tmp_path: Path) -> None:
    config = tmp_path / "given.toml"
    config.write_text(SMALL_SEGMENTS)
    data = disk.path / "venue"

    def ask(*arguments: str | Path) -> Any:
        answer = cambist(*arguments, "--data", data, "--json", inside=disk.inside)
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    def prepare() -> tuple[dict[str, Any], str]:
        for name in ("alice", "bob"):
            assert cambist("user", "add", name, "--data", data, inside=disk.inside).returncode == 0
        assert cambist("fund", "alice", "BTC=10,USD=1000000", "--data", data, inside=disk.inside).returncode == 0
        address = ask("deposit", "simulate", "bob", "BTC", "1")["address"]
        return ask("key", "create", "alice", "--scopes", "info,trade,withdraw"), address

    with serving(tmp_path, "serve", "--data", data, "--config", config, inside=disk.inside) as running:
        key, address = await asyncio.to_thread(prepare)
        client = BtceClient(running.port, key["key"], key["secret"])
        resting = (await order(client))["return"]["order_id"]
        await until(lambda: running.metric("cambist_history_seq") == running.metric("cambist_durable_seq"))
        disk.fill()

        # The journal has room that it made in advance.
        held = (await client.call("WithdrawCoin", coinName="BTC", amount="1", address=address)).reply or {}
        assert held["success"] == 1, held
        placed = 0
        while (said := await order(client))["success"] == 1:
            placed += 1
        assert placed > 100
        assert said["error"], "refused in words"
        assert running.process.poll() is None

        cancelled = await client.call("CancelOrder", order_id=resting)
        assert cancelled.result is not None, cancelled.reply
        assert cancelled.result["order_id"] == resting

        assert (await client.call("TransHistory")).result is None, "histories say in time that they are not available"
        await until(lambda: running.metric("cambist_unwritable_files") >= 3)
        status, said = running.readiness()
        assert (status, said["reasons"]) == (503, ["the disk is nearly full: no new orders"])
        assert re.search("history does not follow; .*directory.sqlite, .*wallet.sqlite", "; ".join(said["degraded"])), said
        refused = await asyncio.to_thread(cambist, "user", "freeze", "bob", "--data", data, inside=disk.inside)
        assert refused.returncode == Exit.DISK
        assert "disk is full" in refused.stderr

        disk.free()
        await until(lambda: running.readiness() == (200, {"status": "ready"}))
        await until(lambda: running.metric("cambist_history_seq") == running.metric("cambist_durable_seq"))
        assert running.metric("cambist_unwritable_files") == 0
        assert (await order(client))["success"] == 1
        withdrawals = await asyncio.to_thread(ask, "withdrawal", "list", "--all", "--user", "alice")
        assert [withdrawal["amount"] for withdrawal in withdrawals] == ["1"]
        moved = await client.call("TransHistory")
        assert moved.result is not None
        log = running.log.read_text()
        for name in ("directory.sqlite", "wallet.sqlite", "merchant.sqlite"):
            assert sum("cannot be written" in line and name in line for line in log.splitlines()) == 1, "told once"
        assert "Traceback" not in log
        disk.fill()  # it ends in order on a full disk too
        assert (await client.call("CancelOrder", order_id=(await client.call("ActiveOrders")).result.popitem()[0])).result  # type: ignore[union-attr]
        await client.close()
        assert await asyncio.to_thread(running.terminate) == 0
    disk.free()
    found = await asyncio.to_thread(ask, "verify")
    assert found["commands"] > placed
    with serving(tmp_path, "serve", "--data", data, inside=disk.inside) as again:
        wait_until(lambda: again.metric("cambist_history_seq") == again.metric("cambist_durable_seq"))
        assert "passed over" not in again.log.read_text()
