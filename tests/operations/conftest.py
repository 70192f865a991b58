"""A venue of real parts with the operations on top, asked as the admin socket asks: by name and named arguments."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cambist.directory import KeyForm
from cambist.directory.values import Entropy
from cambist.domain.orders import OrderType, Side, TimeInForce
from cambist.domain.reject_reasons import RejectReason
from cambist.operations.audit import AuditLog
from cambist.operations.context import OperationsContext
from cambist.operations.operation import Actor
from cambist.operations.registry import Operations
from cambist.operations.rejections import Rejected
from cambist.wallet import AssetPolicy
from tests.support.by_hand import entropy
from tests.support.floor import TradingFloor, make_empty_files, open_markets
from tests.support.memory_storage import MemoryStorage

CLERK = Actor("uid 1000 (clerk)")


def make_key(source: Entropy) -> tuple[str, str]:
    return source("key", 8).hex(), source("secret", 8).hex()


FORMS = (
    KeyForm("btce", make_key, frozenset({"info", "trade", "withdraw"}), frozenset({"info", "trade"})),
    KeyForm("expie", make_key, frozenset({"read"}), frozenset({"read"}), lambda key: {"token": key.secret, "access_id": key.key}),
)


class Office(TradingFloor):
    """`done` gives what an operation answered, as JSON would have it; `refused` the code of its rejection."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        open_markets(self.commands, self.engine)
        self.wallet._policies["BTC"] = AssetPolicy(confirmations=1, approve_above=2 * 10**16)
        self.audit = AuditLog(folder / "audit.jsonl")
        services = self.venue_services()
        self.context = OperationsContext(
            commands=services.commands,
            view=services.view,
            catalogue=services.catalogue,
            directory=self.directory,
            wallet=self.wallet,
            history=self.history,
            merchants=self.merchants,
            scheduler=services.scheduler,
            entropy=entropy,
            key_forms=FORMS,
            storage=MemoryStorage(self, folder / "audit.jsonl"),
            simulated_network=self.chain,
        )
        self.operations = Operations(self.context, self.audit)

    async def done(self, operation: str, /, **arguments: Any) -> Any:
        result = await self.operations.run(CLERK, operation, arguments)
        assert not isinstance(result, Rejected), result
        return msgspec.to_builtins(result)

    async def refused(self, operation: str, /, **arguments: Any) -> str:
        """The code of a rejection."""
        result = await self.operations.run(CLERK, operation, arguments)
        assert isinstance(result, Rejected), result
        return result.code

    def order(self, account: int, side: Side, price: int, amount: int) -> int:
        """An order in market 0 (btc_usd: 3 price decimals, 8 amount decimals); its number."""
        outcome = self.immediate.place(account, 0, side, OrderType.LIMIT, TimeInForce.GTC, price, amount)
        assert outcome.code == RejectReason.OK
        return int(outcome.id)

    def close(self) -> None:
        super().close()
        self.audit.close()


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    make_empty_files(tmp_path)
    office = Office(tmp_path)
    yield office
    office.close()


@pytest.fixture
async def alice(office: Office) -> int:
    """The account of a user with 10 BTC and 1,000 USD."""
    account = (await office.done("user.add", name="alice", password="a password"))["account"]
    await office.done("fund", user="alice", amounts="BTC=10,USD=1000")
    return int(account)
