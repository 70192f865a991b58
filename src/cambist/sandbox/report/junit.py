"""The report as JUnit's XML: a suite for each user, a test case for each check."""

from __future__ import annotations

from xml.etree import ElementTree

from cambist.sandbox.report.document import BotReport, Report
from cambist.sandbox.report.findings import Severity


def junit(report: Report) -> bytes:
    """UTF-8. What is only a note stands in its case's output, and fails nothing."""
    suites = ElementTree.Element("testsuites", name="cambist sandbox report")
    for bot in report.bots:
        suites.append(_suite(bot))
    ElementTree.indent(suites)
    text: bytes = ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _suite(bot: BotReport) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", name=bot.user)
    failed = skipped = 0
    for check in bot.checks:
        case = ElementTree.SubElement(suite, "testcase", classname=f"sandbox.{bot.user}", name=f"{check.code}: {check.title}")
        sentences = [
            finding.sentence + (f" Requests: {', '.join(map(str, finding.requests))}." if finding.requests else "")
            for finding in bot.findings
            if finding.code == check.code
        ]
        if check.outcome == "skipped":
            skipped += 1
            ElementTree.SubElement(case, "skipped", message=check.why)
        elif sentences and check.severity is Severity.NOTE:
            ElementTree.SubElement(case, "system-out").text = "\n".join(sentences)
        elif sentences:
            failed += 1
            ElementTree.SubElement(case, "failure", message=sentences[0], type=check.severity.value).text = "\n".join(sentences)
    suite.set("tests", str(len(bot.checks)))
    suite.set("failures", str(failed))
    suite.set("errors", "0")
    suite.set("skipped", str(skipped))
    return suite
