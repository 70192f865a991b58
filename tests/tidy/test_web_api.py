"""What the page is given of the native API's types is what the server says."""

import subprocess
import sys

from tests.tidy.test_tidy import ROOT


def test_the_page_s_types_are_the_server_s() -> None:
    line = [sys.executable, str(ROOT / "scripts" / "web_api.py"), "--check"]
    checked = subprocess.run(line, capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert checked.returncode == 0, checked.stderr
