"""The default venue has the reference's markets, with its decimals."""

from decimal import Decimal

import pytest

from cambist.app.config import default_text, parse


@pytest.mark.parametrize("name", ["bcc_btc", "btg_btc", "bcd_btc"])
def test_the_markets_of_the_references_examples(name: str) -> None:
    (market,) = [market for market in parse(default_text()).market if market.name == name]
    assert (market.price_decimals, market.amount_decimals) == (6, 4)
    assert Decimal(market.min_price) < Decimal("0.000801") < Decimal("12.94") < Decimal(market.max_price)
