"""What the gateway says, and does not say, when something behind it fails."""

import traceback

from cambist.dialect_kit.messages import Reply

BROKEN = Reply(500, b'{"error":"internal error"}')
UNDECIDED = Reply(504, b'{"error":"it is not known whether this was done: look before you repeat it"}')


def place_of(error: Exception) -> list[str]:
    """Where it was raised, for a log. The message of an exception often quotes what the client sent, so that is never written down."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)[-6:]]
