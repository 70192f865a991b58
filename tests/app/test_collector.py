"""The garbage collector rests while a process imports what stays and while a venue is replaced, and is at work again afterwards."""

import gc
import weakref
from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner

from cambist.app.cli import app
from cambist.app.collector import REPLACED_AT_MOST, ReplacingCollector, imports_kept


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


def test_it_rests_while_a_venue_is_replaced_and_takes_what_several_left_behind_at_once() -> None:
    collector = ReplacingCollector()
    left: list[weakref.ref[Callable[[], object]]] = []
    for _ in range(REPLACED_AT_MOST):
        assert all(each() is not None for each in left)
        with collector.resting():
            assert not gc.isenabled()
            left.append(weakref.ref(knot()))
        assert gc.isenabled()
    assert all(each() is None for each in left)


def test_a_venue_that_cannot_be_opened_leaves_it_at_work() -> None:
    with pytest.raises(OSError, match="no space"), ReplacingCollector().resting():
        raise OSError("no space")
    assert gc.isenabled()
