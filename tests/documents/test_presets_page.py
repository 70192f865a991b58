"""The page about presets has every number of the traders, as it is under calm."""

import re
from pathlib import Path

from cambist.sandbox.presets import CALM, TraderNumbers

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "presets.md").read_text(encoding="utf-8")


def documented() -> dict[str, str]:
    found: dict[str, str] = {}
    for row in PAGE[PAGE.index("| number |") :].splitlines():
        if row.startswith("| `"):
            names, values, *_ = (cell.strip() for cell in row.strip("|").split("|"))
            single = re.findall(r"\[[^\]]*\]|`\w+`|[\d.]+(?:,\d{3})*|\w+", values)
            found.update(zip(re.findall(r"`(\w+)`", names), single, strict=True))
    return found


def as_shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(f'{part:g}' for part in value)}]"
    if isinstance(value, str):
        return f"`{value}`"
    assert isinstance(value, int | float)
    return f"{value:,.0f}" if value == int(value) else f"{value:.5f}".rstrip("0")


def test_every_number_stands_there_as_it_is() -> None:
    assert documented() == {name: as_shown(getattr(CALM, name)) for name in TraderNumbers.__struct_fields__}
