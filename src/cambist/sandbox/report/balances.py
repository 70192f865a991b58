"""Whether the balances that the bot was told last are those in the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cambist import _core
from cambist.dialect_kit.reply_reading import StatedBalance
from cambist.sandbox.report.evidence import Evidence, Names
from cambist.sandbox.report.findings import Found
from cambist.sandbox.report.record import Balances, balances_of
from cambist.sandbox.report.requests import Requests, came
from cambist.sandbox.request_log import Exchange, Record


@dataclass(frozen=True, slots=True)
class LastBalance:
    """What the bot was told last of one asset, and by what; `now` is what the ledger has in the end, as that API would write it."""

    asset: int
    stated: StatedBalance
    record: Record
    now: str

    @property
    def text(self) -> str:
        """What was told: available where it was said, else all."""
        return (self.stated.available if self.stated.available is not None else self.stated.total) or ""

    @property
    def is_current(self) -> bool:
        return units(self.text, self.stated.digits) == units(self.now, self.stated.digits)


def last_records(requests: Requests) -> dict[str, tuple[StatedBalance, Record]]:
    """By asset's code: the last balance that came to the bot, and what it came with."""
    found: dict[str, tuple[StatedBalance, Record]] = {}
    for record in requests.all:
        reader = requests.reader(record.dialect)
        if reader is not None and came(record):
            for stated in reader.balances(requests.answer(record)):
                found[stated.asset] = (stated, record)
    return found


def marks(requests: Requests) -> set[int]:
    """The seqs at which the ledger must be known to judge what the bot was told last."""
    return {seq for _, record in last_records(requests).values() for seq in (record.first_seq, record.last_seq)}


def last_balances(evidence: Evidence) -> list[LastBalance]:
    """In order of asset."""
    numbers = {spec.code: int(spec.id) for spec in evidence.names.assets}
    now = balances_of(evidence.run.engine, evidence.record.account)
    found = []
    for code, (stated, record) in last_records(evidence.logged()).items():
        asset = numbers.get(code)
        if asset is not None:
            found.append(LastBalance(asset, stated, record, _as_stated(evidence.names, now, asset, stated)))
    return sorted(found, key=lambda each: each.asset)


def wrong(evidence: Evidence) -> Iterator[Found]:
    """Balances that were never those of the ledger when the bot was told them."""
    bad = [each for each in last_balances(evidence) if not each.is_current and _was_wrong(evidence, each)]
    for each in bad:
        yield Found(
            f"Request {each.record.number} told the bot {each.text} {each.stated.asset}, while the ledger had "
            f"{_at(evidence, each)} {each.stated.asset}.",
            1,
            [each.record.number],
        )


def outdated(evidence: Evidence) -> Iterator[Found]:
    """Balances that were right when the bot was told them, and have changed since."""
    old = [each for each in last_balances(evidence) if not each.is_current and not _was_wrong(evidence, each)]
    if old:
        first = old[0]
        yield Found(
            f"The bot was last told {first.text} {first.stated.asset} (request {first.record.number}); by now it is {first.now}"
            + (f", and {len(old) - 1} more {'balance has' if len(old) == 2 else 'balances have'} changed." if len(old) > 1 else "."),
            len(old),
            [each.record.number for each in old],
        )


def _was_wrong(evidence: Evidence, last: LastBalance) -> bool:
    """Of a reply: neither when its handler began nor when it had given its commands did the ledger say so. A push may come later."""
    if not isinstance(last.record, Exchange):
        return False
    stated = units(last.text, last.stated.digits)
    known = [evidence.run.marked.get(seq) for seq in (last.record.first_seq, last.record.last_seq)]
    texts = [_as_stated(evidence.names, each[evidence.record.account], last.asset, last.stated) for each in known if each is not None]
    return bool(texts) and all(units(text, last.stated.digits) != stated for text in texts)


def _at(evidence: Evidence, last: LastBalance) -> str:
    return _as_stated(evidence.names, evidence.run.marked[last.record.last_seq][evidence.record.account], last.asset, last.stated)


def _as_stated(names: Names, balances: Balances, asset: int, stated: StatedBalance) -> str:
    """The ledger's balance in the form in which it was told: available or all, cut after as many decimals."""
    available, held = balances.get(asset, (0, 0))
    atoms = available if stated.available is not None else available + held
    scale = names.assets[asset].scale
    cut = atoms // 10 ** (scale - stated.digits) * 10 ** (scale - stated.digits) if stated.digits < scale else atoms
    return _core.format_units(cut, scale)


def units(text: str, digits: int) -> int:
    """A decimal text in units of 10^-digits, what is finer cut off."""
    whole, _, part = text.lstrip("-").partition(".")
    number: int = int(whole or "0") * 10**digits + int((part + "0" * digits)[:digits] or "0")
    return -number if text.startswith("-") else number
