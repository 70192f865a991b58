"""The rules of each asset's deposits and withdrawals, as the configuration has them."""

from collections.abc import Iterable

from cambist import _core
from cambist.app.config import Config
from cambist.app.errors import Exit, OperatorError
from cambist.operations.market_terms import AssetScales
from cambist.wallet import AssetPolicy


def default_policy(config: Config) -> AssetPolicy:
    """For assets that the configuration says nothing particular of."""
    return AssetPolicy(confirmations=config.wallet.confirmations)


def wallet_policies(config: Config, known: Iterable[AssetScales]) -> dict[str, AssetPolicy]:
    """By asset code. `known`: the journal's assets, which the configuration need not name. OperatorError CONFIGURATION."""
    scales = {asset.code: asset.scale for asset in (*known, *config.asset)}
    policies = {}
    for code, text in config.wallet.approve_above.items():
        if code not in scales:
            raise OperatorError(f"wallet.approve_above: there is no asset {code}", Exit.CONFIGURATION)
        try:
            atoms = _core.parse_units(text, scales[code])
        except ValueError:
            raise OperatorError(
                f'wallet.approve_above: {code} = "{text}" is no decimal number with at most {scales[code]} decimals', Exit.CONFIGURATION
            ) from None
        policies[code] = AssetPolicy(confirmations=config.wallet.confirmations, approve_above=atoms)
    return policies
