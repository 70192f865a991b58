"""Coins coming in and going out. Balances live in the core; here live addresses, and what the networks say."""

from .port import Broadcast, ChainBlock, ChainOutput, ChainTransaction, CoinPort, CoinPortUnavailable, Incoming, SendRejected
from .service import WalletService
from .simulated import SimulatedChain
from .values import (
    Approval,
    AssetPolicy,
    Deposit,
    DepositState,
    MovementRejected,
    WalletBusy,
    WalletError,
    WalletRejection,
    WalletUnreadable,
    Withdrawal,
    WithdrawalState,
    deposit_id,
)

__all__ = [
    "Approval",
    "AssetPolicy",
    "Broadcast",
    "ChainBlock",
    "ChainOutput",
    "ChainTransaction",
    "CoinPort",
    "CoinPortUnavailable",
    "Deposit",
    "DepositState",
    "Incoming",
    "MovementRejected",
    "SendRejected",
    "SimulatedChain",
    "WalletBusy",
    "WalletError",
    "WalletRejection",
    "WalletService",
    "WalletUnreadable",
    "Withdrawal",
    "WithdrawalState",
    "deposit_id",
]
