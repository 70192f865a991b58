"""Opens what a venue has for merchants, as the configuration wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cambist.app.config import Config
from cambist.app.data_directory import DataDirectory
from cambist.app.errors import Exit, OperatorError
from cambist.app.write_failures import WriteFailures
from cambist.domain.units import AccountId, AssetId
from cambist.exchange import Commands, View
from cambist.merchant import DestinationPolicy, MerchantFileError, Merchants, MerchantService, Outbox, Patience, WebhookClient
from cambist.merchant.view import MerchantView
from cambist.wallet import WalletRejection, WalletService

if TYPE_CHECKING:
    from cambist.app.wiring import Environment

HOUR = 3_600_000_000


def open_merchant_view(files: DataDirectory) -> MerchantView:
    """What `merchant.sqlite` holds. OperatorError when the file cannot be used."""
    try:
        return MerchantView(files.merchant, synced=files.synced)
    except MerchantFileError as error:
        raise OperatorError(str(error), Exit.DAMAGED) from None


def open_merchants(
    files: DataDirectory,
    config: Config,
    environment: Environment,
    view: MerchantView,
    commands: Commands,
    exchange: View,
    wallet: WalletService,
    write_failures: WriteFailures,
) -> Merchants:
    """Payment orders and their notices, on a view that has all that is in the journal."""
    settings = config.merchant
    of_sandbox = files.sandbox.exists()
    destinations = DestinationPolicy(settings.loopback_callbacks and of_sandbox, frozenset(settings.callback_ports), public=not of_sandbox)

    async def address(account: AccountId, asset: AssetId) -> str | None:
        made = await wallet.new_address(account, asset)
        return None if isinstance(made, WalletRejection) else made

    service = MerchantService(
        view,
        commands,
        exchange,
        address,
        environment.entropy,
        environment.clock,
        lifetime=settings.order_hours * HOUR,
        most_open_orders=config.limits.open_payment_orders,
        destinations=destinations,
        public_url=settings.public_url,
    )
    patience = Patience(settings.callback_minutes * 60_000_000, settings.callback_attempts)
    client = WebhookClient(destinations)
    outbox = Outbox(service, client, environment.clock, patience, lambda error: write_failures.failed(files.merchant.name, error))
    return Merchants(service, outbox)
