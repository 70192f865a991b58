"""`[dialects.btse]` of a venue's configuration."""

import pytest

from cambist.app import config
from cambist.app.dialects import settings_of
from cambist.app.errors import OperatorError
from cambist.dialect_kit.rate_limits import UNLIMITED
from cambist.dialects.btse import DIALECT, EXACT_LIMITS, Flavour, NonceRule, Settings


def settings(text: str) -> Settings:
    section = settings_of(config.parse(text).dialects, DIALECT)
    assert isinstance(section, Settings)
    return section


def test_the_default_suits_a_sandbox() -> None:
    found = settings(config.default_text())
    assert (found.nonce_window_seconds, found.nonce_rule, found.rates, found.v2_flavour) == (60, NonceRule.REQUEST, UNLIMITED, Flavour.V2_1)


def test_everything_can_be_chosen() -> None:
    found = settings('[dialects.btse]\nnonce_window_seconds = 5\nnonce_rule = "nonce"\nrate_limits = "exact"\nv2_flavour = "2.0"\n')
    assert (found.nonce_window_seconds, found.nonce_rule, found.rates, found.v2_flavour) == (5, NonceRule.NONCE, EXACT_LIMITS, Flavour.V2_0)


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
def test_what_cannot_be_is_refused(line: str) -> None:
    with pytest.raises(OperatorError):
        config.parse(f"[dialects.btse]\n{line}\n")
