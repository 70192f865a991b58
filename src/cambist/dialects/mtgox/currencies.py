"""Integer scales of currencies, and the value objects of every sum: five texts, all of them exact."""

from dataclasses import dataclass

from cambist import _core
from cambist.domain.units import AssetId

COIN_SCALE = 8
FIAT_SCALE = 5
FIAT = frozenset(
    ["USD", "AUD", "CAD", "CHF", "CNY", "DKK", "EUR", "GBP", "HKD", "NZD", "PLN", "RUB", "RUR", "SGD", "THB", "NOK", "CZK"],
)
"""Money of states, in 1/100,000."""
SMALL_FIAT = frozenset(("JPY", "SEK"))
"""Whose unit is worth so little that 1/1,000 is enough."""
SMALL_FIAT_SCALE = 3

BEFORE = {"USD": "$", "GBP": "£", "JPY": "¥", "AUD": "AU$", "CAD": "CA$", "HKD": "HK$", "NZD": "NZ$", "SGD": "SG$", "CNY": "CN¥"}
AFTER = {"EUR": " €", "PLN": " zł", "CHF": " CHF", "SEK": " kr", "DKK": " kr", "NOK": " kr", "CZK": " Kč", "THB": " ฿"}
NAMES = {
    "USD": "US Dollar",
    "EUR": "Euro",
    "GBP": "Great British Pound",
    "JPY": "Japanese Yen",
    "BTC": "Bitcoin",
    "AUD": "Australian Dollar",
    "CAD": "Canadian Dollar",
    "CHF": "Swiss Franc",
    "PLN": "Polish Zloty",
    "RUB": "Russian Rouble",
    "RUR": "Russian Rouble",
    "CNY": "Chinese Yuan",
    "DKK": "Danish Krone",
    "HKD": "Hong Kong Dollar",
    "NZD": "New Zealand Dollar",
    "SEK": "Swedish Krona",
    "SGD": "Singapore Dollar",
    "THB": "Thai Baht",
    "LTC": "Litecoin",
    "NMC": "Namecoin",
}

Value = dict[str, str]


def scale_of(code: str) -> int:
    """Decimals of a currency's integers: 8 for coins, 5 for money of states, 3 for JPY and SEK."""
    if code in SMALL_FIAT:
        return SMALL_FIAT_SCALE
    return FIAT_SCALE if code in FIAT else COIN_SCALE


def rescale(number: int, scale: int, wanted: int) -> int:
    """A number of 10^-scale as one of 10^-wanted, cut toward zero when digits are lost."""
    if wanted >= scale:
        return number * int(10 ** (wanted - scale))
    lost = int(10 ** (scale - wanted))
    return number // lost if number >= 0 else -(-number // lost)


def half_up(numerator: int, denominator: int) -> int:
    """The quotient of two non-negative integers, rounded half up."""
    return (2 * numerator + denominator) // (2 * denominator)


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency under this API. `asset` and `ledger_scale` are the ledger's."""

    code: str
    scale: int
    asset: AssetId
    ledger_scale: int

    @staticmethod
    def of(spec: _core.AssetSpec) -> "Currency":
        return Currency(spec.code, scale_of(spec.code), spec.id, spec.scale)

    @property
    def virtual(self) -> bool:
        """A coin."""
        return self.scale == COIN_SCALE

    def units(self, atoms: int) -> int:
        """Ledger atoms in this currency's integers, cut toward zero: nobody is shown more than he has."""
        return rescale(atoms, self.ledger_scale, self.scale)

    def atoms(self, units: int) -> int | None:
        """The integers of this API as ledger atoms; None when the ledger is coarser than they are."""
        if self.ledger_scale >= self.scale:
            return units * int(10 ** (self.ledger_scale - self.scale))
        quotient, rest = divmod(units, int(10 ** (self.scale - self.ledger_scale)))
        return None if rest else quotient

    def short_text(self, units: int) -> str:
        """No more decimals than needed: `94.98`."""
        return _core.format_units(units, self.scale)

    def value(self, units: int) -> Value:
        """The value object of an amount in this currency's integers."""
        return {
            "value": self.short_text(units),
            "value_int": str(units),
            "display": self._display(units, self.scale),
            "display_short": self._display(self._cents(units), 2),
            "currency": self.code,
        }

    def of_atoms(self, atoms: int) -> Value:
        """The value object of ledger atoms."""
        return self.value(self.units(atoms))

    def _cents(self, units: int) -> int:
        cents = half_up(abs(units), int(10 ** (self.scale - 2)))
        return cents if units >= 0 else -cents

    def _display(self, units: int, decimals: int) -> str:
        whole, _, fraction = _core.format_units(abs(units), decimals, decimals).partition(".")
        number = f"{int(whole):,}.{fraction}"
        sign = "-" if units < 0 else ""
        if self.code in BEFORE:
            return f"{sign}{BEFORE[self.code]}{number}"
        return f"{sign}{number}{AFTER.get(self.code, chr(0xA0) + self.code)}"
