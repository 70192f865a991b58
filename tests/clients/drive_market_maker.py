"""Runs the market maker of a page with an unmodified ccxt, in time that somebody else moves.

usage: drive_market_maker.py CONFIG   (JSON: program, its source; ready; minutes)
Where the program would sleep it prints `paused` with the sides that it quotes, and goes on when a line comes. At its end it prints
`done` with its own trades. Nothing of Cambist is here.
"""

import json
import sys
from itertools import count
from types import ModuleType
from typing import Any


def say(word: str, data: Any) -> None:
    print(word, json.dumps(data), flush=True)


def main() -> None:
    with open(sys.argv[1]) as file:
        config = json.load(file)
    program: Any = ModuleType("market_maker")
    exec(compile(config["program"], "market_maker.py", "exec"), program.__dict__)
    exchange = program.connect(config["ready"])
    # The exchange's clock is not the machine's: it stands still but in pauses. ccxt lets its users say what the time is, and needs not to
    # wait between calls.
    vars(exchange).update(enableRateLimit=False)
    clock, calls = exchange.fetch_time(), count()
    exchange.milliseconds = lambda: clock
    exchange.nonce = lambda: clock + next(calls) % 1_000
    maker = program.MarketMaker(exchange)

    def pause(seconds: float) -> None:
        nonlocal clock
        clock += int(seconds * 1_000)
        say("paused", {"seconds": seconds, "quoted": sorted(maker.orders)})
        sys.stdin.readline()

    say("done", [trade["info"] for trade in maker.run(config["minutes"], pause)])


if __name__ == "__main__":
    main()
