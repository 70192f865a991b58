"""What `cambist sandbox` opens with: the markets at Mt.Gox's integer scales, quoted by traders."""

import json
from pathlib import Path
from urllib.request import Request, urlopen

from tests.support.processes import serving

WORTH = {
    "USD": 2_500, "EUR": 2_230, "GBP": 1_940, "JPY": 277_500, "AUD": 3_290, "CAD": 3_330, "CHF": 2_430, "CNY": 17_000, "DKK": 16_700,
    "HKD": 19_500, "NZD": 3_470, "PLN": 9_600, "RUB": 142_500, "SEK": 21_700, "SGD": 3_470, "THB": 85_000,
}  # fmt: skip
"""Every currency that Mt.Gox traded, and about what a coin costs in it here."""


def test_the_default_markets_are_open_and_quoted(tmp_path: Path) -> None:
    with serving(tmp_path, "sandbox", "--seed", "7") as running:
        for code, worth in WORTH.items():
            scale = 3 if code in ("JPY", "SEK") else 5
            url = f"{running.url}/api/1/BTC{code}/public/ticker?raw"
            with urlopen(Request(url, headers={"User-Agent": "hello"}), timeout=30) as answer:
                ticker = json.load(answer)
            for name in ("buy", "sell", "last"):
                value = ticker[name]
                whole, _, fraction = value["value"].partition(".")
                assert value["currency"] == code
                assert len(fraction) <= scale
                assert value["value_int"] == whole + fraction.ljust(scale, "0")
                assert worth / 2 < int(whole) < 2 * worth
            assert int(ticker["buy"]["value_int"]) < int(ticker["sell"]["value_int"])
