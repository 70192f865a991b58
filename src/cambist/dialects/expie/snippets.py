"""A few lines that work when they are pasted: for Expie keys."""

from collections.abc import Mapping


def expie(url: str, credentials: Mapping[str, str]) -> str:
    """For a shell."""
    return f"curl -s {url}/v1/balance/summary -H 'Authorization: Bearer {credentials['token']}'"
