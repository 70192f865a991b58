"""A few lines per dialect that work when they are pasted."""

from collections.abc import Callable, Mapping

Snippet = Callable[[str, Mapping[str, str]], str]
"""(base URL, credentials as in the ready file) to text."""


def btce(url: str, credentials: Mapping[str, str]) -> str:
    """For a shell."""
    return (
        f'BODY="method=getInfo&nonce=$(date +%s)"\n'
        f"curl -s {url}/tapi -d \"$BODY\" -H 'Key: {credentials['key']}' \\\n"
        f'  -H "Sign: $(printf %s "$BODY" | openssl dgst -sha512 -hmac {credentials["secret"]} -r | cut -d" " -f1)"'
    )


def wex(url: str, credentials: Mapping[str, str]) -> str:
    """For Python with ccxt, whose releases up to 1.18 know WEX."""
    return (
        f"import ccxt  # pip install ccxt==1.18.1\n"
        f"wex = ccxt.wex({{'apiKey': '{credentials['key']}', 'secret': '{credentials['secret']}'}})\n"
        f"wex.urls['api'] = {{'public': '{url}/api', 'private': '{url}/tapi'}}\n"
        f"print(wex.fetch_balance()['free'])"
    )


def expie(url: str, credentials: Mapping[str, str]) -> str:
    """For a shell."""
    return f"curl -s {url}/v1/balance/summary -H 'Authorization: Bearer {credentials['token']}'"


def mtgox(url: str, credentials: Mapping[str, str]) -> str:
    """For a shell."""
    return (
        f'BODY="nonce=$(date +%s%N | cut -c1-16)"\n'
        f"curl -s {url}/api/1/generic/private/info -d \"$BODY\" -H 'Rest-Key: {credentials['key']}' \\\n"
        f'  -H "Rest-Sign: $(printf %s "$BODY" | openssl dgst -sha512 -mac HMAC -binary \\\n'
        f'  -macopt hexkey:$(printf %s {credentials["secret"]} | base64 -d | od -An -vtx1 | tr -d " \\n") | base64 -w0)"'
    )


def btse(url: str, credentials: Mapping[str, str]) -> str:
    """For a shell."""
    return (
        f"NONCE=$(date +%s%3N)\n"
        f"curl -s {url}/spot/api/v3.2/user/wallet -H 'request-api: {credentials['key']}' -H \"request-nonce: $NONCE\" \\\n"
        f'  -H "request-sign: $(printf %s "/api/v3.2/user/wallet$NONCE" '
        f'| openssl dgst -sha384 -hmac {credentials["secret"]} -r | cut -d" " -f1)"'
    )


SNIPPETS: dict[str, Snippet] = {"mtgox": mtgox, "btce": btce, "wex": wex, "expie": expie, "btse": btse}


def snippets(url: str, keys: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Of every dialect that there is a key and a snippet for."""
    return {dialect: make(url, keys[dialect]) for dialect, make in SNIPPETS.items() if dialect in keys}
