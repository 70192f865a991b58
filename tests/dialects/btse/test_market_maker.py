"""docs/how-to/trade-with-ccxt.md's market maker, with an unmodified ccxt, for ten minutes in which seeded traders trade: by hand."""

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from cambist import _core
from cambist.gateway.app import Gateway
from cambist.gateway.server import Server
from cambist.sandbox.presets import PRESETS
from cambist.sandbox.traders import Traders, account_names
from tests.dialects.btse.floor import Floor, Trader
from tests.documents.blocks import blocks
from tests.support.clients import CLIENTS, PATIENCE, ROOT, client_environment

MINUTES = 10
PAGE = ROOT / "docs" / "how-to" / "trade-with-ccxt.md"
CREW = dict.fromkeys(("BTC", "LTC", "USD", "ETH", "EUR"), "1000000000")


def program() -> str:
    (block,) = [block for block in blocks(PAGE) if block.test == "elsewhere tests/dialects/btse/test_market_maker.py"]
    assert len(block.text.splitlines()) <= 100
    return block.text


def totals(floor: Floor) -> dict[int, int]:
    """Asset to everything that everybody has, the venue's fees included."""
    found: dict[int, int] = {}
    for _account, asset, available, held in floor.money():
        found[asset] = found.get(asset, 0) + available + held
    return found


def holding(floor: Floor, trader: Trader, code: str) -> Decimal:
    spec = floor.catalogue.assets.by_code(code)
    assert spec is not None
    available, held = floor.engine.balance(trader.account, spec.id)
    return Decimal(_core.format_units(available + held, spec.scale))


async def session(python: Path, config: Path, moved: Callable[[], Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Runs the program, moving time whenever it pauses: what it said then, and its own trades."""
    line = (str(python), "-I", str(CLIENTS / "drive_market_maker.py"), str(config))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*line, stdin=pipe, stdout=pipe, stderr=pipe, limit=1 << 24)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    pauses: list[dict[str, Any]] = []
    async with asyncio.timeout(2 * PATIENCE):
        while said := (await process.stdout.readline()).decode():
            word, _, data = said.partition(" ")
            if word == "done":
                assert await process.wait() == 0
                return pauses, json.loads(data)
            pauses.append(json.loads(data))
            await moved()
            process.stdin.write(b"\n")
    raise AssertionError((await process.stderr.read()).decode()[-3000:])


async def test_a_market_maker_of_a_hundred_lines_trades_for_ten_minutes(floor: Floor, tmp_path: Path) -> None:
    python = await asyncio.to_thread(client_environment, "ccxt-4.5")
    crew = {name: floor.user(name, **CREW).account for name in account_names(PRESETS["thin"])}
    alice = floor.trader("alice", BTC="10", USD="100000")
    traders = Traders(floor.commands, floor.engine, floor.clock.scheduler, crew, 7, PRESETS["thin"], {}, {})
    await traders.open_markets()
    traders.start()
    floor.clock.now += 60_000_000
    server = Server(Gateway(floor.service.routes, barrier=floor.sequencer.barrier, sockets=floor.service.sockets))
    await server.start()
    began, money, before = floor.clock.now, totals(floor), {code: holding(floor, alice, code) for code in ("BTC", "USD")}
    live: list[int] = []

    async def five_seconds() -> None:
        live.append(len(floor.engine.open_orders(alice.account)))
        floor.clock.now += 5_000_000

    config = tmp_path / "client.json"
    ready = {"url": server.url, "users": [{"keys": {"btse": {"key": alice.key.key, "secret": alice.key.secret}}}]}
    config.write_text(json.dumps({"program": program(), "ready": ready, "minutes": MINUTES}))
    try:
        pauses, trades = await session(python, config, five_seconds)
    finally:
        await server.stop(deadline=1.0)

    assert floor.clock.now - began == MINUTES * 60_000_000
    assert totals(floor) == money
    assert len(pauses) == MINUTES * 12
    two_sided = [pause for pause in pauses if pause["quoted"] == ["buy", "sell"]]
    assert len(two_sided) > len(pauses) / 2
    assert max(live) == 2
    assert floor.engine.open_orders(alice.account) == []
    assert {trade["orderSide"] for trade in trades} == {"BUY", "SELL"}
    change = {"BTC": Decimal(0), "USD": Decimal(0)}
    for trade in trades:
        sign = 1 if trade["orderSide"] == "BUY" else -1
        size, price = Decimal(str(trade["filledSize"])), Decimal(str(trade["price"]))
        change["BTC"] += sign * size
        change["USD"] -= sign * size * price
        change[trade["feeCurrency"]] -= Decimal(str(trade["feeAmount"]))
    for code, expected in change.items():
        # A fee is shown with eight decimals.
        assert abs(holding(floor, alice, code) - before[code] - expected) <= len(trades) * Decimal("0.00000001")
