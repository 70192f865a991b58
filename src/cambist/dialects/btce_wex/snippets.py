"""A few lines that work when they are pasted: for BTC-e and for WEX keys."""

from collections.abc import Mapping


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
