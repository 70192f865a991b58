"""The reference page lists what there is: every kind, every field, every outcome that an order can ask for."""

import re

import pytest

from cambist.sandbox.faults.magic_orders import OUTCOMES
from cambist.sandbox.faults.plan import KINDS, FaultPlan
from tests.tidy.test_tidy import ROOT

PAGE = (ROOT / "docs" / "reference" / "faults.md").read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("|")]


def test_every_kind_has_a_row_in_order() -> None:
    listed = [row[0].strip("`") for row in ROWS if len(row) == 5 and row[0].startswith("`")]
    assert listed == list(KINDS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_kind_s_row_names_what_it_takes(kind: object) -> None:
    from cambist.sandbox.faults.plan import Kind

    assert isinstance(kind, Kind)
    (row,) = [row for row in ROWS if row[0] == f"`{kind.name}`" and len(row) == 5]
    named = set(re.findall(r"`([a-z_]+)`", row[4] + row[2]))
    fields = {name for name in named if name in FaultPlan.__struct_fields__} - {"seconds", "market"}
    assert fields == kind.parameters


def test_every_field_is_explained() -> None:
    missing = [field for field in FaultPlan.__struct_fields__ if f"`{field}`" not in PAGE and field != "kind"]
    assert missing == []


def test_every_outcome_has_its_row() -> None:
    listed = [(row[0].strip("`"), int(row[1])) for row in ROWS if len(row) == 3 and row[1].isdigit() and row[0].startswith("`")]
    fields = set(FaultPlan.__struct_fields__)
    assert [row for row in listed if row[0] not in fields] == [(outcome.name, outcome.code) for outcome in OUTCOMES]
