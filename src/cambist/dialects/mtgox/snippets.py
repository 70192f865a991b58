"""A few lines that work when they are pasted: for Mt.Gox keys."""

from collections.abc import Mapping


def mtgox(url: str, credentials: Mapping[str, str]) -> str:
    """For a shell."""
    return (
        f'BODY="nonce=$(date +%s%N | cut -c1-16)"\n'
        f"curl -s {url}/api/1/generic/private/info -d \"$BODY\" -H 'Rest-Key: {credentials['key']}' \\\n"
        f'  -H "Rest-Sign: $(printf %s "$BODY" | openssl dgst -sha512 -mac HMAC -binary \\\n'
        f'  -macopt hexkey:$(printf %s {credentials["secret"]} | base64 -d | od -An -vtx1 | tr -d " \\n") | base64 -w0)"'
    )
