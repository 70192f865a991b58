"""An edge that only sends: batches of orders with nonces, so many a second, encoded before. Prints a line when it begins.

Arguments: the log's name, epoch, orders a second, orders in a batch, orders, server addresses.
"""

import asyncio
import random
import sys

import nats

from cambist import _core
from cambist.domain.commands import CommandKind
from cambist.domain.meta import Meta
from cambist.domain.orders import OrderType, TimeInForce
from cambist.exchange import command_records as records
from cambist.exchange.edge_messages import CommandBatch

EDGE = 1
USERS = 100


def batches(epoch: int, orders: int, size: int) -> list[bytes]:
    """Limit orders around one price: about half of them trade."""
    chance = random.Random(1)
    messages = []
    for begin in range(0, orders, size):
        run = b"".join(_order(chance, counter) for counter in range(begin + 1, min(begin + size, orders) + 1))
        messages.append(CommandBatch(EDGE, epoch, begin, max(0, begin - 1_000), run).encode())
    return messages


def _order(chance: random.Random, counter: int) -> bytes:
    user, side = chance.randrange(USERS), chance.randrange(2)
    price = 50_000 + chance.randrange(-50, 50)
    account = _core.FIRST_USER_ACCOUNT + user
    body = records.order(account, 0, side, OrderType.LIMIT, TimeInForce.GTC, 0, 0, price, 10**6 * chance.randrange(1, 9), 0, 0, 0, 0)
    return records.record(CommandKind.PLACE_ORDER, body, Meta(key_id=user + 1, nonce=counter).sent_by(EDGE, counter))


async def main(name: str, epoch: str, rate: str, size: str, orders: str, *servers: str) -> None:
    messages = batches(int(epoch), int(orders), int(size))
    client = await nats.connect(list(servers))
    loop, pause = asyncio.get_running_loop(), int(size) / int(rate)
    sys.stdout.write("begins\n")
    sys.stdout.flush()
    due = loop.time()
    for message in messages:
        await client.publish(f"{name}.commands.{epoch}", message)
        due += pause
        if (early := due - loop.time()) > 0:
            await asyncio.sleep(early)
    await client.drain()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
