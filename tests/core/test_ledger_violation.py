"""An engine whose ledger a command broke lets nothing out any more: what was not journaled cannot be acknowledged."""

from collections.abc import Callable

import pytest

from cambist._core import Engine, LedgerViolation
from tests.core.broken import broken_engine
from tests.core.venue import ALICE, NOON, USD
from tests.twin import Twin
from tests.twin.commands import CancelOrder

REFUSED: list[tuple[str, Callable[[Engine], object]]] = [
    ("the journal's records", Engine.take_commands),
    ("the views' events", Engine.take_events),
    ("a snapshot", Engine.snapshot),
    ("a state hash", Engine.state_hash),
    ("a batch", lambda engine: engine.apply_batch(b"")),
]
WORDS = f"left account {ALICE} with less than nothing of asset {USD}"


@pytest.mark.parametrize("let_out", [look for _, look in REFUSED], ids=[name for name, _ in REFUSED])
def test_nothing_is_let_out_once_a_command_broke_the_ledger(let_out: Callable[[Engine], object]) -> None:
    engine = broken_engine()
    let_out(engine)
    engine.cancel_order(NOON, ALICE, 1)
    for _ in range(2):
        with pytest.raises(LedgerViolation, match=WORDS):
            let_out(engine)


def test_a_batch_that_breaks_the_ledger_answers_nothing() -> None:
    engine = broken_engine()
    with pytest.raises(LedgerViolation, match=WORDS):
        engine.apply_batch(CancelOrder(time=NOON, account=ALICE, order_id=1).encode())


@pytest.mark.parametrize(("available", "held"), [(1, 0), (0, -51), (-(10**15), 10**15)])
def test_a_state_that_does_not_balance_is_not_restored(available: int, held: int) -> None:
    twin = Twin.restore(broken_engine().snapshot())
    balance = twin.state.accounts[ALICE].balances[USD]
    balance.available += available
    balance.held += held
    with pytest.raises(ValueError, match="no canonical state"):
        Engine.restore(twin.snapshot())
