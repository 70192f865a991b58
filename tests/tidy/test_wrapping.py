"""Pages are wrapped at one width, by a script that changes nothing but where their lines end."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from tests.tidy.test_tidy import ROOT, tracked


def script() -> ModuleType:
    specification = importlib.util.spec_from_file_location("wrap_docs", ROOT / "scripts" / "wrap_docs.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


WRAP = script()
LONG = "word " * 40


@pytest.mark.parametrize("page", tracked("*.md"), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_is_wrapped(page: Path) -> None:
    assert page.read_text() == WRAP.page_wrapped(page.read_text()), "run scripts/wrap_docs.py"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("one\ntwo\n\nthree\n", "one two\n\nthree\n", id="paragraphs"),
        pytest.param("- one\n  two\n- three\n", "- one two\n- three\n", id="list items"),
        pytest.param("10. one\n    two\n", "10. one two\n", id="numbered items"),
        pytest.param("- one\n\n  two\n  three\n", "- one\n\n  two three\n", id="a paragraph of a list item"),
        pytest.param("| a |\n|---|\n| b |\n", "| a |\n|---|\n| b |\n", id="a table"),
        pytest.param("```sh\na\nb\n```\n", "```sh\na\nb\n```\n", id="code"),
        pytest.param("- a\n  ```sh\n  b\n  c\n  ```\n", "- a\n  ```sh\n  b\n  c\n  ```\n", id="code of a list item"),
        pytest.param("# a\nb\n", "# a\nb\n", id="a heading"),
        pytest.param("<!-- a\nb -->\nc\nd\n", "<!-- a\nb -->\nc d\n", id="a comment"),
        pytest.param("---\na\n", "---\na\n", id="a rule"),
        pytest.param(f"{LONG}\n", f"{('word ' * 28).strip()}\n{('word ' * 12).strip()}\n", id="a line that is too long"),
        pytest.param(f"- {LONG}\n", f"- {('word ' * 27).strip()}\n  {('word ' * 13).strip()}\n", id="a list item that is too long"),
        pytest.param(f"{'w' * 135} `a b c`\n", f"{'w' * 135}\n`a b c`\n", id="a code span stays whole"),
        pytest.param(f"{'w' * 135} [a b](c)\n", f"{'w' * 135}\n[a b](c)\n", id="a link stays whole"),
        pytest.param(f"{'w' * 130} `a.py` `b`\n", f"{'w' * 130}\n`a.py` `b`\n", id="a file and the name in it stay together"),
        pytest.param(f"{'w' * 140} - b\n", f"{'w' * 140} -\nb\n", id="a dash begins no line"),
    ],
)
def test_only_the_ends_of_prose_lines_move(text: str, expected: str) -> None:
    assert WRAP.page_wrapped(text) == expected
    assert WRAP.page_wrapped(expected) == expected
