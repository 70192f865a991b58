"""Servers that are killed under load, and what must be true of their journals afterwards.

A client knows exactly which requests were answered; only its last one can be in doubt. The journal's commands carry key id and nonce, so
each request can be found, or not, by name:

| the client saw | the journal must have |
|---|---|
| success | the command, once, done, with the same numbers; of RedeemCoupon the note of its nonce, and its transfer once |
| a rejection | at most one command, refused (or a note of its nonce) |
| nothing (killed) | nothing at all, or all of it |
"""

import asyncio
import json
import random
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from cambist import _core
from cambist.app.recovery import replayed_events
from cambist.dialects.btce_wex.ids import shown
from cambist.domain.commands import CommandKind
from cambist.domain.meta import Meta
from cambist.domain.reject_reasons import RejectReason
from cambist.exchange.coupons import code_hash, coupon_transfer
from tests.support.btce_client import BtceClient, Exchanged, nothing
from tests.support.processes import Running, cambist, start

CONNECTIONS = 4
"""Of each user, each with a key of its own."""
MOST_ANSWERS = 600
"""Before a kill; of all clients together."""
SEVERAL_SYNCS = 0.01
"""Seconds."""
USERS = ("alice", "bob", "carol")

Load = Callable[[BtceClient, random.Random, list[str]], Coroutine[Any, Any, None]]
"""Sends a client's requests for ever; ConnectionError ends it. All clients of a round share the list of coupons."""


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


async def load_until_killed(running: Running, fleet: Fleet, dice: random.Random, trade: Load, *meanwhile: Awaitable[None]) -> None:
    """All clients at once; SIGKILL at a random moment after a random number of answers, while requests are in flight.

    `meanwhile`: what else goes on, and ends by itself when the server is gone.
    """
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
    others = [asyncio.ensure_future(other) for other in meanwhile]
    tasks = [asyncio.create_task(trade(client, random.Random(dice.random()), coupons)) for client in fleet.clients]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    running.process.wait(30)
    assert all(isinstance(result, ConnectionError | OSError) for result in results), results
    await asyncio.gather(*others)
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
    trades = [event for event in found.events if isinstance(event, _core.TradeExecuted | _core.ConvertedTradeExecuted)]
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
        for table, condition, event in (
            ("orders", "", "OrderAccepted"),
            ("trades", "WHERE resting_market IS NULL", "TradeExecuted"),
            ("trades", "WHERE resting_market IS NOT NULL", "ConvertedTradeExecuted"),
            ("transfers", "", "TransferPosted"),
            ("entries", "", "BalanceChanged"),
        ):
            (rows,) = connection.execute(f"SELECT count(*) FROM {table} {condition}").fetchone()
            assert rows == counts[event], event


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


def make_venue(tmp_path: Path, funds: str) -> tuple[Path, Fleet, dict[str, int]]:
    """A venue with funded users, and their keys with the ids that the journal uses; nobody runs it."""
    data = tmp_path / "venue"
    start(tmp_path, "serve", "--data", data).terminate()
    keys, key_ids = [], {}
    running = start(tmp_path, "serve", "--data", data)
    for name in USERS:
        assert cambist("user", "add", name, "--data", data).returncode == 0
        assert cambist("fund", name, funds, "--data", data).returncode == 0
        for _ in range(CONNECTIONS):
            answer = cambist("key", "create", name, "--data", data, "--scopes", "info,trade,withdraw,coupon", "--json")
            keys.append(json.loads(answer.stdout))
            key_ids[keys[-1]["key"]] = len(keys)
    running.terminate()
    return data, Fleet(keys), key_ids
