"""The report as Markdown, for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from cambist.sandbox.report.document import BalanceStated, BotReport, Report
from cambist.sandbox.report.money import Money


def markdown(report: Report) -> str:
    """UTF-8 text that ends with a newline."""
    when = datetime.fromtimestamp(report.time // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    lines = ["# What the bots did", "", f"Up to command {report.seq}, {when} UTC by the sandbox's clock."]
    if not report.bots:
        lines += ["", "No user has asked for anything yet."]
    for bot in report.bots:
        lines += ["", *_bot(bot)]
    return "\n".join(lines) + "\n"


def _bot(bot: BotReport) -> Iterable[str]:
    yield f"## {bot.user}"
    yield ""
    if bot.findings:
        for finding in bot.findings:
            evidence = []
            if finding.requests:
                evidence.append(_numbers("request", finding.requests))
            if finding.orders:
                evidence.append(_numbers("order", finding.orders))
            yield f"- **{finding.severity} {finding.code}**: {finding.sentence}" + (f" ({'; '.join(evidence)})" if evidence else "")
    else:
        yield "Nothing was found that the bot did wrong."
    skipped = [check.code for check in bot.checks if check.outcome == "skipped"]
    if skipped:
        yield ""
        yield f"Not looked for, because there is no request log: {', '.join(skipped)}."
    elif bot.unlogged:
        yield ""
        yield f"The log has no requests for {bot.unlogged} of its orders, cancels and rejections; checks that need them did not see those."
    yield from _orders(bot)
    yield from _money(bot.money)
    yield from _balances(bot.balances)


def _numbers(noun: str, numbers: Sequence[int]) -> str:
    """`requests 3, 4`."""
    return f"{noun}{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def _balances(balances: Sequence[BalanceStated]) -> Iterable[str]:
    """Those that are not the ledger's, in full."""
    if not balances:
        return
    different = [each for each in balances if not each.equal]
    yield ""
    yield f"Of the {len(balances)} balances that the bot was told last, {len(balances) - len(different)} are those of the ledger."
    if different:
        rows = [(each.asset, each.stated, each.ledger, str(each.request)) for each in different]
        yield from _table("Balances that are not the ledger's", ("asset", "told last", "ledger", "request"), rows)


def _orders(bot: BotReport) -> Iterable[str]:
    rows = [("requests", str(bot.requests)), ("orders placed", str(bot.placed)), ("orders rejected", str(bot.rejected))]
    rows += [(f"… {outcome}", str(count)) for outcome, count in bot.orders.items()]
    yield from _table("Orders", ("what", "how many"), rows)
    if bot.rejections:
        said = [(each.code, str(each.count), each.words) for each in bot.rejections]
        yield from _table("Rejections", ("code", "how many", "what the bot was told"), said)


def _money(money: Money) -> Iterable[str]:
    rows = [
        ("worth at first", money.equity_first),
        ("worth now", money.equity_now),
        ("deposited meanwhile", money.deposited),
        ("change without deposits", money.change),
        ("profit of its trades", money.profit),
        ("fees in that", money.fees_value),
        ("trades", str(money.trades)),
        ("volume", money.volume),
        ("of that as maker", money.maker_share or "no trades"),
        ("slippage against the middle", f"{money.slippage} ({money.slippage_percent} %)" if money.slippage is not None else "took nothing"),
    ]
    rows += [(f"fees in {code}", amount) for code, amount in money.fees.items()]
    yield from _table("Money", ("what", money.quote), rows)
    if money.unvalued:
        yield ""
        yield f"Without a price in {money.quote}, and so not counted: {', '.join(money.unvalued)}."


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield ""
    yield f"### {title}"
    yield ""
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in row)} |"
