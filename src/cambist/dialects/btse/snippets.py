"""A few lines that work when they are pasted: for BTSE keys."""

from collections.abc import Mapping


def btse(url: str, credentials: Mapping[str, str]) -> str:
    """For a shell."""
    return (
        f"NONCE=$(date +%s%3N)\n"
        f"curl -s {url}/spot/api/v3.2/user/wallet -H 'request-api: {credentials['key']}' -H \"request-nonce: $NONCE\" \\\n"
        f'  -H "request-sign: $(printf %s "/api/v3.2/user/wallet$NONCE" '
        f'| openssl dgst -sha384 -hmac {credentials["secret"]} -r | cut -d" " -f1)"'
    )
