"""A simulated coin network: real-looking addresses, sends, deposits by script, confirmations by the clock.

It stands in for the outside world, so it keeps its own file: what was sent stays sent when the venue crashes, loses its own views or is
restored from a backup. Everything that it shows follows from its seed, what it was asked, and the clock.
"""

import hashlib
import os
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .addresses import FORMS
from .chain_store import ChainStore, Sql, open_file
from .port import Broadcast, ChainBlock, ChainOutput, ChainTransaction, CoinPortUnavailable, Incoming, SendRejected
from .values import Clock, Entropy

_BLOCK_ID = re.compile(r"0{8}([0-9a-f]{16})[0-9a-f]{40}", re.ASCII)
_CANCELLED = "cancelled before it was sent"
_PAGE = 1_000
_SHOWN = 100
_NEVER = 2**62


@dataclass(frozen=True, slots=True)
class _Mined:
    """`count` blocks that were found beside the clock's, at `at` (µs), when the last transaction known had the rowid `behind`."""

    at: int
    behind: int
    count: int


class SimulatedChain:
    """A CoinPort. `block_interval` in µs for all assets, `intervals` for single ones by code."""

    def __init__(
        self,
        place: str | os.PathLike[str] | ChainStore,
        clock: Clock,
        entropy: Entropy,
        block_interval: int = 10_000_000,
        intervals: Mapping[str, int] | None = None,
        synced: bool = True,
    ) -> None:
        """Opens or creates the file, unless a store that is open takes its place and is closed with this; `synced`: the file must survive a
        power cut. WalletBusy, WalletUnreadable; CoinPortUnavailable."""
        self._clock = clock
        self._interval = block_interval
        self._intervals = dict(intervals or {})
        self._nothing_after = ("", 0)
        self._store = place if isinstance(place, ChainStore) else open_file(Path(place), synced=synced)
        with self._store.transaction() as sql:
            row = sql.execute("SELECT value FROM facts WHERE name = 'seed'").fetchone()
            if row is None:
                row = (entropy("simulated-chain", 32),)
                sql.execute("INSERT INTO facts VALUES ('seed', ?)", row)
            self._mined: dict[str, list[_Mined]] = {}
            for asset, *mined in sql.execute("SELECT asset, at, behind, count FROM mined ORDER BY rowid"):
                self._mined.setdefault(asset, []).append(_Mined(*mined))
        self._seed: bytes = row[0]

    def close(self) -> None:
        """Releases the store. Idempotent."""
        self._store.close()

    def copy_to(self, file: Path) -> None:
        """Writes a copy of the file to where none is yet. From any thread, beside everything else."""
        self._store.copy_to(file)

    @contextmanager
    def _transaction(self) -> Iterator[Sql]:
        """CoinPortUnavailable when the disk takes nothing: then nothing was changed."""
        try:
            with self._store.transaction() as sql:
                yield sql
        except sqlite3.OperationalError as error:
            raise CoinPortUnavailable(f"the simulated network cannot write: {error}") from error

    # --- the coin port ------------------------------------------------------------------------------------------------------
    def serves(self, asset: str) -> bool:
        return asset in FORMS

    def valid_address(self, asset: str, text: str) -> bool:
        form = FORMS.get(asset)
        return form is not None and form.valid(text)

    def new_address(self, asset: str, label: str) -> str:
        address = FORMS[asset].write(self._derive("address", asset, label)[:20])
        with self._transaction() as sql:
            sql.execute("INSERT INTO addresses VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (asset, address, label))
        return address

    def send(self, asset: str, address: str, amount: str, reference: str) -> Broadcast | SendRejected | None:
        with self._transaction() as sql:
            before = sql.execute("SELECT asset, address, amount, txid, refused FROM sends WHERE reference = ?", (reference,)).fetchone()
            if before is None:
                refused = sql.execute("SELECT reason FROM rejections WHERE address = ?", (address,)).fetchone()
                if refused is not None or not self.valid_address(asset, address):
                    reason = refused[0] if refused else "no such address"
                    sql.execute("INSERT INTO sends VALUES (?, ?, ?, ?, NULL, ?)", (reference, asset, address, amount, reason))
                    return SendRejected(reason)
                txid = self._txid("send", asset, reference)
                sql.execute("INSERT INTO sends VALUES (?, ?, ?, ?, ?, NULL)", (reference, asset, address, amount, txid))
                self._record(asset, txid, address, amount, self._clock())
                return Broadcast(txid)
        if before[4] is not None:
            return SendRejected(before[4])
        if before[:3] != (asset, address, amount):
            raise ValueError(f"reference {reference} was used for another payment")
        return Broadcast(before[3])

    def cancel(self, reference: str) -> bool:
        with self._transaction() as sql:
            sql.execute("INSERT INTO sends VALUES (?, '', '', '', NULL, ?) ON CONFLICT DO NOTHING", (reference, _CANCELLED))
            return bool(sql.execute("SELECT refused IS NOT NULL FROM sends WHERE reference = ?", (reference,)).fetchone()[0])

    def incoming(self, after: str) -> list[Incoming]:
        now = self._clock()
        cursor, until = self._nothing_after
        if after == cursor and now < until:
            return []
        with self._transaction() as sql:
            ripe = sql.execute("SELECT id FROM outputs WHERE serial IS NULL AND at <= ? ORDER BY at, id", (now,)).fetchall()
            for row in ripe:
                sql.execute("UPDATE outputs SET serial = (SELECT coalesce(max(serial), 0) + 1 FROM outputs) WHERE id = ?", row)
            rows = sql.execute(
                "SELECT serial, asset, txid, output, address, amount FROM outputs WHERE serial > ? ORDER BY serial LIMIT ?",
                (int(after or "0"), _PAGE),
            ).fetchall()
            if not rows:
                (scripted,) = sql.execute("SELECT min(at) FROM outputs WHERE serial IS NULL").fetchone()
                self._nothing_after = (after, _NEVER if scripted is None else scripted)
        return [Incoming(str(serial), *rest) for serial, *rest in rows]

    def confirmations(self, asset: str, txid: str) -> int | None:
        with self._reading() as sql:
            row = sql.execute("SELECT at, rowid, dropped FROM transactions WHERE asset = ? AND txid = ?", (asset, txid)).fetchone()
        if row is None or row[2]:
            return None
        return max(0, self._tip(asset) - self._height(asset, row[0], row[1]) + 1)

    def transaction(self, asset: str, txid: str) -> ChainTransaction | None:
        with self._reading() as sql:
            known = sql.execute(
                "SELECT at, rowid FROM transactions WHERE asset = ? AND txid = ? AND dropped = 0 AND at <= ?", (asset, txid, self._clock())
            ).fetchone()
            if known is None:
                return None
            # What comes in stands in `outputs`, what goes out in `sends`, and what goes from here to here in both.
            rows = sql.execute(
                "SELECT output, address, amount FROM outputs WHERE asset = ? AND txid = ?"
                " UNION SELECT 0, address, amount FROM sends WHERE asset = ? AND txid = ? ORDER BY 1",
                (asset, txid, asset, txid),
            ).fetchall()
        height = self._height(asset, *known)
        confirmations = max(0, self._tip(asset) - height + 1)
        outputs = tuple(ChainOutput(*row) for row in rows)
        if not confirmations:
            return ChainTransaction(txid, known[0], "", 0, 0, outputs)
        return ChainTransaction(txid, known[0], self._block_id(asset, height), height, confirmations, outputs)

    def block(self, asset: str, block: str | int) -> ChainBlock | None:
        height = block if isinstance(block, int) else self._height_of(asset, block)
        if height is None or not self.serves(asset) or not 0 < height <= self._tip(asset):
            return None
        interval, found = self._interval_of(asset), self._found(asset, height)
        with self._reading() as sql:
            rows = sql.execute(
                "SELECT txid, at, rowid FROM transactions WHERE asset = ? AND dropped = 0 AND at >= ? AND at <= ? ORDER BY at, rowid",
                (asset, found - interval, found),
            ).fetchall()
        inside = tuple(txid for txid, at, row in rows if self._height(asset, at, row) == height)
        previous = self._block_id(asset, height - 1) if height > 1 else ""
        return ChainBlock(self._block_id(asset, height), height, found, previous, inside)

    def payments_to(self, asset: str, address: str) -> list[ChainTransaction]:
        with self._reading() as sql:
            rows = sql.execute(
                "SELECT txid FROM transactions WHERE asset = ? AND dropped = 0 AND at <= ? AND txid IN ("
                "SELECT txid FROM outputs WHERE asset = ? AND address = ?"
                " UNION SELECT txid FROM sends WHERE asset = ? AND address = ?)"
                " ORDER BY at DESC, rowid DESC LIMIT ?",
                (asset, self._clock(), asset, address, asset, address, _SHOWN),
            ).fetchall()
        found = [self.transaction(asset, txid) for (txid,) in reversed(rows)]
        return [transaction for transaction in found if transaction is not None]

    # --- blocks: at whole multiples of the interval, and when somebody mines; each with what was seen since the one before ------
    def _interval_of(self, asset: str) -> int:
        return self._intervals.get(asset, self._interval)

    def _tip(self, asset: str) -> int:
        """The height of the newest block."""
        return self._clock() // self._interval_of(asset) + sum(mined.count for mined in self._mined.get(asset, ()))

    def _height(self, asset: str, seen: int, row: int) -> int:
        """The height of the block in which a transaction is, or will be: one that was seen at `seen` (µs) and has that rowid."""
        before = (mined.count for mined in self._mined.get(asset, ()) if (mined.at, mined.behind) < (seen, row))
        return seen // self._interval_of(asset) + sum(before) + 1

    def _found(self, asset: str, height: int) -> int:
        """When the block of that height was found, µs."""
        interval, extra = self._interval_of(asset), 0
        for mined in self._mined.get(asset, ()):
            first = mined.at // interval + extra + 1
            if height < first:
                break
            if height < first + mined.count:
                return mined.at
            extra += mined.count
        return (height - extra) * interval

    def _block_id(self, asset: str, height: int) -> str:
        """64 hex digits that hold the height, so that no table of mostly empty blocks is needed to find one by its id."""
        return f"{'0' * 8}{height:016x}{self._derive('block', asset, str(height))[:20].hex()}"

    def _height_of(self, asset: str, block: str) -> int | None:
        match = _BLOCK_ID.fullmatch(block)
        height = int(match[1], 16) if match else 0
        return height if match and self._block_id(asset, height) == block else None

    # --- the outside world's hand ---------------------------------------------------------------------------------------------
    def simulate_deposit(self, address: str, amount: str, at: int | None = None) -> str:
        """Somebody pays `amount` coins (decimal text) to an address of ours at µs `at` (default and earliest: now). Returns the txid.

        ValueError when the address is not one that `new_address` gave.
        """
        now = self._clock()
        with self._transaction() as sql:
            known = sql.execute("SELECT asset FROM addresses WHERE address = ?", (address,)).fetchone()
            if known is None:
                raise ValueError(f"{address} is not an address of this wallet")
            (number,) = sql.execute("SELECT count(*) FROM outputs").fetchone()
            txid = self._txid("deposit", known[0], str(number))
            self._record(known[0], txid, address, amount, now if at is None else max(at, now))
        return txid

    def mine(self, asset: str, count: int) -> None:
        """`count` blocks are found now, one behind the other, the first with all that was seen since the last one."""
        now = self._clock()
        with self._transaction() as sql:
            (behind,) = sql.execute("SELECT coalesce(max(rowid), 0) FROM transactions").fetchone()
            sql.execute("INSERT INTO mined VALUES (?, ?, ?, ?)", (asset, now, behind, count))
        self._mined.setdefault(asset, []).append(_Mined(now, behind, count))

    def simulate_drop(self, asset: str, txid: str) -> None:
        """The transaction is spent by another one and will never confirm."""
        with self._transaction() as sql:
            sql.execute("UPDATE transactions SET dropped = 1 WHERE asset = ? AND txid = ?", (asset, txid))

    def simulate_rejection(self, address: str, reason: str) -> None:
        """Sends to that address are refused from now on."""
        with self._transaction() as sql:
            sql.execute(
                "INSERT INTO rejections VALUES (?, ?) ON CONFLICT (address) DO UPDATE SET reason = excluded.reason", (address, reason)
            )

    def sent(self) -> list[tuple[str, str, str, str]]:
        """(reference, asset, address, amount) of everything that really left, in order of reference: for audits and tests."""
        with self._reading() as sql:
            query = "SELECT reference, asset, address, amount FROM sends WHERE txid IS NOT NULL ORDER BY reference"
            return [tuple(row) for row in sql.execute(query)]

    @contextmanager
    def _reading(self) -> Iterator[Sql]:
        """For queries alone. CoinPortUnavailable."""
        try:
            with self._store.reading() as sql:
                yield sql
        except sqlite3.OperationalError as error:
            raise CoinPortUnavailable(f"the simulated network cannot be read: {error}") from error

    def _record(self, asset: str, txid: str, address: str, amount: str, at: int) -> None:
        """Inside a transaction: the network has the payment; if it is to one of our own addresses, it comes in here too."""
        with self._transaction() as sql:
            sql.execute("INSERT INTO transactions (asset, txid, at) VALUES (?, ?, ?)", (asset, txid, at))
            ours = sql.execute("SELECT 1 FROM addresses WHERE asset = ? AND address = ?", (asset, address)).fetchone()
            if ours is not None:
                self._nothing_after = ("", 0)
                values = (asset, txid, address, amount, at)
                sql.execute("INSERT INTO outputs (asset, txid, output, address, amount, at) VALUES (?, ?, 0, ?, ?, ?)", values)

    def _txid(self, *words: str) -> str:
        return ("0x" if words[1] == "ETH" else "") + self._derive("txid", *words).hex()

    def _derive(self, *words: str) -> bytes:
        return hashlib.blake2b("\0".join(words).encode(), key=self._seed, digest_size=32).digest()
