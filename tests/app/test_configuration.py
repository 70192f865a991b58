"""The configuration file: the shipped one is good, and each mistake is answered with its place and a remedy."""

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from cambist import _core
from cambist.app.config import Config, default_text, load, parse, terms
from cambist.app.errors import Exit, OperatorError

ASSETS = """
[[asset]]
code = "BTC"
scale = 16
display_scale = 8
[[asset]]
code = "USD"
scale = 16
display_scale = 8
"""
MARKET = """
[[market]]
name = "btc_usd"
price_decimals = 3
min_price = "0.1"
max_price = "10000"
min_amount = "0.001"
max_amount = "1000"
"""


def with_market(old: str, new: str) -> str:
    assert old in MARKET
    return ASSETS + MARKET.replace(old, new)


def test_the_default_is_what_the_core_takes() -> None:
    config = parse(default_text())
    assert {"BTC", "LTC", "ETH", "BCC", "BTG", "USD", "EUR"} <= {asset.code for asset in config.asset}
    names = {market.name for market in config.market}
    assert {"btc_usd", "ltc_usd", "eth_usd", "ltc_btc", "eth_btc", "btc_eur", "eur_usd", "bcc_btc", "btg_btc"} <= names
    engine = _core.Engine()
    numbers = {asset.code: engine.create_asset(1, asset.code, asset.scale, asset.display_scale).id for asset in config.asset}
    for market in config.market:
        wanted = terms(config, market)
        outcome = engine.create_market(
            1,
            numbers[market.base],
            numbers[market.quote],
            wanted.price_scale,
            wanted.amount_scale,
            wanted.self_trade,
            wanted.min_price,
            wanted.max_price,
            wanted.min_amount,
            wanted.max_amount,
            wanted.min_total,
            wanted.maker_ppm,
            wanted.taker_ppm,
        )
        assert outcome.code == 0, market.name
        assert (wanted.maker_ppm, wanted.taker_ppm) == (2000, 2000)


def test_every_setting_of_the_default_is_commented() -> None:
    lines = default_text().splitlines()
    for section in ("[http]", "[journal]", "[log]", "[wallet]"):
        first = lines.index(section) + 1
        assert lines[first].startswith("#"), section


def test_nothing_at_all_is_a_configuration() -> None:
    assert parse("").server.port == 8700


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prot = 8700", "no setting named `prot`"),
        ("[server]\nport = 'many'", "at server.port"),
        ("[server]\nport = 70000", "server.port = 70000 is no port"),
        ('[server]\nhost = ""', "server.host is empty"),
        ("[merchant]\ncallback_ports = [80, 70000]", "merchant.callback_ports: 70000 is no port"),
        ("[server", "no TOML"),
        ("[journal]\nsnapshots_kept = 0", "snapshots_kept = 0 is too small"),
        ("[log]\nlevel = 'loud'", "log.level"),
        ('[[asset]]\ncode = "btc"\nscale = 8\ndisplay_scale = 8', 'asset code "btc"'),
        ('[[asset]]\ncode = "BTC"\nscale = 19\ndisplay_scale = 8', "0 to 18"),
        ('[[asset]]\ncode = "BTC"\nscale = 8\ndisplay_scale = 9', "display_scale = 9"),
        ('[[asset]]\ncode = "BTC"\nscale = 8', "this is missing: `display_scale`"),
        ("[sandbox.values]\nXYZ = 1", "there is no asset XYZ"),
        ("[sandbox.values]\nBTC = 0", "sandbox.values.BTC = 0: 1e-09 to 1e+09"),
        ("[sandbox.values]\nBTC = nan", "sandbox.values.BTC = nan"),
        ("[sandbox.values]\nBTC = 65000", "btc_usd would be worth 65,000, and its prices go from 0.1 to 10000"),
        ("[sandbox.intensity]\nbtc_xyz = 1", "there is no market btc_xyz"),
        ("[sandbox.intensity]\nbtc_usd = 11", "sandbox.intensity.btc_usd = 11"),
        ("[sandbox.traders]\nlevels = 0", "levels = 0 is too small"),
        (ASSETS + ASSETS, "asset BTC is listed twice"),
        (ASSETS + MARKET + MARKET, "market btc_usd is listed twice"),
        (with_market('"btc_usd"', '"BTCUSD"'), "must be base_quote"),
        (with_market('"btc_usd"', '"btc_eur"'), "there is no asset EUR"),
        (with_market('"btc_usd"', '"btc_btc"'), "the same asset"),
        (with_market('"0.1"', "0.1"), "write exact decimals in quotes"),
        (with_market('"0.1"', '"0.0001"'), 'min_price = "0.0001" is no decimal number with at most 3 decimals'),
        (with_market('"0.1"', '"cheap"'), 'min_price = "cheap"'),
        (with_market('"0.1"', '"0"'), "min_price must be above zero"),
        (with_market('"0.1"', '"20000"'), "min_price must be above zero and at most max_price"),
        (with_market('"1000"', '"1000000000"'), "2^96"),
        (with_market("price_decimals = 3", "price_decimals = 9"), "price_decimals + amount_decimals"),
        (with_market("price_decimals = 3", "price_decimals = 3\nmaker_fee_ppm = -1"), "maker_fee_ppm = -1"),
        (with_market("price_decimals = 3", "price_decimals = 3\nself_trade = 'never'"), "self_trade"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, words: str) -> None:
    with pytest.raises(OperatorError, match=re.escape(words)) as caught:
        parse(text, "venue.toml")
    assert caught.value.code == Exit.CONFIGURATION
    assert caught.value.text.startswith("venue.toml: ")


def every_setting(section: type[Any], path: str = "") -> Iterator[str]:
    """The dotted names of all settings; those of an asset or a market by their own name."""
    for setting in msgspec.structs.fields(section):
        if isinstance(setting.type, type) and issubclass(setting.type, msgspec.Struct):
            yield from every_setting(setting.type, f"{path}{setting.name}.")
        elif setting.name in ("asset", "market"):
            (entry,) = [part for part in get_args(setting.type) if part is not ...]
            yield from (field.name for field in msgspec.structs.fields(entry))
        else:
            yield f"{path}{setting.name}"


OPTIONAL = {"self_trade": "allow", "min_total": "0", "amount_decimals": 8, "maker_fee_ppm": 2000, "taker_fee_ppm": 2000}
"""Of a market, explained in words in the default file."""
SETTINGS = sorted(set(every_setting(Config)))
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "configuration.md").read_text()
TRADERS = "sandbox.traders."
"""Numbers that a preset has, so the default file sets none of them; they have a page of their own."""
PRESETS_PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "presets.md").read_text()


@pytest.mark.parametrize("name", SETTINGS)
def test_each_setting_stands_in_the_default_file_and_on_its_page(name: str) -> None:
    if name.startswith(TRADERS):
        assert f"`{name.removeprefix(TRADERS)}`" in PRESETS_PAGE, f"presets.md does not explain {name}"
        return
    found: Any = tomllib.loads(default_text())
    if "." not in name:
        found = found["asset"][0] | found["market"][0] | OPTIONAL
    for part in name.split("."):
        assert part in found, f"default_config.toml does not show {name}"
        found = found[part]
    general = re.sub(r"^dialects\.\w+\.(enabled|host)$", r"dialects.NAME.\1", name)
    assert f"`{general}`" in PAGE, f"configuration.md does not explain {name}"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("device", "this is no regular file"),
        ("pipe", "this is no regular file"),
        ("directory", "this is no regular file"),
        ("large", "it has more than 1 MiB"),
        ("sparse", "it has more than 1 MiB"),
    ],
)
def test_what_is_too_much_or_no_file_is_not_read_as_configuration(tmp_path: Path, kind: str, words: str) -> None:
    path = tmp_path / "own.toml"
    match kind:
        case "device":
            path.symlink_to("/dev/zero")
        case "pipe":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case "large":
            path.write_bytes(b"#" * ((1 << 20) + 1))
        case "sparse":
            path.touch()
            os.truncate(path, 1 << 40)
    with pytest.raises(OperatorError, match=words) as refused:
        load(path)
    assert refused.value.code == Exit.CONFIGURATION


def test_the_largest_file_is_read_as_configuration(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(b"#" * (1 << 20))
    assert load(path).server.port == 8700
