"""A small program for Expie keys."""

from collections.abc import Mapping


def expie(url: str, credentials: Mapping[str, str]) -> str:
    """A token and nothing to sign."""
    return f'''\
import json, urllib.request

URL = "{url}/v1/balance/summary"
TOKEN = "{credentials["token"]}"

request = urllib.request.Request(URL, headers={{"Authorization": "Bearer " + TOKEN}})
print(json.load(urllib.request.urlopen(request)))
'''
