"""`/payment/<uuid>`: the page to which a shop sends its customer. Pay from an account, send coins, or go back.

Paying takes name and password each time: no cookie lets anybody in, so there is nothing that another page could make a browser do. The one
cookie there is says that its browser was used by that user before, so that strangers' wrong guesses do not count against it.
"""

import asyncio
import hashlib
import re
from urllib.parse import urlsplit

import msgspec

from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.rate_limits import SECOND, retry_after
from cambist.dialects.mtgox import payment_html as html
from cambist.dialects.mtgox.call import DialectContext
from cambist.dialects.mtgox.currencies import Currency
from cambist.dialects.mtgox.merchant_orders import PAY_PATH, order_key, pay_rejection, transaction
from cambist.dialects.mtgox.parse import form_fields
from cambist.directory import DirectoryUnavailable, LoginRejection, User
from cambist.directory.login import ADMISSION_INTERVAL, KNOWN_FOR
from cambist.domain.state_parts import Serial
from cambist.merchant import MerchantOrder, MerchantRejection, PaymentState

ONCE = re.compile(r"[0-9a-f]{32}", re.ASCII)
"""What a form carries so that sending it twice pays once, where an order may be paid several times."""
DEVICE = re.compile(r"[0-9a-f]{32}", re.ASCII)
WRONG_LOGIN = "Name, password or code is not right."
TOO_MANY = "Too many attempts. Please wait a little."
LOGIN_ERRORS = {
    LoginRejection.PAUSED: (TOO_MANY, 429),
    LoginRejection.CODE_PAUSED: (TOO_MANY, 429),
    LoginRejection.FROZEN: ("This user may not pay now.", 403),
}
"""What is shown instead of WRONG_LOGIN, and the HTTP status."""
AWAY = "Nobody can log in just now. Please try again in a moment."
MAX_QR_CODES = 1_000
HTML = b"text/html; charset=utf-8"
NO_SUCH_PAGE = b"<!doctype html><title>Not found</title><p>There is no such payment order."


class PaymentPage:
    """The handler; the route's pattern has the groups `id` and `act`.

    `/payment/<id>` offers everything at once; `?coins` is for whoever has sent coins: it looks again by itself, and has nothing to type
    into, which looking again would forget.
    """

    def __init__(self, context: DialectContext) -> None:
        self._context = context
        self._merchants = context.merchants
        self._directory = context.services.directory
        self._logins = context.services.logins
        self._drawn = Serial(context.services.state_parts, "mtgox/payment pages")
        self._qr_codes: dict[str, str] = {}
        """The newest that were drawn, by their links."""

    async def __call__(self, request: Request) -> Reply:
        assert request.match is not None
        order = self._merchants.order(order_key(request.match["id"]))
        if order is None:
            return Reply(404, NO_SUCH_PAGE, HTML, _safe_headers(()))
        act = request.match["act"] if request.method == "POST" else None
        match act:
            case "pay":
                return await self._pay(order, request)
            case "cancel":
                return await self._cancel(order)
            case "coins":
                return await self._coins(order)
            case _:
                return await self._show(order, watching=b"coins" in request.query)

    # --- what a payer does --------------------------------------------------------------------------------------------------

    async def _pay(self, order: MerchantOrder, request: Request) -> Reply:
        fields = form_fields(request.body)
        name = fields.get("user", "").strip()
        cookie = _cookie_name(name)
        password, code = fields.get("password", ""), fields.get("code", "").strip()
        try:
            login = await self._logins.login(name, password, code, request.client, _device(request, cookie))
        except DirectoryUnavailable:
            return await self._show(order, AWAY, name, 503)
        if isinstance(login, LoginRejection):
            error, status = LOGIN_ERRORS.get(login, (WRONG_LOGIN, 403))
            return _with(
                await self._show(order, error, name, status), (b"retry-after", retry_after(ADMISSION_INTERVAL)) if status == 429 else None
            )
        paid = await self._pay_as(order, login.user, fields, name)
        secure = "; Secure" if request.scheme == "https" else ""
        attributes = f"Path={PAY_PATH}; Max-Age={KNOWN_FOR // SECOND}; HttpOnly; SameSite=Strict{secure}"
        return _with(paid, (b"set-cookie", f"{cookie}={login.device}; {attributes}".encode()))

    async def _pay_as(self, order: MerchantOrder, user: User, fields: dict[str, str], name: str) -> Reply:
        # The world went on while the password was looked at.
        order = self._merchants.order(order.id) or order
        once = fields.get("once", "")
        paid = await self._merchants.pay(order, user.account, part=f"page/{once if ONCE.fullmatch(once) else self._once()}")
        if isinstance(paid, MerchantRejection):
            return await self._show(order, f"{paid.words.capitalize()}.", name, 409)
        rejection = pay_rejection(paid.code)
        if rejection is not None:
            return await self._show(order, f"{rejection.text}.", name, 409)
        return _see(order.texts.success, order)

    async def _cancel(self, order: MerchantOrder) -> Reply:
        rejection = await self._merchants.cancel(order)
        if rejection is None or order.state == PaymentState.CANCELLED:
            return _see(order.texts.failure, order)
        return await self._show(order, f"{rejection.words.capitalize()}.", status=409)

    async def _coins(self, order: MerchantOrder) -> Reply:
        """For forms of older pages; every page shows the address by itself."""
        address = await self._merchants.coins(order)
        if isinstance(address, MerchantRejection):
            return await self._show(order, f"{address.words.capitalize()}.", status=409)
        return _see(f"{PAY_PATH}{transaction(order)}?coins", order)

    def _once(self) -> str:
        return self._context.services.entropy(f"payment-page/{self._drawn()}", 16).hex()

    # --- what a payer sees --------------------------------------------------------------------------------------------------

    async def _show(self, order: MerchantOrder, error: str = "", name: str = "", status: int = 200, watching: bool = False) -> Reply:
        """The page. `watching`: for whoever has sent coins."""
        address = order.address
        if order.waiting and not address and not order.terms.only_accounts:
            drawn = await self._merchants.coins(order)
            address = "" if isinstance(drawn, MerchantRejection) else drawn
        currency = self._context.instruments.of_asset(order.asset)
        payee = self._directory.user_by_account(order.account)
        here = f"{PAY_PATH}{transaction(order)}"
        watching = watching and bool(address)
        payable = bool(address) and order.waiting
        qr = await self._qr_code(html.coin_uri(currency.code, address, self._missing_text(order, currency))) if payable else ""
        title, parts = self._parts(order, currency, here, address, name, watching, qr)
        content = html.PageContent(
            title=title.format(payee.name if payee is not None else ""),
            amount=currency.of_atoms(order.amount)["display"].replace("\xa0", " "),  # a narrow page breaks the line there
            description=order.texts.description,
            here=f"{here}?coins",
            parts=parts,
            error=error,
            refresh=order.waiting and watching,
        )
        return Reply(status, html.page(content), HTML, _safe_headers((order.texts.success, order.texts.failure)))

    def _missing(self, order: MerchantOrder) -> int:
        """Atoms that are still to be paid; all of it, again and again, where the order may be paid several times."""
        return order.amount if order.terms.repeated else order.amount - sum(self._merchants.view.sums(order.id))

    def _missing_text(self, order: MerchantOrder, currency: Currency) -> str:
        """The same in coins, rounded up; empty when nothing is missing."""
        missing = self._missing(order)
        return currency.short_text(-currency.units(-missing)) if missing > 0 else ""

    async def _qr_code(self, uri: str) -> str:
        """The code of a payment link, drawn once, on a thread: it takes too long for the event loop."""
        drawn = self._qr_codes.get(uri)
        if drawn is None and uri:
            drawn = self._qr_codes[uri] = await asyncio.to_thread(html.qr_code, uri)
            if len(self._qr_codes) > MAX_QR_CODES:
                del self._qr_codes[next(iter(self._qr_codes))]
        return drawn or ""

    def _parts(
        self, order: MerchantOrder, currency: Currency, here: str, address: str, name: str, watching: bool, qr: str
    ) -> tuple[str, list[str]]:
        match order.state:
            case PaymentState.PAID:
                return "Paid", [html.verdict("Thank you, this is paid.", order.texts.success, "Back to the shop")]
            case PaymentState.CANCELLED:
                return "Cancelled", [html.verdict("This payment was cancelled.", order.texts.failure, "Back to the shop")]
            case PaymentState.CLOSED:
                return "Closed", [html.verdict("This payment was not made in time.", order.texts.failure, "Back to the shop")]
        pending, valid = self._merchants.view.sums(order.id)
        repeated = order.terms.repeated
        missing = self._missing(order)
        parts = []
        if missing > 0 and not watching:
            parts.append(html.login_form(here, name, self._once() if repeated else ""))
            if address:
                parts.append(html.DIVIDER)
        if address:
            text = self._missing_text(order, currency)
            on_its_way = currency.of_atoms(pending)["display"] if pending else ""
            parts.append(html.coins_part(address, text, currency.code, order.texts.description, on_its_way, qr))
            if watching:
                parts.append(html.WATCHING)
                parts.append(html.link(here, "Other ways to pay"))
            else:
                parts.append(html.link(f"{here}?coins", "I have sent the coins"))
        if repeated or (not pending and not valid):
            parts.append(html.button(here, "cancel", "Cancel and go back", "plain"))
        return "Payment to {}", parts


def _cookie_name(name: str) -> str:
    """Its own for each user: several may use one browser. Only who types the name again shows that it is theirs."""
    return f"device-{hashlib.blake2b(name.lower().encode('utf-8', 'surrogatepass'), digest_size=8).hexdigest()}"


def _device(request: Request, cookie: str) -> str:
    """What the browser shows; empty when that is nothing that was ever given out."""
    for pair in request.headers.get(b"cookie", b"").decode("latin-1").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == cookie and DEVICE.fullmatch(value):
            return value
    return ""


def _with(reply: Reply, header: tuple[bytes, bytes] | None) -> Reply:
    return reply if header is None else msgspec.structs.replace(reply, headers=(*reply.headers, header))


def _see(url: str, order: MerchantOrder) -> Reply:
    """Sends the browser on, by GET."""
    return Reply(303, b"", HTML, ((b"location", url.encode("ascii")), *_safe_headers(_urls(order))))


def _urls(order: MerchantOrder) -> tuple[str, str]:
    return order.texts.success, order.texts.failure


def _safe_headers(urls: tuple[str, ...]) -> tuple[tuple[bytes, bytes], ...]:
    """No scripts, no frames, no caches; forms go here, and on to the shop's two pages."""
    origins = sorted({f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, urls)})
    shop = "".join(f" {origin}" for origin in origins if ";" not in origin and "," not in origin)
    policy = f"default-src 'none'; style-src 'sha256-{html.STYLE_HASH}'; form-action 'self'{shop}; frame-ancestors 'none'; base-uri 'none'"
    return (
        (b"content-security-policy", policy.encode("ascii")),
        (b"referrer-policy", b"no-referrer"),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    )
