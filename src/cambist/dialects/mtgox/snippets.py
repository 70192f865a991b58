"""A small program for Mt.Gox keys."""

from collections.abc import Mapping


def mtgox(url: str, credentials: Mapping[str, str]) -> str:
    """With a tonce, the time, which raises no nonce."""
    return f'''\
import base64, hashlib, hmac, json, time, urllib.parse, urllib.request

URL = "{url}/api/1/"
KEY = "{credentials["key"]}"
SECRET = "{credentials["secret"]}"


def call(method, **parameters):
    # A tonce is the time in microseconds, each used once; a nonce would have to rise for ever.
    body = urllib.parse.urlencode({{"tonce": time.time_ns() // 1000, **parameters}}).encode()
    sign = hmac.new(base64.b64decode(SECRET), body, hashlib.sha512).digest()
    headers = {{"Rest-Key": KEY, "Rest-Sign": base64.b64encode(sign).decode()}}
    return json.load(urllib.request.urlopen(urllib.request.Request(URL + method, body, headers)))


print(call("generic/private/info"))
'''
