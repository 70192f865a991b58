"""What a method gets, and what all methods work with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cambist.dialect_kit.messages import Request
from cambist.dialect_kit.venue_services import VenueServices
from cambist.dialects.mtgox.auth import Caller
from cambist.dialects.mtgox.converted_books import ConvertedBooks
from cambist.dialects.mtgox.instruments import Instruments, Pair
from cambist.dialects.mtgox.parse import complaint, decimal_units
from cambist.dialects.mtgox.replies import Answer, Rejection, invalid
from cambist.merchant import MerchantService

if TYPE_CHECKING:
    from cambist._core import LevelBook


@dataclass(slots=True)
class Call:
    """One call of a method, by HTTP or over the stream.

    `pair` is what the path names, None for `generic`. `fields`: of a public method those of query and body, of a private one only
    what was signed. `caller` is None when nothing was signed. `base_url` is the server's as the client knows it. `misplaced`: names
    that came where a private method's fields are not read: in the query, or beside `params`.
    """

    fields: dict[str, str]
    pair: Pair | None = None
    caller: Caller | None = None
    base_url: str = ""
    misplaced: tuple[str, ...] = ()

    def text(self, name: str) -> str:
        """A field, blanks at its ends removed; empty when it is absent."""
        return self.fields.get(name, "").strip()

    def units(self, name: str, scale: int) -> int | Rejection | None:
        """A number that may come as `<name>_int`, in units of 10^-scale, or as `<name>`, a decimal; None when neither was sent.

        A Rejection for one that is no number of that scale, or does not fit into 64 bits, and for two that contradict each other.
        An empty one counts only when there is no other.
        """
        whole_name = f"{name}_int"
        given: list[int] = []
        for field, digits in ((whole_name, 0), (name, scale)):
            text = self.text(field)
            if text:
                units = decimal_units(text, digits)
                if units is None:
                    return invalid(field, complaint(text, digits))
                given.append(units)
        if len(set(given)) == 2:
            return invalid(name, f"contradicts {whole_name}")
        if given:
            return given[0]
        return next((invalid(field, "is empty") for field in (whole_name, name) if field in self.fields), None)

    @property
    def signed(self) -> Caller:
        """The caller of a private method."""
        assert self.caller is not None
        return self.caller


Run = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Method:
    """A method, and the rights of which its key needs one; none means that it is public, and signed only where it `may_be_signed`.

    `commanding`: it gives a command that carries the call's nonce, and changes nothing before that (`dialect_kit.signed_call`).
    """

    run: Run
    rights: tuple[str, ...] = ()
    needs_pair: bool = False
    commanding: bool = False
    may_be_signed: bool = False


@dataclass(frozen=True, slots=True)
class DialectContext:
    """The venue, its markets and currencies under this API's names, and the books of those that are linked."""

    services: VenueServices
    instruments: Instruments
    books: ConvertedBooks

    @staticmethod
    def of(services: VenueServices) -> DialectContext:
        return DialectContext(services, Instruments(services.catalogue), ConvertedBooks(services.view))

    def level_book(self, pair: Pair) -> LevelBook:
        """What a taker could take: the pair's own levels, and converted ones where its market is linked."""
        return self.books.of(pair.market).levels if self.books.is_linked(pair.market) else self.services.marketdata.level_book(pair.market)

    @property
    def merchants(self) -> MerchantService:
        """Payment orders."""
        return self.services.merchants.service

    def base_url(self, request: Request) -> str:
        """Where people reach this server: what the configuration says, else what the client called."""
        return self.merchants.public_url or request.base_url

    def now(self) -> int:
        """µs."""
        return self.services.clock()

    def history_caught_up(self) -> Awaitable[None]:
        """Resolves when history has everything that anybody can have been told by now."""
        return self.services.history_caught_up()


class MethodGroup:
    """Base of the groups of methods."""

    def __init__(self, context: DialectContext) -> None:
        self.context = context
        self.services = context.services
        self.instruments = context.instruments
        self.view = context.services.view
