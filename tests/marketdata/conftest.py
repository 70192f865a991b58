import pytest

from tests.history.scenes import Venue


@pytest.fixture
def venue() -> Venue:
    return Venue()
