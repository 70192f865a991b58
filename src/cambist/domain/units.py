"""What an integer counts or numbers, for the type checker alone: at run time each of these is the plain integer.

A function that takes an account cannot be given a market by mistake. Numbers of things come from the core's own records, from `view`
or from a file of ours; `AccountId(number)` is written only there, where a number comes in from outside.
"""

from typing import NewType

AccountId = NewType("AccountId", int)
"""A holder of balances in the ledger; 0 to 15 belong to the system."""

AssetId = NewType("AssetId", int)
"""An asset, by its place in the core's list."""

MarketId = NewType("MarketId", int)
"""A market, by its place in the core's list."""
