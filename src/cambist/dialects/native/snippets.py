"""Small programs for native keys, signing with HMAC-SHA256 or Ed25519."""

from cambist.dialect_kit.snippets import Snippet

_PYTHON = """\
import hashlib, hmac, json, time, urllib.request

URL = "<url>"
KEY = "<key>"
SECRET = "<secret>"


def call(method, path, query="", **fields):
    path, body = "/cambist/v1" + path, json.dumps(fields) if fields else ""
    timestamp = str(time.time_ns() // 1_000)
    message = "\\n".join((timestamp, method, path, query, body))
    sign = hmac.new(SECRET.encode(), message.encode(), hashlib.sha256).hexdigest()
    headers = {"cambist-key": KEY, "cambist-timestamp": timestamp, "cambist-signature": sign, "content-type": "application/json"}
    request = urllib.request.Request(URL + path + ("?" + query if query else ""), body.encode() or None, headers, method=method)
    return json.load(urllib.request.urlopen(request))


print(call("GET", "/balances"))
# Place an order: call("POST", "/orders", market="btc_usd", side="buy", type="limit", price="900", amount="0.1")
"""

_PYTHON_PRIVATE = """\
# pip install cryptography
import json, time, urllib.request
from cryptography.hazmat.primitives.serialization import load_pem_private_key

URL = "<url>"
KEY = "<key>"
PRIVATE_KEY = load_pem_private_key(open("<private_key_file>", "rb").read(), None)


def call(method, path, query="", **fields):
    path, body = "/cambist/v1" + path, json.dumps(fields) if fields else ""
    timestamp = str(time.time_ns() // 1_000)
    sign = PRIVATE_KEY.sign("\\n".join((timestamp, method, path, query, body)).encode()).hex()
    headers = {"cambist-key": KEY, "cambist-timestamp": timestamp, "cambist-signature": sign, "content-type": "application/json"}
    request = urllib.request.Request(URL + path + ("?" + query if query else ""), body.encode() or None, headers, method=method)
    return json.load(urllib.request.urlopen(request))


print(call("GET", "/balances"))
# Place an order: call("POST", "/orders", market="btc_usd", side="buy", type="limit", price="900", amount="0.1")
"""

_JAVASCRIPT = """\
<head>

async function call(method, path, query = "", fields) {
  const full = "/cambist/v1" + path;
  const body = fields ? JSON.stringify(fields) : "";
  const timestamp = String(Date.now() * 1000 + (Number(process.hrtime.bigint() / 1000n) % 1000));
  const message = [timestamp, method, full, query, body].join("\\n");
  const sign = <sign>;
  const headers = { "cambist-key": KEY, "cambist-timestamp": timestamp, "cambist-signature": sign, "content-type": "application/json" };
  const reply = await fetch(URL + full + (query && "?" + query), { method, headers, body: body || undefined });
  return reply.json();
}

console.log(await call("GET", "/balances"));
// Place an order: call("POST", "/orders", "", { market: "btc_usd", side: "buy", type: "limit", price: "900", amount: "0.1" })
"""

_JAVASCRIPT_SECRET = _JAVASCRIPT.replace(
    "<head>",
    """\
import { createHmac } from "node:crypto";

const URL = "<url>";
const KEY = "<key>";
const SECRET = "<secret>";""",
).replace("<sign>", 'createHmac("sha256", SECRET).update(message).digest("hex")')

_JAVASCRIPT_PRIVATE = _JAVASCRIPT.replace(
    "<head>",
    """\
import { sign as signed } from "node:crypto";
import { readFileSync } from "node:fs";

const URL = "<url>";
const KEY = "<key>";
const PRIVATE_KEY = readFileSync("<private_key_file>", "utf8");""",
).replace("<sign>", 'signed(null, Buffer.from(message), PRIVATE_KEY).toString("hex")')

_CURL = """\
URL='<url>'
KEY='<key>'
SECRET='<secret>'

TIMESTAMP=$(date +%s%6N)
SIGN=$(printf '%s\\nGET\\n/cambist/v1/balances\\n\\n' "$TIMESTAMP" | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d ' ' -f 1)
curl -sS "$URL/cambist/v1/balances" -H "cambist-key: $KEY" -H "cambist-timestamp: $TIMESTAMP" -H "cambist-signature: $SIGN"
"""

_CURL_PRIVATE = """\
URL='<url>'
KEY='<key>'
PRIVATE_KEY='<private_key_file>'

TIMESTAMP=$(date +%s%6N)
MESSAGE=$(mktemp)
printf '%s\\nGET\\n/cambist/v1/balances\\n\\n' "$TIMESTAMP" > "$MESSAGE"
SIGN=$(openssl pkeyutl -sign -rawin -inkey "$PRIVATE_KEY" -in "$MESSAGE" | od -An -v -tx1 | tr -d ' \\n')
rm "$MESSAGE"
curl -sS "$URL/cambist/v1/balances" -H "cambist-key: $KEY" -H "cambist-timestamp: $TIMESTAMP" -H "cambist-signature: $SIGN"
"""

SNIPPETS = (
    Snippet(form="native", language="python", text=_PYTHON),
    Snippet(form="native", language="javascript", text=_JAVASCRIPT_SECRET),
    Snippet(form="native", language="curl", text=_CURL),
    Snippet(form="native", language="python", text=_PYTHON_PRIVATE, private_key=True),
    Snippet(form="native", language="javascript", text=_JAVASCRIPT_PRIVATE, private_key=True),
    Snippet(form="native", language="curl", text=_CURL_PRIVATE, private_key=True),
)
