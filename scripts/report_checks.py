"""Writes docs/reference/bot-report.md, what the sandbox's report looks for; --check says whether it is up to date."""

import importlib.util
import sys
import types
from pathlib import Path

from cambist.dialect_kit.reply_reading import RejectionCode
from cambist.domain.reject_reasons import RejectReason
from cambist.sandbox.report.checks import CHECKS
from cambist.sandbox.report.findings import Source
from cambist.sandbox.report.rejections import code_of

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "bot-report.md"
HEAD = """# What the bot's report looks for

`GET /sandbox/report` and `cambist report` say what each user of a sandbox did, and what is wrong with it.
[Find out what your bot did wrong](../how-to/find-out-what-your-bot-did-wrong.md) shows how; the fields are in
[the control API](control-api.md#report). `scripts/report_checks.py` writes this page from the checks themselves.

A finding has a code, which stays for ever, a severity, a sentence, and the numbers of the requests and orders that it is about. An *error*
loses money, or will; a *warning* goes wrong on another day; a *note* is worth a look, and fails no test.

## The checks

| code | severity | it passes when | needs | what helps |
|---|---|---|---|---|
"""
LIMITS = """
What "journal" needs is in every data directory; the request log is in a running sandbox, which keeps the newest 50,000
requests, and is there again when a bundle is repeated. Where there is none, the checks that need it are *skipped*, not passed. What they
cannot know:

- Public requests name no account. Those from the address that a user's own requests come from count as the user's: for how old prices are
  all of them, for how often it asks only where no other user asks from there.
- A bot has *seen* an order when a reply or a push names it by the API's own id. One that only looks at its balances has not.
- The same order again within 60 seconds of a lost reply is a duplicate, later it is another decision.
- Where a clock is moved by hand no time passes between requests: only rejections say that a bot asks too often.

## Rejections

The core's code counts wherever it was the core that rejected, whatever words a dialect makes of that: {core}.

What a dialect rejects by itself: {dialects}.
"""


def page() -> str:
    needs = {Source.JOURNAL: "journal", Source.REQUESTS: "request log"}
    rows = [f"| `{one.code}` | {one.severity} | {one.title} | {needs[one.source]} | {one.remedy} |\n" for one in CHECKS]
    core = ", ".join(f"`{code_of(reason)}`" for reason in RejectReason if reason)
    dialects = ", ".join(f"`{code.value}`" for code in RejectionCode)
    text: str = wrapping().page_wrapped(HEAD + "".join(rows) + LIMITS.format(core=core, dialects=dialects))
    return text


def wrapping() -> types.ModuleType:
    """The script that wraps pages."""
    specification = importlib.util.spec_from_file_location("wrap_docs", Path(__file__).with_name("wrap_docs.py"))
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.exists() and PAGE.read_text(encoding="utf-8") == page() else "run scripts/report_checks.py")
    PAGE.write_text(page(), encoding="utf-8")
