"""The order feed of a house: live orders of followed accounts, with what they traded before."""

from cambist.gateway.house import House
from cambist.history.port import Page
from cambist.history.records import Fill
from cambist.marketdata.orders import OrderFeed

PAGE = 1_000


def order_feed(house: House) -> OrderFeed:
    """A feed on the house's core, frames and history. One for each dialect: they share nothing but the frames."""

    async def all_fills(order_id: int) -> list[Fill]:
        fills: list[Fill] = []
        while True:
            first = fills[-1].id + 1 if fills else None
            page = await house.history.fills_of_order(order_id, Page(first_id=first, limit=PAGE, newest_first=False))
            fills += page
            if len(page) < PAGE:
                return fills

    return OrderFeed(house.exchange.engine, house.marketdata.accounts, house.history.reached, all_fills)
