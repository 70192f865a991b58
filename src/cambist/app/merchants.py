"""Opens the merchant service and its outbox as the configuration wants them."""

from collections.abc import Callable
from typing import Protocol

from cambist.app.config import Config
from cambist.app.data_directory import DataDirectory
from cambist.app.errors import Exit, OperatorError
from cambist.exchange.funds import Funds
from cambist.exchange.merchants import MerchantFunds
from cambist.exchange.orders import Orders
from cambist.merchant import MerchantFileError, Merchants, MerchantService, Outbox, Patience, WebhookClient
from cambist.merchant.service import Books
from cambist.merchant.view import MerchantView
from cambist.wallet import WalletRejection, WalletService

HOUR = 3_600_000_000


class MoneyBooks(Books, Protocol):
    """The exchange as the merchant service sees it; it is there only after the views were read."""

    @property
    def funds(self) -> Funds: ...
    @property
    def orders(self) -> Orders: ...


def open_merchants(
    files: DataDirectory,
    config: Config,
    clock: Callable[[], int],
    entropy: Callable[[str, int], bytes],
    books: MoneyBooks,
    wallet: WalletService,
) -> Merchants:
    """The service on `merchant.sqlite`. Trouble when the file cannot be used."""
    settings = config.merchant
    loopback = settings.loopback_callbacks and files.sandbox.exists()

    def address(account: int, asset: int) -> str | None:
        made = wallet.new_address(account, asset)
        return None if isinstance(made, WalletRejection) else made

    try:
        view = MerchantView(files.merchant)
    except MerchantFileError as error:
        raise OperatorError(str(error), Exit.DAMAGED) from None
    service = MerchantService(
        view,
        books,
        lambda: MerchantFunds(books.funds.transfer, books.orders.place),
        address,
        entropy,
        clock,
        lifetime=settings.order_hours * HOUR,
        loopback=loopback,
        public_url=settings.public_url,
    )
    patience = Patience(settings.callback_minutes * 60_000_000, settings.callback_attempts)
    return Merchants(service, Outbox(service, WebhookClient(loopback=loopback), clock, patience))
