"""Channel ids: the ones that clients have known for years, and derived ones for every other name."""

from collections.abc import Iterable

from cambist.dialects.mtgox import ids

TRADES = "trade"
LAG = "trade.lag"

KNOWN = {
    "trade": "dbf1dee9-4f2e-4a08-8cb7-748919a71b21",
    "trade.lag": "85174711-be64-4de1-b783-0628995d7914",
    "ticker.BTCUSD": "d5f06780-30a8-4a48-a2f8-7ed181b4a13f",
    "depth.BTCUSD": "24e67e0d-1cad-4cc0-9e7a-f8523ef460fe",
    "ticker.BTCEUR": "0bb6da8b-f6c6-4ecf-8f0d-a544ad948c15",
    "depth.BTCEUR": "057bdc6b-9f9c-44e4-bc1a-363e4443ce87",
    "ticker.BTCGBP": "7b842b7d-d1f9-46fa-a49c-c12f1ad5a533",
    "depth.BTCGBP": "60c3af1b-5d40-4d0e-b9fc-ccab433d2e9c",
    "ticker.BTCJPY": "a39ae532-6a3c-4835-af8c-dda54cb4874e",
    "depth.BTCJPY": "94483e07-d797-4dd4-bc72-dc98f1fd39e3",
}


def channel_id(name: str) -> str:
    """The UUID of a channel: `ticker.BTCUSD`, `depth.BTCUSD`, `trade`, `trade.lag`."""
    return KNOWN.get(name) or ids.of_words("channel", name)


def public_channels(pairs: Iterable[str]) -> dict[str, str]:
    """Name to id of every public channel."""
    names = [TRADES, LAG]
    for pair in pairs:
        names += [f"ticker.{pair}", f"depth.{pair}"]
    return {name: channel_id(name) for name in names}
