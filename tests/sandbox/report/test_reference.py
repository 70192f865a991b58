"""The page of the reference is made from the checks."""

import subprocess
import sys

from cambist.sandbox.report.checks import CHECKS
from tests.tidy.test_tidy import ROOT


def test_the_page_lists_the_checks_as_they_are() -> None:
    line = [sys.executable, str(ROOT / "scripts" / "report_checks.py"), "--check"]
    checked = subprocess.run(line, capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert checked.returncode == 0, checked.stderr


def test_a_code_names_one_check() -> None:
    assert len({check.code for check in CHECKS}) == len(CHECKS)
