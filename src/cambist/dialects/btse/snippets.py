"""A small program for BTSE keys."""

from collections.abc import Mapping


def btse(url: str, credentials: Mapping[str, str]) -> str:
    """With the time as nonce, which may repeat."""
    return f'''\
import hashlib, hmac, json, time, urllib.request

URL = "{url}/spot"
KEY = "{credentials["key"]}"
SECRET = "{credentials["secret"]}"


def call(path):
    nonce = str(time.time_ns() // 1_000_000)
    sign = hmac.new(SECRET.encode(), (path + nonce).encode(), hashlib.sha384).hexdigest()
    headers = {{"request-api": KEY, "request-nonce": nonce, "request-sign": sign}}
    return json.load(urllib.request.urlopen(urllib.request.Request(URL + path, headers=headers)))


print(call("/api/v3.2/user/wallet"))
'''
