"""A small program for BTC-e and WEX keys."""

from collections.abc import Mapping


def trade_api(url: str, credentials: Mapping[str, str]) -> str:
    """BTC-e's and WEX's."""
    return f'''\
import hashlib, hmac, json, re, time, urllib.parse, urllib.request

URL = "{url}/tapi"
KEY = "{credentials["key"]}"
SECRET = "{credentials["secret"]}"


def tapi(method, nonce=None, **parameters):
    form = {{"method": method, "nonce": nonce or int(time.time()), **parameters}}
    body = urllib.parse.urlencode(form).encode()
    sign = hmac.new(SECRET.encode(), body, hashlib.sha512).hexdigest()
    request = urllib.request.Request(URL, body, {{"Key": KEY, "Sign": sign}})
    answer = json.load(urllib.request.urlopen(request))
    # Each nonce must be above the last one; the error says which would do.
    expected = re.search(r"you should send:(\\d+)", answer.get("error", ""))
    return tapi(method, int(expected[1]), **parameters) if expected and not nonce else answer


print(tapi("getInfo"))
'''
