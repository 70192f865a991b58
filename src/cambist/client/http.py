"""Sending calls: one client that waits, one for asyncio; they share everything but the waiting."""

from __future__ import annotations

from types import TracebackType
from typing import Any, TypeVar

import httpx
import msgspec

from cambist.api_types.problems import CONTENT_TYPE, Problem
from cambist.client.call import Call
from cambist.client.credentials import Credentials
from cambist.client.stream import AsyncStream, Stream

BASE = "/cambist/v1"
SECONDS = 30.0
"""How long a reply may take."""

T = TypeVar("T")


class ApiProblem(Exception):
    """The server did not do what it was asked: `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code}: {problem.detail}")
        self.problem = problem


class UnexpectedReply(Exception):
    """The reply is not of this API: a proxy's page, or another server's. `status` is its status."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"status {status}: {words}")
        self.status = status


class _Requests:
    """What both clients have in common. After a login the cookies of the connection speak, with the session's CSRF token."""

    def __init__(self, url: str, credentials: Credentials | None) -> None:
        self.url = url.rstrip("/")
        self._credentials = credentials
        self.csrf_token = ""

    def _request(self, call: Call[Any], idempotency_key: str | None) -> dict[str, Any]:
        """The arguments of httpx."""
        path, query, body = BASE + call.path, call.query_text(), call.content()
        headers = {"accept": "application/json"}
        if body or call.method in ("POST", "PUT", "PATCH"):
            headers["content-type"] = "application/json"
        if idempotency_key is not None:
            headers["idempotency-key"] = idempotency_key
        if self._credentials is not None:
            signed = self._credentials.sign(call.method, path, query, body)
            headers |= {f"cambist-{name}": value for name, value in signed.items()}
        elif self.csrf_token:
            headers["cambist-csrf"] = self.csrf_token
        return {"method": call.method, "url": f"{self.url}{path}" + (f"?{query}" if query else ""), "content": body, "headers": headers}

    def _answered(self, call: Call[T], reply: httpx.Response) -> T:
        try:
            if reply.headers.get("content-type", "").startswith(CONTENT_TYPE):
                raise ApiProblem(msgspec.json.decode(reply.content, type=Problem))
            if reply.is_success:
                waits = reply.status_code == 202 and call.accepted is not None
                answer: T = msgspec.json.decode(reply.content, type=call.accepted if waits else call.reply)
                self.csrf_token = getattr(answer, "csrf_token", self.csrf_token)
                return answer
        except msgspec.DecodeError as error:
            raise UnexpectedReply(reply.status_code, str(error)) from None
        raise UnexpectedReply(reply.status_code, reply.text[:200])

    def _cookie_header(self, cookies: httpx.Cookies) -> str:
        return "; ".join(f"{name}={value}" for name, value in cookies.items())


class Client(_Requests):
    """Sends calls and waits for their replies. Without `credentials` it asks what everybody may ask, or logs in first.

    with Client("http://127.0.0.1:8700", Credentials(key, secret)) as client:
        client.send(calls.place_order(PlaceOrder(market="btc_usd", side="buy", type="limit", price="900", amount="0.1")))
    """

    def __init__(self, url: str, credentials: Credentials | None = None, seconds: float = SECONDS) -> None:
        super().__init__(url, credentials)
        self._http = httpx.Client(timeout=seconds, trust_env=False)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connections."""
        self._http.close()

    def send(self, call: Call[T], idempotency_key: str | None = None) -> T:
        """The call's reply. ApiProblem; UnexpectedReply; httpx.TransportError when no reply came: whether it was done is then not known,
        and under an `idempotency_key` it may be sent again."""
        return self._answered(call, self._http.request(**self._request(call, idempotency_key)))

    def stream(self) -> Stream:
        """The stream, logged in as the client is: `with client.stream() as stream`."""
        return Stream(self.url, self._credentials, self._cookie_header(self._http.cookies))


class AsyncClient(_Requests):
    """The same for asyncio: `async with AsyncClient(...) as client: await client.send(...)`."""

    def __init__(self, url: str, credentials: Credentials | None = None, seconds: float = SECONDS) -> None:
        super().__init__(url, credentials)
        self._http = httpx.AsyncClient(timeout=seconds, trust_env=False)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the connections."""
        await self._http.aclose()

    async def send(self, call: Call[T], idempotency_key: str | None = None) -> T:
        """As `Client.send`."""
        return self._answered(call, await self._http.request(**self._request(call, idempotency_key)))

    def stream(self) -> AsyncStream:
        """As `Client.stream`: `async with client.stream() as stream`."""
        return AsyncStream(self.url, self._credentials, self._cookie_header(self._http.cookies))
