"""The floor's bitcoin markets linked, with rates that a test sets."""

from cambist import _core
from tests.dialects.mtgox.floor import Floor

CURRENCIES = ("USD", "EUR", "JPY", "GBP")
RATES = {"EUR": "1.085", "JPY": "0.0125", "GBP": "1.5"}


def link_markets(floor: Floor, fee_ppm: int = 2_500, max_age: int = 0, funds: str = "1000000") -> None:
    """Bitcoin over all its currencies, rates in dollars, a conversion account with so much of each, and pounds for everybody."""
    assets = floor.catalogue.assets
    base, anchor = assets.by_code("BTC"), assets.by_code("USD")
    assert base is not None
    assert anchor is not None
    assert floor.immediate.create_linked_group(base.id, anchor.id, fee_ppm, max_age).code == 0
    for spec in floor.catalogue.markets.by_id:
        if spec.base == base.id:
            assert floor.immediate.link_market(0, spec.id).code == 0
    for code in CURRENCIES:
        floor.fund(_core.CONVERSION, code, funds)
    for account in range(_core.FIRST_USER_ACCOUNT, floor.engine.accounts):
        floor.fund(account, "GBP", "100000")
    set_rates(floor, **RATES)


def set_rates(floor: Floor, **rates: str) -> None:
    """What one unit of each is worth in dollars."""
    by_code = floor.catalogue.assets.by_code
    numbers = {spec.id: _core.parse_units(rate, 12) for code, rate in rates.items() if (spec := by_code(code)) is not None}
    assert floor.immediate.set_conversion_rates(0, sorted(numbers.items())).code == 0
