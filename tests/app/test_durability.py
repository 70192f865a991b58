"""The promise, under fire: a server that is killed at any moment loses nothing that it acknowledged, and keeps nothing half.

Each round: start, load over several connections, SIGKILL after a seeded number of answers, then read the journal and compare it with
what each client knows, as the table in `killed_venue.py` says.
"""

import asyncio
import os
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.app.killed_venue import Fleet, check_balances, check_history, check_nonces, check_round, load_until_killed, make_venue
from tests.support.btce_client import BtceClient
from tests.support.processes import cambist, start

KILLS = int(os.environ.get("CAMBIST_KILLS", "30"))
SEED = 20171107
VERIFY_EVERY = 10


async def trade(client: BtceClient, dice: random.Random, coupons: list[str]) -> None:
    """Sends requests for ever; ConnectionError ends it."""
    mine: list[int] = []
    while True:
        choice = dice.random()
        if choice < 0.55:
            side = dice.choice(("buy", "sell"))
            rate, amount = f"{dice.uniform(95, 105):.3f}", f"{dice.uniform(0.01, 0.5):.8f}"
            sent = await client.call("Trade", pair="btc_usd", type=side, rate=rate, amount=amount)
            if sent.result is not None and sent.result["order_id"]:
                mine.append(sent.result["order_id"])
        elif choice < 0.75 and mine:
            await client.call("CancelOrder", order_id=mine.pop(dice.randrange(len(mine))))
        elif choice < 0.85:
            sent = await client.call("CreateCoupon", currency="USD", amount="1.5")
            if sent.result is not None:
                coupons.append(sent.result["coupon"])
        elif choice < 0.93 and coupons:
            await client.call("RedeemCoupon", coupon=coupons[dice.randrange(len(coupons))])
        else:
            await client.call("getInfo")


@pytest.fixture
def venue(tmp_path: Path) -> tuple[Path, Fleet, dict[str, int]]:
    return make_venue(tmp_path, "USD=1000000,BTC=1000")


def test_nothing_acknowledged_is_lost_and_nothing_is_half_there(venue: tuple[Path, Fleet, dict[str, int]], tmp_path: Path) -> None:
    data, fleet, key_ids = venue
    dice = random.Random(SEED)
    for kill in range(KILLS):
        running = start(tmp_path, "serve", "--data", data)
        asyncio.run(load_until_killed(running, fleet, dice, trade))
        check_round(data, fleet, key_ids)
        if kill % VERIFY_EVERY == 0:
            verified = cambist("verify", "--data", data)
            assert verified.returncode == 0, verified.stderr
    running = start(tmp_path, "serve", "--data", data)
    asyncio.run(check_nonces(running, fleet))
    asyncio.run(check_balances(running, data, fleet))
    assert running.terminate() == 0
    check_round(data, fleet, key_ids)
    check_history(data)
    verified = cambist("verify", "--data", data)
    assert verified.returncode == 0, verified.stderr
    answered = Counter(sent.method for client in fleet.clients for sent in client.sent if sent.result is not None)
    assert min(answered[method] for method in ("Trade", "CancelOrder", "CreateCoupon", "RedeemCoupon")) > 0, answered
