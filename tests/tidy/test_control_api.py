"""What is made from the sandbox's operations is up to date, and has something to say of each field."""

import subprocess
import sys
from typing import Any

import pytest

from cambist.sandbox.control.catalogue import OPERATIONS
from cambist.sandbox.control.descriptions import field_texts
from tests.tidy.test_tidy import ROOT


def test_the_generated_files_are_those_of_the_operations() -> None:
    line = [sys.executable, str(ROOT / "scripts" / "control_api.py"), "--check"]
    checked = subprocess.run(line, capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_each_field_that_an_operation_takes_says_what_it_is(operation: Any) -> None:
    texts = field_texts(operation.takes)
    missing = [name for name in operation.takes.__struct_fields__ if not texts.get(name)]
    assert not missing, f"write a docstring below these fields of {operation.takes.__name__}: {missing}"
