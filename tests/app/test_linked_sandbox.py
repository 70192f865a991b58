"""BTC's markets in a sandbox: linked from the start while there are traders, and what stays of that when it is reopened."""

import json
from pathlib import Path
from typing import Any

import pytest

from cambist.app.admin import ask_running
from tests.support.processes import cambist, serving, start
from tests.support.waiting import wait_until

LINKED = ["USD", "EUR", "GBP", "JPY", "AUD", "CAD", "CHF", "PLN", "RUB", "SEK"]
"""In the order of the default assets."""


def rates(data: Path) -> dict[str, dict[str, Any]]:
    """BTC's rates by currency; empty when there is no group."""
    answer = cambist("rates", "show", "--data", data, "--json")
    assert answer.returncode == 0, answer.stderr
    return {row["asset"]: row for row in json.loads(answer.stdout)}


def moved(data: Path, before: dict[str, dict[str, Any]]) -> bool:
    """Whether any currency has another rate than before."""
    return any(row["rate"] != before[code]["rate"] for code, row in rates(data).items())


def group_markets(data: Path) -> set[str]:
    """Those that are linked."""
    return {name for group in ask_running(data, "market.groups", {}) for name in group["markets"]}


def test_a_sandbox_with_traders_has_bitcoin_linked_funded_and_rated(tmp_path: Path) -> None:
    data = tmp_path / "kept"
    with serving(tmp_path, "sandbox", "--seed", "7", "--data", data):
        found = rates(data)
        assert list(found) == LINKED
        assert group_markets(data) == {f"btc_{code.lower()}" for code in LINKED}
        assert all(row["current"] and float(row["rate"]) > 0 for row in found.values())
        assert all(float(row["conversion"]) * float(row["rate"]) > 0.9e9 for row in found.values())
        wait_until(lambda: moved(data, found))
    assert "All is well" in cambist("verify", "--data", data).stdout


def test_a_kept_sandbox_is_linked_and_parted_as_each_start_asks_for_and_funded_once(tmp_path: Path) -> None:
    data = tmp_path / "kept"
    with serving(tmp_path, "sandbox", "--quiet", "--data", data):
        assert group_markets(data) == set(), "nothing moves but what the user moves"
    conversion = []
    for preset, linked in (("calm", True), ("flash-crash", False), ("thin", True), ("quiet", False)):
        with serving(tmp_path, "sandbox", "--preset", preset, "--data", data):
            assert bool(group_markets(data)) == linked, preset
            conversion.append(float(rates(data)["EUR"]["conversion"]))
    assert max(conversion) < 1.1 * min(conversion)
    with serving(tmp_path, "sandbox", "--quiet", "--data", data):
        assert cambist("market", "link", "btc_usd", "btc_eur", "--data", data).returncode == 0
    with serving(tmp_path, "sandbox", "--quiet", "--data", data):
        assert group_markets(data) == {"btc_usd", "btc_eur"}, "what the user linked stays"


def test_a_sandbox_that_is_killed_goes_on_with_its_rates_and_its_conversion_account(tmp_path: Path) -> None:
    data = tmp_path / "kept"
    running = start(tmp_path, "sandbox", "--seed", "7", "--data", data)
    first = rates(data)
    wait_until(lambda: moved(data, first))
    running.kill()
    assert "All is well" in cambist("verify", "--data", data).stdout
    with serving(tmp_path, "sandbox", "--data", data):
        found = rates(data)
        assert list(found) == LINKED
        assert all(abs(float(found[code]["conversion"]) / float(first[code]["conversion"]) - 1) < 0.1 for code in LINKED)
    assert cambist("rebuild", "--data", data).returncode == 0
    assert "All is well" in cambist("verify", "--data", data).stdout


def own_markets(**amount_decimals: int) -> str:
    """A configuration with nothing but these BTC markets."""
    assets = "".join(f'[[asset]]\ncode = "{code}"\nscale = 16\ndisplay_scale = 8\n' for code in ("BTC", "USD", "EUR", "PLN"))
    terms = 'price_decimals = 3\nmin_price = "0.1"\nmax_price = "10000"\nmin_amount = "0.01"\nmax_amount = "1000"\n'
    fees = 'maker_fee_ppm = 2000\ntaker_fee_ppm = 2000\nself_trade = "allow"\n'
    return assets + "".join(
        f'[[market]]\nname = "{name}"\namount_decimals = {decimals}\n{terms}{fees}' for name, decimals in amount_decimals.items()
    )


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        pytest.param("[sandbox]\nlinked = false\n", set(), id="switched off"),
        pytest.param(own_markets(btc_eur=8), set(), id="one market"),
        pytest.param(own_markets(btc_eur=8, btc_pln=8), {"btc_eur", "btc_pln"}, id="no market in the anchor"),
        pytest.param(own_markets(btc_usd=8, btc_eur=8, btc_pln=4), {"btc_usd", "btc_eur"}, id="one whose decimals do not fit"),
    ],
)
def test_a_sandbox_links_what_its_configuration_allows(text: str, linked: set[str], tmp_path: Path) -> None:
    config = tmp_path / "own.toml"
    config.write_text(text)
    data = tmp_path / "kept"
    with serving(tmp_path, "sandbox", "--data", data, "--config", config):
        assert group_markets(data) == linked


def test_a_file_of_rates_goes_before_the_walk(tmp_path: Path) -> None:
    config, file = tmp_path / "own.toml", tmp_path / "rates.toml"
    file.write_text('[BTC]\nEUR = "1.5"\n')
    config.write_text(f'[rates]\nfile = "{file}"\n')
    data = tmp_path / "kept"
    with serving(tmp_path, "sandbox", "--data", data, "--config", config):
        wait_until(lambda: rates(data)["EUR"]["rate"] == "1.5")
        assert rates(data)["GBP"]["rate"] == ""


def test_a_venue_starts_without_linked_markets(tmp_path: Path) -> None:
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data):
        assert rates(data) == {}
