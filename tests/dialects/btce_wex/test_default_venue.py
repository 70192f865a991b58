"""What clients of the originals hard-code is in the venue that a stranger starts: currencies, pairs, decimals."""

from cambist.app.config import default_text, parse

DEFAULT = parse(default_text(), "default")

CURRENCIES = "usd btc ltc nmc rur eur nvc trc ppc ftc xpm cnh gbp dsh eth bcc bch btg zec jpy"
DECIMAL_PLACES = {
    **{"btc_usd": 3, "btc_eur": 5, "btc_rur": 5, "ltc_btc": 5, "ltc_usd": 6, "ltc_eur": 3, "ltc_rur": 5},
    **{"nmc_btc": 5, "nmc_usd": 3, "nvc_btc": 5, "nvc_usd": 3, "ppc_btc": 5, "ppc_usd": 3},
    **{"usd_rur": 5, "eur_usd": 5, "eur_rur": 5},
    **{"dsh_btc": 5, "dsh_usd": 5, "dsh_rur": 3, "dsh_eur": 3, "dsh_ltc": 3, "dsh_eth": 3},
    **{"eth_btc": 5, "eth_usd": 5, "eth_eur": 5, "eth_ltc": 5, "eth_rur": 5},
    **{"bch_usd": 3, "bch_btc": 4},
}
"""As the originals' `info` was recorded."""


def test_currencies() -> None:
    assert set(CURRENCIES.upper().split()) <= {asset.code for asset in DEFAULT.asset}


def test_pairs_and_their_decimals() -> None:
    found = {market.name: market.price_decimals for market in DEFAULT.market}
    assert {name: found.get(name) for name in DECIMAL_PLACES} == DECIMAL_PLACES
    assert {"btc_gbp", "btc_jpy", "bcc_btc", "btg_btc"} <= found.keys()


def test_amounts_have_the_eight_decimals_that_clients_send() -> None:
    markets = [market for market in DEFAULT.market if market.name in DECIMAL_PLACES]
    assert {market.amount_decimals for market in markets} == {8}
