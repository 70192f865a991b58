"""A client of the native API, on the same types as the server: `pip install "cambist[client]"`.

`calls` has a function for each endpoint; `Client` and `AsyncClient` send what they give.
"""

from . import calls
from .book import BookBroken, FollowedBook
from .call import Call
from .credentials import Credentials
from .http import ApiProblem, AsyncClient, Client, UnexpectedReply
from .stream import AsyncStream, Stream

__all__ = [
    "ApiProblem",
    "AsyncClient",
    "AsyncStream",
    "BookBroken",
    "Call",
    "Client",
    "Credentials",
    "FollowedBook",
    "Stream",
    "UnexpectedReply",
    "calls",
]
