"""What `cambist sandbox` opens with: the four markets at Mt.Gox's integer scales, quoted by traders."""

import json
from pathlib import Path
from urllib.request import Request, urlopen

from tests.support.processes import serving

SCALES = {"USD": 5, "EUR": 5, "GBP": 5, "JPY": 3}
DAYLIGHT = {"USD": (1_000, 5_000), "EUR": (1_000, 5_000), "GBP": (1_000, 5_000), "JPY": (100_000, 600_000)}


def test_the_default_markets_are_open_and_quoted(tmp_path: Path) -> None:
    with serving(tmp_path, "sandbox", "--seed", "7") as running:
        for code, scale in SCALES.items():
            url = f"{running.url}/api/1/BTC{code}/public/ticker?raw"
            with urlopen(Request(url, headers={"User-Agent": "hello"}), timeout=30) as answer:
                ticker = json.load(answer)
            for name in ("buy", "sell", "last"):
                value = ticker[name]
                whole, _, fraction = value["value"].partition(".")
                assert value["currency"] == code
                assert len(fraction) <= scale
                assert value["value_int"] == whole + fraction.ljust(scale, "0")
                assert DAYLIGHT[code][0] < int(whole) < DAYLIGHT[code][1]
            assert int(ticker["buy"]["value_int"]) < int(ticker["sell"]["value_int"])
