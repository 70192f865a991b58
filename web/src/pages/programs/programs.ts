// Small programs that call each of the venue's APIs, ready to paste. Each runs as it stands, with nothing installed but its language.

export const LANGUAGES = [
  { value: "python", text: "Python" },
  { value: "javascript", text: "JavaScript" },
  { value: "curl", text: "curl" },
] as const;

export type Language = (typeof LANGUAGES)[number]["value"];

export interface Call {
  /** Of the venue, such as http://127.0.0.1:8700. */
  url: string;
  key: string;
  secret: string;
}

type Program = (call: Call) => string;

const native: Record<Language, Program> = {
  python: ({ url, key, secret }) => `import hashlib, hmac, json, time, urllib.request

URL = "${url}"
KEY = "${key}"
SECRET = "${secret}"


def call(method, path, query="", **fields):
    path, body = "/cambist/v1" + path, json.dumps(fields) if fields else ""
    timestamp = str(time.time_ns() // 1_000)
    message = "\\n".join((timestamp, method, path, query, body))
    sign = hmac.new(SECRET.encode(), message.encode(), hashlib.sha256).hexdigest()
    headers = {"cambist-key": KEY, "cambist-timestamp": timestamp, "cambist-signature": sign, "content-type": "application/json"}
    request = urllib.request.Request(URL + path + ("?" + query if query else ""), body.encode() or None, headers, method=method)
    return json.load(urllib.request.urlopen(request))


print(call("GET", "/balances"))
`,
  javascript: ({ url, key, secret }) => `import { createHmac } from "node:crypto";

const URL = "${url}";
const KEY = "${key}";
const SECRET = "${secret}";

async function call(method, path, query = "", fields) {
  const full = "/cambist/v1" + path;
  const body = fields ? JSON.stringify(fields) : "";
  const timestamp = String(Date.now() * 1000 + (Number(process.hrtime.bigint() / 1000n) % 1000));
  const message = [timestamp, method, full, query, body].join("\\n");
  const sign = createHmac("sha256", SECRET).update(message).digest("hex");
  const headers = { "cambist-key": KEY, "cambist-timestamp": timestamp, "cambist-signature": sign, "content-type": "application/json" };
  const reply = await fetch(URL + full + (query && "?" + query), { method, headers, body: body || undefined });
  return reply.json();
}

console.log(await call("GET", "/balances"));
`,
  curl: ({ url, key, secret }) => `URL='${url}'
KEY='${key}'
SECRET='${secret}'

TIMESTAMP=$(date +%s%6N)
SIGN=$(printf '%s\\nGET\\n/cambist/v1/balances\\n\\n' "$TIMESTAMP" | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d ' ' -f 1)
curl -sS "$URL/cambist/v1/balances" -H "cambist-key: $KEY" -H "cambist-timestamp: $TIMESTAMP" -H "cambist-signature: $SIGN"
`,
};

const tradeApi: Record<Language, Program> = {
  python: ({ url, key, secret }) => `import hashlib, hmac, json, re, time, urllib.parse, urllib.request

URL = "${url}/tapi"
KEY = "${key}"
SECRET = "${secret}"


def tapi(method, nonce=None, **parameters):
    form = {"method": method, "nonce": nonce or int(time.time()), **parameters}
    body = urllib.parse.urlencode(form).encode()
    sign = hmac.new(SECRET.encode(), body, hashlib.sha512).hexdigest()
    answer = json.load(urllib.request.urlopen(urllib.request.Request(URL, body, {"Key": KEY, "Sign": sign})))
    # Each nonce must be above the last one; the error says which would do.
    expected = re.search(r"you should send:(\\d+)", answer.get("error", ""))
    return tapi(method, int(expected[1]), **parameters) if expected and not nonce else answer


print(tapi("getInfo"))
`,
  javascript: ({ url, key, secret }) => `import { createHmac } from "node:crypto";

const URL = "${url}/tapi";
const KEY = "${key}";
const SECRET = "${secret}";

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
`,
  curl: ({ url, key, secret }) => `URL='${url}/tapi'
KEY='${key}'
SECRET='${secret}'

BODY="method=getInfo&nonce=$(date +%s)"
SIGN=$(printf '%s' "$BODY" | openssl dgst -sha512 -hmac "$SECRET" -r | cut -d ' ' -f 1)
# Each nonce must be above the last one: a second call within a second says which would do.
curl -sS "$URL" -H "Key: $KEY" -H "Sign: $SIGN" -d "$BODY"
`,
};

const mtgox: Record<Language, Program> = {
  python: ({ url, key, secret }) => `import base64, hashlib, hmac, json, time, urllib.parse, urllib.request

URL = "${url}/api/1/"
KEY = "${key}"
SECRET = "${secret}"


def call(method, **parameters):
    # A tonce is the time in microseconds, each used once; a nonce would have to rise for ever.
    body = urllib.parse.urlencode({"tonce": time.time_ns() // 1000, **parameters}).encode()
    sign = hmac.new(base64.b64decode(SECRET), body, hashlib.sha512).digest()
    headers = {"Rest-Key": KEY, "Rest-Sign": base64.b64encode(sign).decode()}
    return json.load(urllib.request.urlopen(urllib.request.Request(URL + method, body, headers)))


print(call("generic/private/info"))
`,
  javascript: ({ url, key, secret }) => `import { createHmac } from "node:crypto";

const URL = "${url}/api/1/";
const KEY = "${key}";
const SECRET = "${secret}";

async function call(method, parameters = {}) {
  // A tonce is the time in microseconds, each used once; a nonce would have to rise for ever.
  const tonce = Date.now() * 1000 + (Number(process.hrtime.bigint() / 1000n) % 1000);
  const body = new URLSearchParams({ tonce, ...parameters }).toString();
  const sign = createHmac("sha512", Buffer.from(SECRET, "base64")).update(body).digest("base64");
  const headers = { "Rest-Key": KEY, "Rest-Sign": sign, "content-type": "application/x-www-form-urlencoded" };
  return (await fetch(URL + method, { method: "POST", headers, body })).json();
}

console.log(await call("generic/private/info"));
`,
  curl: ({ url, key, secret }) => `URL='${url}/api/1/generic/private/info'
KEY='${key}'
SECRET='${secret}'

BODY="tonce=$(date +%s%6N)"
HEXKEY=$(printf '%s' "$SECRET" | base64 -d | od -An -v -tx1 | tr -d ' \\n')
SIGN=$(printf '%s' "$BODY" | openssl dgst -sha512 -mac HMAC -macopt "hexkey:$HEXKEY" -binary | base64 -w 0)
curl -sS "$URL" -H "Rest-Key: $KEY" -H "Rest-Sign: $SIGN" -d "$BODY"
`,
};

const btse: Record<Language, Program> = {
  python: ({ url, key, secret }) => `import hashlib, hmac, json, time, urllib.request

URL = "${url}"
KEY = "${key}"
SECRET = "${secret}"


def call(method, path, query="", **fields):
    body = json.dumps(fields) if fields else ""
    nonce = str(time.time_ns() // 1_000_000)
    sign = hmac.new(SECRET.encode(), (path.removeprefix("/spot") + nonce + body).encode(), hashlib.sha384).hexdigest()
    headers = {"request-api": KEY, "request-nonce": nonce, "request-sign": sign, "content-type": "application/json"}
    request = urllib.request.Request(URL + path + query, body.encode() or None, headers, method=method)
    return json.load(urllib.request.urlopen(request))


print(call("GET", "/public-api/wallet/v1/user/assets")["data"])
`,
  javascript: ({ url, key, secret }) => `import { createHmac } from "node:crypto";

const URL = "${url}";
const KEY = "${key}";
const SECRET = "${secret}";

async function call(method, path, query = "", fields) {
  const body = fields ? JSON.stringify(fields) : "";
  const nonce = String(Date.now());
  const sign = createHmac("sha384", SECRET).update(path.replace(/^\\/spot/, "") + nonce + body).digest("hex");
  const headers = { "request-api": KEY, "request-nonce": nonce, "request-sign": sign, "content-type": "application/json" };
  return (await fetch(URL + path + query, { method, headers, body: body || undefined })).json();
}

console.log((await call("GET", "/public-api/wallet/v1/user/assets")).data);
`,
  curl: ({ url, key, secret }) => `URL='${url}'
KEY='${key}'
SECRET='${secret}'

NONCE=$(date +%s%3N)
SIGN=$(printf '%s' "/public-api/wallet/v1/user/assets$NONCE" | openssl dgst -sha384 -hmac "$SECRET" -r | cut -d ' ' -f 1)
curl -sS "$URL/public-api/wallet/v1/user/assets" -H "request-api: $KEY" -H "request-nonce: $NONCE" -H "request-sign: $SIGN"
`,
};

const expie: Record<Language, Program> = {
  python: ({ url, secret }) => `import json, urllib.request

URL = "${url}/v1/balance/summary"
TOKEN = "${secret}"

request = urllib.request.Request(URL, headers={"Authorization": "Bearer " + TOKEN})
print(json.load(urllib.request.urlopen(request)))
`,
  javascript: ({ url, secret }) => `const URL = "${url}/v1/balance/summary";
const TOKEN = "${secret}";

const reply = await fetch(URL, { headers: { authorization: "Bearer " + TOKEN } });
console.log(await reply.json());
`,
  curl: ({ url, secret }) => `TOKEN='${secret}'
curl -sS '${url}/v1/balance/summary' -H "Authorization: Bearer $TOKEN"
`,
};

export const PROGRAMS: Record<string, Record<Language, Program>> = { native, btce: tradeApi, wex: tradeApi, btse, expie, mtgox };
