"""An engine that a bug has been at: Alice's order 1 costs 50 USD, and only 49 of them are held."""

from cambist._core import Engine
from tests.core.venue import ALICE, USD, Venue
from tests.twin import Twin


def broken_engine() -> Engine:
    """It balances, so that it can be restored; cancelling order 1 of Alice breaks it."""
    venue = Venue.furnished(Twin())
    venue.buy(ALICE, 5, 10)
    assert isinstance(venue.engine, Twin)
    balance = venue.engine.state.accounts[ALICE].balances[USD]
    balance.available += 1
    balance.held -= 1
    return Engine.restore(venue.engine.snapshot())
