"""Times of the sandbox's clock as people read them."""

from datetime import UTC, datetime


def iso(micros: int) -> str:
    """µs since 1970 as ISO 8601, to the microsecond."""
    whole = datetime.fromtimestamp(micros // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{micros % 1_000_000:06}Z"
