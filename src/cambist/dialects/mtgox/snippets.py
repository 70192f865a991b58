"""Small programs for Mt.Gox keys, with a tonce, the time, which raises no nonce."""

from cambist.dialect_kit.snippets import Snippet

_PYTHON = """\
import base64, hashlib, hmac, json, time, urllib.parse, urllib.request

URL = "<url>/api/1/"
KEY = "<key>"
SECRET = "<secret>"


def call(method, **parameters):
    # A tonce is the time in microseconds, each used once; a nonce would have to rise for ever.
    body = urllib.parse.urlencode({"tonce": time.time_ns() // 1000, **parameters}).encode()
    sign = hmac.new(base64.b64decode(SECRET), body, hashlib.sha512).digest()
    headers = {"Rest-Key": KEY, "Rest-Sign": base64.b64encode(sign).decode()}
    return json.load(urllib.request.urlopen(urllib.request.Request(URL + method, body, headers)))


print(call("generic/private/info"))
# Place an order of 0.1 BTC at 900 USD: call("BTCUSD/private/order/add", type="bid", amount_int=10_000_000, price_int=90_000_000)
"""

_JAVASCRIPT = """\
import { createHmac } from "node:crypto";

const URL = "<url>/api/1/";
const KEY = "<key>";
const SECRET = "<secret>";

async function call(method, parameters = {}) {
  // A tonce is the time in microseconds, each used once; a nonce would have to rise for ever.
  const tonce = Date.now() * 1000 + (Number(process.hrtime.bigint() / 1000n) % 1000);
  const body = new URLSearchParams({ tonce, ...parameters }).toString();
  const sign = createHmac("sha512", Buffer.from(SECRET, "base64")).update(body).digest("base64");
  const headers = { "Rest-Key": KEY, "Rest-Sign": sign, "content-type": "application/x-www-form-urlencoded" };
  return (await fetch(URL + method, { method: "POST", headers, body })).json();
}

console.log(await call("generic/private/info"));
// Place an order of 0.1 BTC at 900 USD: call("BTCUSD/private/order/add", { type: "bid", amount_int: 10_000_000, price_int: 90_000_000 })
"""

_CURL = """\
URL='<url>/api/1/generic/private/info'
KEY='<key>'
SECRET='<secret>'

BODY="tonce=$(date +%s%6N)"
HEXKEY=$(printf '%s' "$SECRET" | base64 -d | od -An -v -tx1 | tr -d ' \\n')
SIGN=$(printf '%s' "$BODY" | openssl dgst -sha512 -mac HMAC -macopt "hexkey:$HEXKEY" -binary | base64 -w 0)
curl -sS "$URL" -H "Rest-Key: $KEY" -H "Rest-Sign: $SIGN" -d "$BODY"
"""

SNIPPETS = (
    Snippet(form="mtgox", language="python", text=_PYTHON),
    Snippet(form="mtgox", language="javascript", text=_JAVASCRIPT),
    Snippet(form="mtgox", language="curl", text=_CURL),
)
