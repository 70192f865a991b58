"""Small programs for BTSE keys, with the time as nonce, which may repeat."""

from cambist.dialect_kit.snippets import Snippet

_PYTHON = """\
import hashlib, hmac, json, time, urllib.request

URL = "<url>"
KEY = "<key>"
SECRET = "<secret>"
# With ccxt, after pip install ccxt:
#   exchange = ccxt.btse({"apiKey": KEY, "secret": SECRET})
#   exchange.urls["api"] = {"public": URL, "private": URL}
#   print(exchange.fetch_balance()["USD"])


def call(method, path, query="", **fields):
    body = json.dumps(fields) if fields else ""
    nonce = str(time.time_ns() // 1_000_000)
    sign = hmac.new(SECRET.encode(), (path.removeprefix("/spot") + nonce + body).encode(), hashlib.sha384).hexdigest()
    headers = {"request-api": KEY, "request-nonce": nonce, "request-sign": sign, "content-type": "application/json"}
    request = urllib.request.Request(URL + path + query, body.encode() or None, headers, method=method)
    return json.load(urllib.request.urlopen(request))


print(call("GET", "/public-api/wallet/v1/user/assets")["data"])
# Place an order:
#   order = {"symbol": "BTC-USD", "orderSide": "BUY", "orderType": "LIMIT", "orderPrice": "900", "orderSize": "0.1"}
#   (placed,) = call("POST", "/spot/api/v4/trade/orders", **order)
#   call("DELETE", "/spot/api/v4/trade/orders", f"?symbol=BTC-USD&orderId={placed['orderId']}")
"""

_JAVASCRIPT = """\
import { createHmac } from "node:crypto";

const URL = "<url>";
const KEY = "<key>";
const SECRET = "<secret>";

async function call(method, path, query = "", fields) {
  const body = fields ? JSON.stringify(fields) : "";
  const nonce = String(Date.now());
  const sign = createHmac("sha384", SECRET).update(path.replace(/^\\/spot/, "") + nonce + body).digest("hex");
  const headers = { "request-api": KEY, "request-nonce": nonce, "request-sign": sign, "content-type": "application/json" };
  return (await fetch(URL + path + query, { method, headers, body: body || undefined })).json();
}

console.log((await call("GET", "/public-api/wallet/v1/user/assets")).data);
// Place an order:
//   const order = { symbol: "BTC-USD", orderSide: "BUY", orderType: "LIMIT", orderPrice: "900", orderSize: "0.1" };
//   const [placed] = await call("POST", "/spot/api/v4/trade/orders", "", order);
//   await call("DELETE", "/spot/api/v4/trade/orders", `?symbol=BTC-USD&orderId=${placed.orderId}`);
"""

_CURL = """\
URL='<url>'
KEY='<key>'
SECRET='<secret>'

NONCE=$(date +%s%3N)
SIGN=$(printf '%s' "/public-api/wallet/v1/user/assets$NONCE" | openssl dgst -sha384 -hmac "$SECRET" -r | cut -d ' ' -f 1)
curl -sS "$URL/public-api/wallet/v1/user/assets" -H "request-api: $KEY" -H "request-nonce: $NONCE" -H "request-sign: $SIGN"
"""

SNIPPETS = (
    Snippet(form="btse", language="python", text=_PYTHON),
    Snippet(form="btse", language="javascript", text=_JAVASCRIPT),
    Snippet(form="btse", language="curl", text=_CURL),
)
