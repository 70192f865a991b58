"""The promise, under fire: a server that is killed at any moment loses nothing that it acknowledged, and keeps nothing half.

Each round: start, load over several connections, SIGKILL after a seeded number of answers, then read the journal and compare it with
what each client knows. A client knows exactly which requests were answered; only its last one can be in doubt. The journal's commands
carry key id and nonce, so each request can be found, or not, by name:

| the client saw | the journal must have |
|---|---|
| success | the command, once, done, with the same numbers; of RedeemCoupon the note of its nonce, and its transfer once |
| a rejection | at most one command, refused (or a note of its nonce) |
| nothing (killed) | nothing at all, or all of it |
"""

import asyncio
import json
import os
import random
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from cambist import _core
from cambist.app.recovery import replayed_events
from cambist.dialects.btce_wex.ids import shown
from cambist.domain.commands import CommandKind
from cambist.domain.meta import Meta
from cambist.domain.reject_reasons import RejectReason
from cambist.exchange.coupons import code_hash, coupon_transfer
from tests.support.btce_client import BtceClient, Exchanged, nothing
from tests.support.processes import Running, cambist, start

KILLS = int(os.environ.get("CAMBIST_KILLS", "30"))
SEED = 20171107
USERS = ("alice", "bob", "carol")
CONNECTIONS = 4
"""Of each user, each with a key of its own."""
MOST_ANSWERS = 600
"""Before a kill; of all clients together."""
SEVERAL_SYNCS = 0.01
"""Seconds."""
VERIFY_EVERY = 10


@dataclass
class Journaled:
    """One command of the journal and the events it caused."""

    command: _core.CommandApplied
    events: list[Any] = field(default_factory=list)


@dataclass
class Fleet:
    """All clients of all rounds: their keys live on, their connections do not."""

    keys: list[dict[str, Any]]
    clients: list[BtceClient] = field(default_factory=list)

    def connect(self, port: int) -> None:
        """New connections to a new server; every key's nonce goes on where it was."""
        if not self.clients:
            self.clients = [BtceClient(port, key["key"], key["secret"]) for key in self.keys]
        for client in self.clients:
            client.port = port
            client._reader = client._writer = None


def read_journal(directory: Path) -> tuple[_core.Engine, dict[tuple[int, int], list[Journaled]], Counter[int]]:
    """The journal's commands by (key id, nonce), replayed with every check on; and how often each transfer id was used."""
    engine = _core.Engine()
    engine.replay(_core.ReadOnlyJournal(str(directory / "journal")))
    checked, engine = engine, _core.Engine()
    found: dict[tuple[int, int], list[Journaled]] = {}
    transfers: Counter[int] = Counter()
    current = None
    for run in replayed_events(engine, _core.ReadOnlyJournal(str(directory / "journal"))):
        for event in _core.decode_events(run):
            if isinstance(event, _core.CommandApplied):
                meta = Meta.decode(event.meta)
                current = Journaled(event)
                if meta.nonce:
                    found.setdefault((meta.key_id, meta.nonce), []).append(current)
            else:
                assert current is not None
                current.events.append(event)
                if isinstance(event, _core.TransferPosted) and not event.was_pending:
                    transfers[event.transfer_id] += 1
    assert engine.state_hash() == checked.state_hash()
    return engine, found, transfers


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


async def load_until_killed(running: Running, fleet: Fleet, dice: random.Random) -> None:
    """All clients at once; SIGKILL at a random moment after a random number of answers, while requests are in flight."""
    fleet.connect(running.port)
    coupons: list[str] = []
    answers = count(1)
    last, moment = dice.randint(1, MOST_ANSWERS), dice.uniform(0, SEVERAL_SYNCS)

    def answered() -> None:
        if next(answers) == last:
            # Not at once: answers come right after a sync, but death must come at any point of the next one too.
            asyncio.get_running_loop().call_later(moment, running.process.kill)

    for client in fleet.clients:
        client.answered = answered
    tasks = [asyncio.create_task(trade(client, random.Random(dice.random()), coupons)) for client in fleet.clients]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    running.process.wait(30)
    assert all(isinstance(result, ConnectionError | OSError) for result in results), results
    for client in fleet.clients:
        client.answered = nothing
        await client.close()


def check_request(key_id: int, sent: Exchanged, journal: dict[tuple[int, int], list[Journaled]], transfers: Counter[int]) -> None:
    """One request against the journal; the table at the top of this file."""
    commands = journal.get((key_id, sent.nonce), [])
    assert len(commands) <= 1, f"{sent.fields} stands {len(commands)} times in the journal"
    if sent.reply is None:
        return
    if sent.result is None:
        assert all(found.command.code or found.command.command == CommandKind.NOTE for found in commands), sent
        return
    assert commands, f"{sent.fields} was acknowledged and is lost: {sent.reply}"
    (found,) = commands
    assert found.command.code == RejectReason.OK, sent
    if sent.method == "Trade":
        check_order(sent, found)
    elif sent.method == "CancelOrder":
        assert found.command.command == CommandKind.CANCEL_ORDER
        assert sent.result["order_id"] == int(sent.fields["order_id"])
    elif sent.method == "RedeemCoupon":
        # The coupon is looked up in between, so its nonce goes first.
        assert found.command.command == CommandKind.NOTE
        assert transfers[coupon_transfer("redeem", code_hash(sent.fields["coupon"]))] == 1
    elif sent.method == "CreateCoupon":
        assert found.command.command == CommandKind.TRANSFER
        assert [type(event) for event in found.events] == [_core.TransferPosted, _core.BalanceChanged, _core.BalanceChanged]


def check_order(sent: Exchanged, found: Journaled) -> None:
    """The reply's numbers are those of the journal."""
    assert sent.result is not None
    (accepted,) = [event for event in found.events if isinstance(event, _core.OrderAccepted)]
    trades = [event for event in found.events if isinstance(event, _core.TradeExecuted)]
    filled = sum(event.amount for event in trades)
    assert accepted.amount == _core.parse_units(sent.fields["amount"], 8)
    assert f"{filled / 1e8:.8f}" == f"{sent.result['received']:.8f}"
    if sent.result["order_id"]:
        assert sent.result["order_id"] == shown(accepted.order_id)


def check_round(data: Path, fleet: Fleet, key_ids: dict[str, int]) -> None:
    """Everything that every client ever saw, against the journal as it is now."""
    engine, journal, transfers = read_journal(data)
    for client in fleet.clients:
        for sent in client.sent:
            check_request(key_ids[client.key], sent, journal, transfers)
    assert max(transfers.values(), default=0) <= 1
    known = {(key_ids[client.key], sent.nonce) for client in fleet.clients for sent in client.sent}
    assert journal.keys() <= known, "the journal has requests that nobody sent"
    for world, available, held in engine.totals():
        assert world + available + held == 0


def check_history(data: Path) -> None:
    """The queryable past has each order, trade and transfer of the journal exactly once."""
    counts: Counter[str] = Counter()
    for run in replayed_events(_core.Engine(), _core.ReadOnlyJournal(str(data / "journal"))):
        counts.update(type(event).__name__ for event in _core.decode_events(run))
    with sqlite3.connect(data / "history.sqlite") as connection:
        for table, event in (
            ("orders", "OrderAccepted"),
            ("trades", "TradeExecuted"),
            ("transfers", "TransferPosted"),
            ("entries", "BalanceChanged"),
        ):
            (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            assert rows == counts[event], table


async def check_nonces(running: Running, fleet: Fleet) -> None:
    """The last request that each client saw answered, sent again byte for byte, is refused for its nonce."""
    fleet.connect(running.port)
    for client in fleet.clients:
        answered = [sent for sent in client.sent if sent.reply is not None]
        if answered:
            reply = await client.post(answered[-1].fields)
            assert str(reply.get("error", "")).startswith(f"invalid nonce parameter; on key:{mark(reply)},"), reply
            assert answered[-1].nonce <= mark(reply) <= client.nonce
        await client.close()


def mark(reply: dict[str, Any]) -> int:
    """The nonce that the server says it has on the key."""
    return int(str(reply["error"]).partition("on key:")[2].partition(",")[0])


async def check_balances(running: Running, data: Path, fleet: Fleet) -> None:
    """What the restarted server tells is what the journal gives."""
    fleet.connect(running.port)
    engine, _, _ = read_journal(data)
    codes = [spec.code.lower() for spec in engine.assets()]
    for number, client in enumerate(fleet.clients):
        if number % CONNECTIONS == 0:
            sent = await client.call("getInfo")
            assert sent.result is not None
            template = _core.AvailableTemplate(("{", *[","] * (len(codes) - 1), "}"))
            texts = engine.available_text(16 + number // CONNECTIONS, template).strip("{}").split(",")
            assert sent.result["funds"] == {code: json.loads(text) for code, text in zip(codes, texts, strict=True)}
        await client.close()


@pytest.fixture
def venue(tmp_path: Path) -> tuple[Path, Fleet, dict[str, int]]:
    """A venue with funded users, and their keys with the ids that the journal uses."""
    data = tmp_path / "venue"
    start(tmp_path, "serve", "--data", data).terminate()
    keys, key_ids = [], {}
    running = start(tmp_path, "serve", "--data", data)
    for name in USERS:
        assert cambist("user", "add", name, "--data", data).returncode == 0
        assert cambist("fund", name, "USD=1000000,BTC=1000", "--data", data).returncode == 0
        for _ in range(CONNECTIONS):
            answer = cambist("key", "create", name, "--data", data, "--scopes", "info,trade,withdraw,coupon", "--json")
            keys.append(json.loads(answer.stdout))
            key_ids[keys[-1]["key"]] = len(keys)
    running.terminate()
    return data, Fleet(keys), key_ids


def test_nothing_acknowledged_is_lost_and_nothing_is_half_there(venue: tuple[Path, Fleet, dict[str, int]], tmp_path: Path) -> None:
    data, fleet, key_ids = venue
    dice = random.Random(SEED)
    for kill in range(KILLS):
        running = start(tmp_path, "serve", "--data", data)
        asyncio.run(load_until_killed(running, fleet, dice))
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
