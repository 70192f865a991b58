"""What this server serves, as a page: at `/about`, and at `/` for programs, or for everybody while the page for people is not built.

HTML without scripts, one style sheet inside.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Self

from cambist.app.project import documents_url
from cambist.dialect_kit.messages import Reply, Request
from cambist.dialect_kit.routes import PathErrors, Route
from cambist.dialect_kit.service import DialectService
from cambist.gateway.health import Readiness, ReadinessReport
from cambist.web.built_page import BuiltPage
from cambist.web.routes import ROOT_PATH, prefers_page, shell_reply
from cambist.web.routes import routes as web_routes

STYLE = """
:root{color-scheme:light dark;--ink:#1b2430;--soft:#5a6675;--line:#d9dee5;--card:#fff;--ground:#f1f4f8;--link:#1457a8;
--good:#1f6f4a;--bad:#a5281b}
@media (prefers-color-scheme:dark){:root{--ink:#e8edf3;--soft:#9aa7b6;--line:#323c49;--card:#1a212b;--ground:#10151c;
--link:#7db4f5;--good:#52c48d;--bad:#ff9d8f}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
padding:32px 16px}
main{max-width:820px;margin:0 auto;background:var(--card);border:1px solid var(--line);border-radius:12px;padding:28px 28px 12px}
h1{font-size:26px;line-height:1.2;margin:0 0 6px}
h2{font-size:16px;margin:28px 0 8px}
p{margin:0 0 12px}
.soft{color:var(--soft)}
.state{font-weight:600}
.good{color:var(--good)}
.bad{color:var(--bad)}
.play{display:inline-block;border:1px solid currentColor;border-radius:6px;padding:1px 8px;font-weight:600;color:var(--bad)}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:8px 16px 8px 0;border-top:1px solid var(--line)}
th{font-weight:600;white-space:nowrap}
code{font:14px/1.6 ui-monospace,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
td code{display:inline-block;margin-right:12px}
pre{margin:0 0 12px;padding:12px;border:1px solid var(--line);border-radius:8px;background:var(--ground);white-space:pre-wrap;
overflow-wrap:anywhere}
a{color:var(--link)}
@media (max-width:540px){body{padding:0}main{border:0;border-radius:0;padding:20px 16px 8px}th,td{display:block;padding:8px 0 0}
td{border:0;padding:0 0 10px}}
""".strip()
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = (
    (
        b"content-security-policy",
        f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'".encode(),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
HTML = b"text/html; charset=utf-8"
NOT_BUILT = (
    "The page for people is not built here: run <code>make web</code> in the checkout, or <code>python scripts/web.py build</code>, "
    "and start the server again. All APIs work without it."
)


@dataclass(frozen=True, slots=True)
class Api:
    """What is served: `paths` are those below which its routes are, `sockets` its WebSocket paths where there is nothing else; `host` is
    the name under which alone it answers, mostly none."""

    title: str
    paths: tuple[str, ...]
    sockets: tuple[str, ...] = ()
    host: str = ""

    @classmethod
    def of(cls, title: str, dialect: DialectService) -> Self:
        prefixes = list(dict.fromkeys(errors.prefix for errors in dialect.path_errors))
        topmost = [prefix for prefix in prefixes if not any(prefix.startswith(f"{other}/") for other in prefixes)]
        sockets = [socket.path for socket in dialect.sockets]
        calls = [route.path for route in dialect.routes if route.path not in sockets]
        paths = tuple(prefix for prefix in topmost if any(_below(path, prefix) for path in calls))
        rest = [prefix for prefix in topmost if prefix not in paths]
        own = dict.fromkeys(path.rstrip("/") for path in sockets if any(_below(path, prefix) for prefix in rest))
        return cls(title, paths, tuple(own), next((errors.host for errors in dialect.path_errors), ""))

    @property
    def shown(self) -> tuple[str, ...]:
        """All paths, behind the host where it matters."""
        return tuple(self.host + path for path in (*self.paths, *self.sockets))

    def urls(self, base: str) -> list[str]:
        """All paths behind `base`, which is `http://…`, `https://…` or empty."""
        if self.host:
            return list(self.shown)
        socket_base = base.replace("http", "ws", 1)
        return [*(base + path for path in self.paths), *(socket_base + path for path in self.sockets)]


def _below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")


ABOUT_PATH = "/about"


@dataclass(frozen=True, slots=True)
class Front:
    """What is before the dialects: routes, and what is said at a path that nobody has."""

    routes: Sequence[Route]
    path_errors: Sequence[PathErrors]

    @classmethod
    def of(cls, served: Sequence[Api], readiness: Readiness, *, play_money: bool, built: BuiltPage | None) -> Self:
        return cls(routes(served, readiness, play_money=play_money, built=built), path_errors(built))


def routes(served: Sequence[Api], readiness: Readiness, *, play_money: bool, built: BuiltPage | None) -> list[Route]:
    """`/`, `/about` and those of the page for people. `readiness`: what is said of the venue."""

    documents = documents_url()  # asked for once: it is found by looking at the installation's files

    def about(request: Request) -> Reply:
        text = page(request.base_url, served, readiness(), play_money, built=built is not None, documents=documents)
        return Reply(200, text.encode(), HTML, HEADERS)

    def root(request: Request) -> Reply:
        if built is not None and prefers_page(request):
            return shell_reply(built, request)
        return about(request)

    return [
        Route(ROOT_PATH, root, dialect="gateway", name="/", durable=False),
        Route(ABOUT_PATH, about, dialect="gateway", name=ABOUT_PATH, durable=False),
        *(web_routes(built) if built is not None else ()),
    ]


def path_errors(built: BuiltPage | None) -> list[PathErrors]:
    """What a browser gets at a path that nobody has: the page, which says so. Programs get the gateway's own words."""
    if built is None:
        return []

    def reply(request: Request, status: int) -> Reply | None:
        return shell_reply(built, request, status) if status == 404 and prefers_page(request) else None

    return [PathErrors(ROOT_PATH, reply, dialect="gateway")]


def page(
    url: str, served: Sequence[Api], found: ReadinessReport, play_money: bool, *, built: bool = True, documents: str | None = None
) -> str:
    """`url`: this server as the browser called it; empty when that is not known. `built`: whether there is a page for people; `documents`:
    where the project's documents are."""
    kind = "sandbox" if play_money else "venue"
    rows = "".join(f"<tr><th scope=row>{escape(api.title)}<td>{_codes(api.urls(url))}" for api in served)
    if found.reasons:
        mood, words = "bad", f"not ready: {'; '.join(found.reasons)}"
    elif found.degraded:
        mood, words = "bad", f"ready, but {'; '.join(found.degraded)}"
    else:
        mood, words = "good", "ready"
    state = f"<span class='state {mood}'>{escape(words)}</span>"
    said = "<p><span class=play>PLAY MONEY</span> An exchange for tests: nothing in it is worth anything.</p>" if play_money else ""
    link = f"<a href='{escape(documents)}' rel=noreferrer>Documentation</a> · " if documents else ""
    example = f"<h2>Try</h2><pre><code>curl {escape(url)}/api/3/info</code></pre>" if _has(served, "/api/3") else ""
    people = "<p><a href='/'>Trade in the browser</a></p>" if built else f"<p><strong>{NOT_BUILT}</strong></p>"
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width, initial-scale=1'><link rel=icon href='data:,'>"
        f"<title>Cambist {kind}</title><style>{STYLE}</style></head><body><main>"
        f"<h1>Cambist {kind}</h1>{said}"
        f"<p class=soft>The APIs of this address are for programs. The {kind} is {state}.</p>{people}"
        f"<h2>APIs</h2><table>{rows}</table>{example}"
        f"<h2>More</h2><p>{link}<a href='/healthz'>Health</a> · <a href='/readyz'>Readiness</a> · <a href='/metrics'>Metrics</a></p>"
        "</main></body></html>"
    )


def _codes(texts: Iterable[str]) -> str:
    return " ".join(f"<code>{escape(text)}</code>" for text in texts)


def _has(served: Sequence[Api], path: str) -> bool:
    return any(path in api.paths and not api.host for api in served)
