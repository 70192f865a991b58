"""Small programs for Expie keys: a token, and nothing to sign."""

from cambist.dialect_kit.snippets import Snippet

_PYTHON = """\
import json, urllib.request

URL = "<url>/v1/balance/summary"
TOKEN = "<token>"

request = urllib.request.Request(URL, headers={"Authorization": "Bearer " + TOKEN})
print(json.load(urllib.request.urlopen(request)))
"""

_JAVASCRIPT = """\
const URL = "<url>/v1/balance/summary";
const TOKEN = "<token>";

const reply = await fetch(URL, { headers: { authorization: "Bearer " + TOKEN } });
console.log(await reply.json());
"""

_CURL = """\
TOKEN='<token>'
curl -sS '<url>/v1/balance/summary' -H "Authorization: Bearer $TOKEN"
"""

SNIPPETS = (
    Snippet(form="expie", language="python", text=_PYTHON),
    Snippet(form="expie", language="javascript", text=_JAVASCRIPT),
    Snippet(form="expie", language="curl", text=_CURL),
)
