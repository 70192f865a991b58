"""How coupon codes look: `BTCE-USD-` and five groups of eight from A-Z0-9, or, for a WEX key, `WEXUSD` and the forty characters."""

from cambist.dialects.btce_wex.auth import WEX, base36, groups

RANDOM_BYTES = 34
MAX_CODE_LENGTH = 128


def new_code(dialect: str, asset_code: str, random: bytes) -> str:
    """A code in the form of the dialect that the key was minted for; `random` has RANDOM_BYTES bytes."""
    characters = base36(random, 40)
    return f"WEX{asset_code}{characters}" if dialect == WEX else f"BTCE-{asset_code}-{groups(characters)}"
