"""The promise for linked markets: killed between trades in several currencies, rate changes, and markets that are linked and parted.

The operator's commands have no nonce. Each rate is another one, so each can be found in the journal by its number: of those that were
acknowledged every one, once, in their order; of the others at most the last one before each kill.
"""

import asyncio
import os
import random
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cambist import _core
from cambist.app.admin import NotRunning, ask_running
from cambist.app.errors import OperatorError
from cambist.app.recovery import replayed_events
from tests.app.killed_venue import check_balances, check_history, check_nonces, check_round, load_until_killed, make_venue
from tests.support.btce_client import BtceClient
from tests.support.processes import cambist, start

KILLS = int(os.environ.get("CAMBIST_KILLS", "8"))
SEED = 20130409
MARKETS = {"btc_usd": 100.0, "btc_eur": 91.0, "btc_gbp": 77.0}
"""And around what they trade: about the same everywhere."""
EUR, MICRO = 1.1, 1_000_000
"""What a euro is worth, about: the first rate; each next one is a millionth more."""
CONVERSION = "USD=3000,EUR=3000,GBP=3000"
"""So little that it runs out now and then."""
TABLES = ("orders", "trades", "transfers", "entries")


async def trade(client: BtceClient, dice: random.Random, _coupons: list[str]) -> None:
    """Orders in all currencies, at prices that meet across them; some are cancelled."""
    mine: list[int] = []
    while True:
        if dice.random() < 0.8 or not mine:
            pair = dice.choice(list(MARKETS))
            rate = f"{MARKETS[pair] * dice.uniform(0.97, 1.03):.3f}"
            sent = await client.call(
                "Trade", pair=pair, type=dice.choice(("buy", "sell")), rate=rate, amount=f"{dice.uniform(0.01, 2):.8f}"
            )
            if sent.result is not None and sent.result["order_id"]:
                mine.append(sent.result["order_id"])
        else:
            await client.call("CancelOrder", order_id=mine.pop(dice.randrange(len(mine))))


@dataclass
class RateSetter:
    """The operator, who changes rates as fast as the venue takes them, and now and then what is linked."""

    data: Path
    sent: list[int] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)
    rounds: int = 0

    async def run(self) -> None:
        """Until nobody answers any more."""
        self.rounds += 1
        try:
            while True:
                rate = round(EUR * MICRO) + len(self.sent)
                self.sent.append(rate * MICRO)
                await self._ask("rates.set", base="BTC", rates=f"EUR={rate / MICRO:.6f}")
                self.acknowledged.append(rate * MICRO)
                if len(self.sent) % 7 == 0:
                    await self._ask("market.unlink", name="btc_gbp")
                    await self._ask("market.link", names=["btc_gbp"], fee_ppm=1_000 + len(self.sent) % 5)
        except (NotRunning, OperatorError, OSError):
            return

    async def _ask(self, action: str, **arguments: Any) -> None:
        await asyncio.to_thread(ask_running, self.data, action, arguments)

    def check(self) -> None:
        """What was acknowledged, against the journal."""
        found = [
            event.rate
            for run in replayed_events(_core.Engine(), _core.ReadOnlyJournal(str(self.data / "journal")))
            for event in _core.decode_events(run)
            if isinstance(event, _core.ConversionRateSet) and event.rate in self.sent
        ]
        assert found == sorted(set(found)), "twice, or in another order"
        lost = set(self.acknowledged) - set(found)
        assert not lost, f"acknowledged and lost: {sorted(lost)}"
        assert len(found) - len(self.acknowledged) <= self.rounds, "one a kill can be in doubt"


def converted(data: Path) -> int:
    with sqlite3.connect(data / "history.sqlite") as connection:
        (rows,) = connection.execute("SELECT count(*) FROM trades WHERE resting_market IS NOT NULL").fetchone()
    return int(rows)


def history(data: Path) -> list[list[tuple[Any, ...]]]:
    with sqlite3.connect(data / "history.sqlite") as connection:
        return [sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr) for table in TABLES]


def linked_state(data: Path) -> tuple[_core.LinkedGroup, dict[int, int]]:
    """The group as the journal leads to it, and what the conversion account has of each asset."""
    engine = _core.Engine()
    engine.replay(_core.ReadOnlyJournal(str(data / "journal")))
    (group,) = engine.linked_groups()
    return group, {asset.id: sum(engine.balance(_core.CONVERSION, asset.id)) for asset in engine.assets()}


def worth(group: _core.LinkedGroup, conversion: dict[int, int]) -> int:
    """What the conversion account has, in the anchor; all these currencies have one scale."""
    return sum(conversion[asset] * rate for asset, rate, _ in group.rates) + conversion[group.anchor] * _core.RATE_ONE


def test_linked_markets_lose_nothing_acknowledged_and_a_rebuild_makes_the_same_history(tmp_path: Path) -> None:
    data, fleet, key_ids = make_venue(tmp_path, "USD=1000000,EUR=1000000,GBP=1000000,BTC=1000")
    for line in (
        ("market", "link", *MARKETS, "--anchor", "USD", "--fee-ppm", "2500"),
        ("rates", "set", "BTC", "EUR=1.09,GBP=1.3"),
        ("fund", "@5", CONVERSION),
    ):
        assert cambist(*line, "--data", data).returncode == 0
    worth_before = worth(*linked_state(data))
    dice, operator = random.Random(SEED), RateSetter(data)
    for _ in range(KILLS):
        running = start(tmp_path, "serve", "--data", data)
        asyncio.run(load_until_killed(running, fleet, dice, trade, operator.run()))
        check_round(data, fleet, key_ids)
        operator.check()
        verified = cambist("verify", "--data", data)
        assert verified.returncode == 0, verified.stderr
    running = start(tmp_path, "serve", "--data", data)
    asyncio.run(check_nonces(running, fleet))
    asyncio.run(check_balances(running, data, fleet))
    (row,) = ask_running(data, "market.groups", {})
    assert running.terminate() == 0
    group, conversion = linked_state(data)
    assert {rate["asset"]: rate["rate"] for rate in row["rates"]}["EUR"] == _core.format_units(
        next(rate for asset, rate, _ in group.rates if rate in operator.sent), 12
    )
    assert row["fee_ppm"] == group.fee_ppm
    assert min(conversion.values()) >= 0
    assert worth(group, conversion) > worth_before, "rates have only risen, so the conversion account cannot have lost"
    check_round(data, fleet, key_ids)
    check_history(data)
    assert converted(data) > 10 * KILLS, "the currencies hardly met"
    assert len(operator.acknowledged) > 2 * KILLS
    before = history(data)
    rebuilt = cambist("rebuild", "--data", data)
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert history(data) == before
    check_history(data)
    verified = cambist("verify", "--data", data)
    assert verified.returncode == 0, verified.stderr
