"""What the unified API puts around its data."""

from typing import Any

from cambist.dialect_kit.market_texts import Parts
from cambist.dialects.btse.render import encode, millis


def enveloped(data: Any, now: int) -> bytes:
    """`now` in µs."""
    return encode({"data": data, "code": 1, "msg": "Success", "success": True, "time": millis(now)})


def enveloped_parts(data: Parts, now: int) -> Parts:
    """The same around data that is written already."""
    return (b'{"data":', *data, b',"code":1,"msg":"Success","success":true,"time":%d}' % millis(now))
