"""Every specification runs against both: the native core and its twin. A table that only one of them passes is wrong about one of them."""

from collections.abc import Callable

import pytest

from cambist._core import Engine
from tests.core.venue import Venue
from tests.twin import Twin

# Before anybody imports it: its assertions are the ones that say what the native core and its twin disagree about.
pytest.register_assert_rewrite("tests.core.pair")


@pytest.fixture(params=[Engine, Twin], ids=["core", "twin"])
def new_engine(request: pytest.FixtureRequest) -> Callable[[], Engine | Twin]:
    """Makes an empty engine."""
    engine: Callable[[], Engine | Twin] = request.param
    return engine


@pytest.fixture
def engine(new_engine: Callable[[], Engine | Twin]) -> Engine | Twin:
    return new_engine()


@pytest.fixture
def venue(engine: Engine | Twin) -> Venue:
    return Venue.furnished(engine)
