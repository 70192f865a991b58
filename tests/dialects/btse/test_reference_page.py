"""The reference page's table of endpoints and generations says what the routes serve, no more and no less."""

import re
from pathlib import Path

import pytest

from tests.dialects.btse.floor import Floor

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "btse.md"
COLUMNS = [
    ("v2", ["/spot/v2", "/v2"]),
    ("v3.1, v3.2, v3.3", ["/spot/api/v3.1", "/spot/api/v3.2", "/spot/api/v3.3"]),
    ("v4", ["/spot/api/v4/trade"]),
    ("public-api", ["/public-api"]),
]


def documented() -> dict[str, set[str]]:
    """Column to the endpoints in its cells: "GET time"."""
    table = [line.strip("|").split("|") for line in PAGE.read_text().split("What there is in which generation")[1].splitlines()[2:]]
    names, rows = [name.strip() for name in table[0]], table[2 : table.index([""])]
    return {name: {found for row in rows for found in re.findall(r"`([^`]+)`", row[column])} for column, name in enumerate(names) if name}


@pytest.mark.parametrize(("column", "prefixes"), COLUMNS)
async def test_every_generation_serves_what_the_page_lists(floor: Floor, column: str, prefixes: list[str]) -> None:
    listed = documented()
    assert list(listed) == [name for name, _ in COLUMNS]
    for prefix in prefixes:
        # A path has one route for each method that it serves, and one that refuses all others.
        served = {
            f"{route.methods[0]} {route.name.removeprefix(prefix).strip('/')}"
            for route in floor.service.routes
            if len(route.methods) == 1 and route.name.startswith(f"{prefix}/")
        }
        assert served == listed[column]
