"""The order feed of a venue: live orders of followed accounts, with what they traded before."""

from cambist.account_streams.orders import OrderFeed
from cambist.dialect_kit.venue_services import VenueServices
from cambist.history.port import Page
from cambist.history.records import Fill

PAGE = 1_000


def order_feed(services: VenueServices) -> OrderFeed:
    """A feed on the venue's core, frames and history. One for each dialect: they share nothing but the frames."""

    async def all_fills(order_id: int) -> list[Fill]:
        fills: list[Fill] = []
        while True:
            first = fills[-1].id + 1 if fills else None
            page = await services.history.fills_of_order(order_id, Page(first_id=first, limit=PAGE, newest_first=False))
            fills += page
            if len(page) < PAGE:
                return fills

    async def reached(seq: int) -> None:
        # Followers are told nothing until then, and everything afterwards: what happens meanwhile is kept for them.
        await services.history.reached(seq, within=None)

    return OrderFeed(services.view, services.account_streams, reached, all_fills)
