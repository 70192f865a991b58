"""`[dialects.btse]` of a venue's configuration."""

import pytest

from cambist.app import config
from cambist.app.errors import OperatorError
from cambist.app.wiring import _btse_settings
from cambist.dialect_kit.rate_limits import UNLIMITED
from cambist.dialects.btse import EXACT_LIMITS, Flavour, NonceRule, Settings


def test_the_default_suits_a_sandbox() -> None:
    assert _btse_settings(config.parse(config.default_text()).dialects.btse) == Settings(60, NonceRule.REQUEST, UNLIMITED, Flavour.V2_1)


def test_everything_can_be_chosen() -> None:
    text = '[dialects.btse]\nnonce_window_seconds = 5\nnonce_rule = "nonce"\nrate_limits = "exact"\nv2_flavour = "2.0"\n'
    assert _btse_settings(config.parse(text).dialects.btse) == Settings(5, NonceRule.NONCE, EXACT_LIMITS, Flavour.V2_0)


@pytest.mark.parametrize(
    "line",
    [
        "nonce_window_seconds = 61",
        "nonce_window_seconds = 0",
        'nonce_rule = "none"',
        'rate_limits = "some"',
        "nonce = 1",
        "v2_flavour = 2.0",
    ],
)
def test_what_can_not_be_is_refused(line: str) -> None:
    with pytest.raises(OperatorError):
        config.parse(f"[dialects.btse]\n{line}\n")
