"""Small programs for BTC-e and WEX keys: the same calls on the same path."""

from cambist.dialect_kit.snippets import Language, Snippet

_PYTHON = """\
import hashlib, hmac, json, re, time, urllib.parse, urllib.request

URL = "<url>/tapi"
KEY = "<key>"
SECRET = "<secret>"


def tapi(method, nonce=None, **parameters):
    form = {"method": method, "nonce": nonce or int(time.time()), **parameters}
    body = urllib.parse.urlencode(form).encode()
    sign = hmac.new(SECRET.encode(), body, hashlib.sha512).hexdigest()
    request = urllib.request.Request(URL, body, {"Key": KEY, "Sign": sign})
    answer = json.load(urllib.request.urlopen(request))
    # Each nonce must be above the last one; the error says which would do.
    expected = re.search(r"you should send:(\\d+)", answer.get("error", ""))
    return tapi(method, int(expected[1]), **parameters) if expected and not nonce else answer


print(tapi("getInfo"))
# Place an order: tapi("Trade", pair="btc_usd", type="buy", rate="900", amount="0.1")
"""

_JAVASCRIPT = """\
import { createHmac } from "node:crypto";

const URL = "<url>/tapi";
const KEY = "<key>";
const SECRET = "<secret>";

async function tapi(method, parameters = {}, nonce) {
  const body = new URLSearchParams({ method, nonce: nonce ?? Math.floor(Date.now() / 1000), ...parameters }).toString();
  const sign = createHmac("sha512", SECRET).update(body).digest("hex");
  const headers = { Key: KEY, Sign: sign, "content-type": "application/x-www-form-urlencoded" };
  const answer = await (await fetch(URL, { method: "POST", headers, body })).json();
  // Each nonce must be above the last one; the error says which would do.
  const expected = /you should send:(\\d+)/.exec(answer.error ?? "");
  return expected && nonce === undefined ? tapi(method, parameters, expected[1]) : answer;
}

console.log(await tapi("getInfo"));
// Place an order: tapi("Trade", { pair: "btc_usd", type: "buy", rate: "900", amount: "0.1" })
"""

_CURL = """\
URL='<url>/tapi'
KEY='<key>'
SECRET='<secret>'

tapi() {
  SIGN=$(printf '%s' "$1" | openssl dgst -sha512 -hmac "$SECRET" -r | cut -d ' ' -f 1)
  curl -sS "$URL" -H "Key: $KEY" -H "Sign: $SIGN" -d "$1"
}

ANSWER=$(tapi "method=getInfo&nonce=$(date +%s)")
# Each nonce must be above the last one; the error says which would do.
EXPECTED=$(printf '%s' "$ANSWER" | sed -n 's/.*you should send:\\([0-9]*\\).*/\\1/p')
if [ -n "$EXPECTED" ]; then ANSWER=$(tapi "method=getInfo&nonce=$EXPECTED"); fi
printf '%s\\n' "$ANSWER"
"""

_LANGUAGES: dict[Language, str] = {"python": _PYTHON, "javascript": _JAVASCRIPT, "curl": _CURL}

SNIPPETS = tuple(Snippet(form=form, language=language, text=text) for form in ("btce", "wex") for language, text in _LANGUAGES.items())
