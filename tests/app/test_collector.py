"""The garbage collector rests while a process imports what stays, and is at work again when the command begins."""

import gc
import weakref
from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner

from cambist.app.cli import app
from cambist.app.collector import imports_kept


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


def knot() -> Callable[[], object]:
    """A function that refers to itself, so that only the collector removes it."""

    def itself() -> object:
        return itself

    return itself


def test_it_rests_while_something_is_imported_and_never_walks_what_was_made() -> None:
    made = []
    with imports_kept():
        assert not gc.isenabled()
        made.append(knot())
        kept = weakref.ref(made.pop())
    assert gc.isenabled()
    gc.collect()
    assert kept() is not None
    later = weakref.ref(knot())
    gc.collect()
    assert later() is None


def test_an_import_that_fails_leaves_it_at_work() -> None:
    with pytest.raises(ImportError), imports_kept():
        raise ImportError
    assert gc.isenabled()


@pytest.mark.parametrize("arguments", [["--version"], ["config"], ["user", "--help"]])
def test_every_command_begins_with_it_at_work(arguments: list[str]) -> None:
    gc.disable()
    CliRunner().invoke(app, arguments)
    assert gc.isenabled()
