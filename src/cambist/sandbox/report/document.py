"""The bot's report as a value: what each user did, what came of it, what was looked for and what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from cambist.dialect_kit.reply_reading import ReplyReader
from cambist.domain.orders import DoneReason
from cambist.sandbox.faults.registry import Firing
from cambist.sandbox.report import balances
from cambist.sandbox.report.balances import last_balances
from cambist.sandbox.report.checks import CHECKS
from cambist.sandbox.report.evidence import Evidence, Limits, Names
from cambist.sandbox.report.findings import Check, Finding, Severity, Source
from cambist.sandbox.report.money import Money, money_of
from cambist.sandbox.report.record import OrderRecord, RunRecord, read_run
from cambist.sandbox.report.rejections import RejectionCount, rejections
from cambist.sandbox.report.replay import ReplaySource
from cambist.sandbox.report.requests import Requests
from cambist.sandbox.request_log import Record


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked for."""

    code: str
    """Also its findings'."""
    severity: Severity
    """Also its findings'."""
    title: str
    """What is well when it passed."""
    outcome: str
    """`passed`, `failed` when there are findings, `skipped` when what it needs to see is not there."""
    why: str = ""
    """Why it was skipped."""


class Rejections(msgspec.Struct, frozen=True, kw_only=True):
    """Rejections of one code."""

    code: str
    """The core's, as in price-too-low, or, where it did not come to that, the dialects': nonce, authentication, invalid-field, …"""
    count: int
    """How many there were."""
    words: str
    """What the client was told the first time, in its API's words; empty where that is not known."""
    requests: list[int]
    """Numbers of the request log, the first twenty."""
    commands: list[int]
    """Seqs of the commands that the core rejected, the first twenty: an order among them can be explained as `seq-` and its seq."""


class BalanceStated(msgspec.Struct, frozen=True, kw_only=True):
    """A balance that the bot was told last."""

    asset: str
    """Its code."""
    stated: str
    """What the reply or push said: what is available, or all where it did not say that."""
    ledger: str
    """What the ledger has now, in the same form."""
    equal: bool
    """Whether they are the same."""
    request: int
    """The number of what said it in the request log."""


class BotReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one user did."""

    user: str
    """The user's name."""
    account: int
    """The account's number."""
    requests: int
    """How many of this account are in the log, messages on sockets included."""
    unlogged: int
    """Its orders, cancels and rejections whose requests are not in the log: of those the checks that need requests say nothing."""
    placed: int
    """Orders that the venue took."""
    rejected: int
    """Orders that its core did not take."""
    orders: dict[str, int]
    """Of those taken, how many ended how: filled, cancelled, expired, open, …; those with a part filled say so."""
    rejections: list[Rejections]
    """Of orders and of anything else, in order of code."""
    money: Money
    """What it made of its money."""
    balances: list[BalanceStated]
    """What it was told last, in order of asset."""
    checks: list[Checked]
    """All that was looked for."""
    findings: list[Finding]
    """What was found, errors first, then in the order of the checks."""

    @property
    def failed(self) -> list[Finding]:
        """What a test should fail for: everything but notes."""
        return [finding for finding in self.findings if finding.severity is not Severity.NOTE]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What the bots did."""

    seq: int
    """The last command that is in it."""
    time: int
    """That command's time, µs since 1970 by the sandbox's clock."""
    first_request: int
    """The oldest number that the request log still has; 0 without a log."""
    bots: list[BotReport]
    """Users that asked for anything or gave a command, or the one that was asked for; in order of account."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a report is about. `users`: names by account. `records` None: there is no request log. `quote`: the asset's code that money is
    valued in, `user`: only this one. ValueError from `made` says what is unknown."""

    users: Mapping[int, str]
    records: Sequence[Record] | None
    readers: Mapping[str, ReplyReader]
    quote: str = "USD"
    user: str | None = None
    limits: Limits = field(default_factory=Limits)
    clock_stands: bool = False
    firings: Sequence[Firing] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A report, and what its picture is drawn from."""

    report: Report
    evidence: list[Evidence]
    quote: int


def made(source: ReplaySource, scope: Scope) -> Made:
    """Reads the journal and makes the report. ValueError for a user or an asset that there is not; JournalDamaged, JournalError."""
    if scope.user is not None and scope.user not in scope.users.values():
        raise ValueError(f"there is no user {scope.user}")
    wanted = {account: name for account, name in scope.users.items() if scope.user in (None, name)}
    logs = {account: Requests(scope.records, account, scope.readers) for account in wanted} if scope.records is not None else {}
    run = read_run(source, wanted, {seq for log in logs.values() for seq in balances.marks(log)})
    names = Names.of(run.engine)
    quote = _quote(names, scope.quote)
    evidence = [
        Evidence(run.accounts[account], run, names, logs.get(account), scope.limits, scope.clock_stands, scope.firings)
        for account in sorted(wanted)
        if scope.user is not None or _active(run, account, logs.get(account))
    ]
    first = scope.records[0].number if scope.records else 0
    bots = [_bot(each, wanted[each.record.account], quote) for each in evidence]
    return Made(Report(seq=run.engine.seq, time=run.engine.time, first_request=first, bots=bots), evidence, quote)


def _quote(names: Names, code: str) -> int:
    for spec in names.assets:
        if spec.code == code.upper():
            return int(spec.id)
    raise ValueError(f"there is no asset {code}")


def _active(run: RunRecord, account: int, requests: Requests | None) -> bool:
    return run.accounts[account].began is not None or (requests is not None and requests.count > 0)


def _bot(evidence: Evidence, user: str, quote: int) -> BotReport:
    found: list[Finding] = []
    checked = []
    for check in CHECKS:
        if check.source is Source.REQUESTS and evidence.requests is None:
            checked.append(_checked(check, "skipped", "there is no request log"))
            continue
        findings = check.findings(evidence)
        found += findings
        checked.append(_checked(check, "failed" if findings else "passed"))
    counted = rejections(evidence)
    return BotReport(
        user=user,
        account=evidence.record.account,
        requests=evidence.requests.count if evidence.requests is not None else 0,
        unlogged=_unlogged(evidence),
        placed=len(evidence.orders),
        rejected=_rejected_orders(evidence),
        orders=outcomes(evidence.orders),
        rejections=[_rejections(each) for each in counted.values()],
        money=money_of(evidence, quote),
        balances=_balances(evidence),
        checks=checked,
        findings=sorted(found, key=lambda finding: list(Severity).index(finding.severity)),
    )


def _checked(check: Check, outcome: str, why: str = "") -> Checked:
    return Checked(code=check.code, severity=check.severity, title=check.title, outcome=outcome, why=why)


def _rejections(counted: RejectionCount) -> Rejections:
    return Rejections(
        code=counted.code, count=counted.count, words=counted.words, requests=sorted(set(counted.requests))[:20], commands=counted.seqs[:20]
    )


def _unlogged(evidence: Evidence) -> int:
    record, requests = evidence.record, evidence.requests
    seqs = (
        [order.seq for order in record.orders.values()] + [each.seq for each in record.rejected] + [each.seq for each in record.cancelled]
    )
    return len(seqs) if requests is None else sum(requests.of_seq(seq) is None for seq in seqs)


def _rejected_orders(evidence: Evidence) -> int:
    """Orders that the core did not take."""
    return sum(rejected.is_order for rejected in evidence.record.rejected)


def outcomes(orders: Iterable[OrderRecord]) -> dict[str, int]:
    """How many orders ended how: `filled`, `cancelled`, `open`, …; those with a part filled say so: `cancelled-partly-filled`."""
    return dict(sorted(Counter(map(outcome_of, orders)).items()))


def outcome_of(order: OrderRecord) -> str:
    """How an order ended, or stands."""
    word = DoneReason(order.reason).name.lower().replace("_", "-") if order.reason else "open"
    return f"{word}-partly-filled" if order.filled and order.reason != DoneReason.FILLED else word


def _balances(evidence: Evidence) -> list[BalanceStated]:
    if evidence.requests is None:
        return []
    return [
        BalanceStated(asset=last.stated.asset, stated=last.text, ledger=last.now, equal=last.is_current, request=last.record.number)
        for last in last_balances(evidence)
    ]
