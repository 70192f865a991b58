"""What play money is worth and how much of it everybody starts with."""

from collections.abc import Mapping
from types import MappingProxyType

USD_VALUE = {
    "USD": 1.0,
    "EUR": 1.12,
    "RUR": 1 / 57,
    "GBP": 1.29,
    "JPY": 1 / 111,
    "AUD": 0.76,
    "CAD": 0.75,
    "CHF": 1.03,
    "CNY": 1 / 6.8,
    "DKK": 0.15,
    "HKD": 1 / 7.8,
    "NZD": 0.72,
    "PLN": 0.26,
    "RUB": 1 / 57,
    "SEK": 0.115,
    "SGD": 0.72,
    "THB": 1 / 34,
    "BTC": 2500.0,
    "LTC": 40.0,
    "ETH": 250.0,
    "NMC": 2.0,
    "DSH": 120.0,
    "BCC": 400.0,
    "BTG": 150.0,
    "BCD": 40.0,
    "NVC": 4.0,
    "TRC": 0.3,
    "PPC": 2.0,
    "FTC": 0.05,
    "XPM": 0.3,
    "CNH": 1 / 6.8,
    "BCH": 400.0,
    "ZEC": 200.0,
}
"""Around what the traders' prices walk, in USD; chosen inside the limits of the default markets."""

CALM = {"USD": 0.0, "RUR": 0.2, "RUB": 0.2} | dict.fromkeys(
    ("EUR", "GBP", "JPY", "CNH", "AUD", "CAD", "CHF", "CNY", "DKK", "HKD", "NZD", "PLN", "SEK", "SGD", "THB"), 0.1
)
"""How lively an asset walks, as a share of what the others do."""

UNKNOWN_VALUE = 10.0

FUNDS = {
    "USD": "1000000",
    "EUR": "1000000",
    "RUR": "50000000",
    "GBP": "1000000",
    "JPY": "100000000",
    "AUD": "1000000",
    "CAD": "1000000",
    "CHF": "1000000",
    "CNY": "5000000",
    "DKK": "5000000",
    "HKD": "5000000",
    "NZD": "1000000",
    "PLN": "5000000",
    "RUB": "50000000",
    "SEK": "5000000",
    "SGD": "1000000",
    "THB": "50000000",
    "BTC": "100",
    "LTC": "10000",
    "ETH": "1000",
    "NMC": "10000",
    "DSH": "1000",
    "BCC": "1000",
    "BTG": "1000",
    "BCD": "10000",
    "NVC": "10000",
    "TRC": "100000",
    "PPC": "10000",
    "FTC": "100000",
    "XPM": "100000",
    "CNH": "5000000",
    "BCH": "1000",
    "ZEC": "1000",
}
"""What a user gets without --fund; of an asset that is not listed, UNKNOWN_FUNDS."""

UNKNOWN_FUNDS = "1000"


LEAST_VALUE, MOST_VALUE = 1e-9, 1e9
"""Of what a configuration may say that an asset is worth."""


def usd_value(code: str, values: Mapping[str, float] = MappingProxyType({})) -> float:
    """Of one unit of the asset; `values` go before the default ones."""
    return values.get(code) or USD_VALUE.get(code, UNKNOWN_VALUE)
