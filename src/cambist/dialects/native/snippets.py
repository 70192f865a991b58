"""A small program for native keys."""

from collections.abc import Mapping


def native(url: str, credentials: Mapping[str, str]) -> str:
    """Signs with HMAC-SHA256, for the standard library alone."""
    return f'''\
import hashlib, hmac, json, time, urllib.request

URL = "{url}"
KEY = "{credentials["key"]}"
SECRET = "{credentials["secret"]}"


def call(method, path, query="", **fields):
    path, body = "/cambist/v1" + path, json.dumps(fields) if fields else ""
    timestamp = str(time.time_ns() // 1_000)
    message = "\\n".join((timestamp, method, path, query, body))
    sign = hmac.new(SECRET.encode(), message.encode(), hashlib.sha256).hexdigest()
    headers = {{"cambist-key": KEY, "cambist-timestamp": timestamp, "cambist-signature": sign, "content-type": "application/json"}}
    request = urllib.request.Request(URL + path + ("?" + query if query else ""), body.encode() or None, headers, method=method)
    return json.load(urllib.request.urlopen(request))


print(call("GET", "/markets/btc_usd/ticker"))
placed = call("POST", "/orders", market="btc_usd", side="buy", type="limit", price="1", amount="1")
print(call("DELETE", "/orders/" + placed["id"]))
'''
