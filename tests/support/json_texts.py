"""JSON as a server writes it, from decoded values."""

import json
from typing import Any


def as_json(value: Any) -> bytes:
    """Numbers that were decoded as floats are written in their shortest form."""
    return json.dumps(value).encode()
