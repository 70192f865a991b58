"""A small program for BTSE keys."""

from collections.abc import Mapping


def btse(url: str, credentials: Mapping[str, str]) -> str:
    """With the time as nonce, which may repeat."""
    return f'''\
import hashlib, hmac, json, time, urllib.request

URL = "{url}"
KEY = "{credentials["key"]}"
SECRET = "{credentials["secret"]}"
# With ccxt, after pip install ccxt:
#   exchange = ccxt.btse({{"apiKey": KEY, "secret": SECRET}})
#   exchange.urls["api"] = {{"public": URL, "private": URL}}
#   print(exchange.fetch_balance()["USD"])


def call(method, path, query="", **fields):
    body = json.dumps(fields) if fields else ""
    nonce = str(time.time_ns() // 1_000_000)
    sign = hmac.new(SECRET.encode(), (path.removeprefix("/spot") + nonce + body).encode(), hashlib.sha384).hexdigest()
    headers = {{"request-api": KEY, "request-nonce": nonce, "request-sign": sign, "content-type": "application/json"}}
    request = urllib.request.Request(URL + path + query, body.encode() or None, headers, method=method)
    return json.load(urllib.request.urlopen(request))


print(call("GET", "/public-api/wallet/v1/user/assets")["data"])
order = {{"symbol": "BTC-USD", "orderSide": "BUY", "orderType": "LIMIT", "orderPrice": "1", "orderSize": "1"}}
(placed,) = call("POST", "/spot/api/v4/trade/orders", **order)
print(call("DELETE", "/spot/api/v4/trade/orders", f"?symbol=BTC-USD&orderId={{placed['orderId']}}"))
'''
