"""Coins coming in and going out. Balances live in the core; here live addresses, and what the networks say."""

from .desk import Desk
from .port import Broadcast, ChainBlock, ChainOutput, ChainTransaction, CoinPort, CoinPortUnavailable, Incoming, SendRefused
from .simulated import SimulatedChain
from .values import (
    AssetPolicy,
    Deposit,
    DepositState,
    Trouble,
    WalletBusy,
    WalletError,
    WalletRefusal,
    WalletUnreadable,
    Withdrawal,
    WithdrawalState,
    deposit_id,
)

__all__ = [
    "AssetPolicy",
    "Broadcast",
    "ChainBlock",
    "ChainOutput",
    "ChainTransaction",
    "CoinPort",
    "CoinPortUnavailable",
    "Deposit",
    "DepositState",
    "Desk",
    "Incoming",
    "SendRefused",
    "SimulatedChain",
    "Trouble",
    "WalletBusy",
    "WalletError",
    "WalletRefusal",
    "WalletUnreadable",
    "Withdrawal",
    "WithdrawalState",
    "deposit_id",
]
