"""The payment page's words and looks: HTML without scripts, one style sheet inside the page."""

import base64
import hashlib
from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote, urlencode

STYLE = """
:root{color-scheme:light dark;--ink:#1b2430;--soft:#5f6b7a;--line:#d9dee5;--card:#fff;--ground:#f1f4f8;--deed:#1f6f4a;
--deed-ink:#fff;--bad:#a5281b;
--well:#f7f9fb}
@media (prefers-color-scheme:dark){:root{--ink:#e8edf3;--soft:#9aa7b6;--line:#323c49;--card:#1a212b;--ground:#10151c;
--deed:#38a872;--deed-ink:#06140d;
--bad:#ff9d8f;--well:#141a22}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;background:var(--ground);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
display:grid;place-items:center;padding:24px 16px}
main{width:100%;max-width:440px;background:var(--card);border:1px solid var(--line);border-radius:14px;padding:28px;
box-shadow:0 10px 30px rgba(20,30,50,.08)}
h1{font-size:15px;font-weight:600;color:var(--soft);margin:0 0 4px}
.sum{font-size:clamp(22px,7.4vw,34px);font-weight:650;letter-spacing:-.02em;line-height:1.15;margin:0;overflow-wrap:anywhere;
font-variant-numeric:tabular-nums}
.for{margin:10px 0 0;overflow-wrap:anywhere}
hr{border:0;border-top:1px solid var(--line);margin:22px 0}
h2{font-size:16px;margin:0 0 12px}
label{display:block;font-size:14px;color:var(--soft);margin:0 0 12px}
input{display:block;width:100%;margin-top:4px;padding:10px 12px;font:inherit;color:var(--ink);background:var(--well);
border:1px solid var(--line);
border-radius:8px}
button,.go{display:block;width:100%;padding:12px;font:inherit;font-weight:600;text-align:center;text-decoration:none;
border-radius:8px;cursor:pointer;
border:1px solid var(--deed);background:var(--deed);color:var(--deed-ink)}
.quiet{background:transparent;color:var(--ink);border-color:var(--line);font-weight:500}
.plain{background:none;border:0;color:var(--soft);font-weight:400;text-decoration:underline;padding:8px}
input:focus-visible,button:focus-visible,.go:focus-visible{outline:3px solid color-mix(in srgb,var(--deed) 45%,transparent);
outline-offset:1px}
.error{color:var(--bad);border:1px solid currentColor;border-radius:8px;padding:10px 12px;margin:0 0 16px}
.address{font-family:ui-monospace,"DejaVu Sans Mono",monospace;font-size:15px;background:var(--well);border:1px solid var(--line);
border-radius:8px;
padding:12px;overflow-wrap:anywhere;user-select:all;margin:0 0 12px}
.qr{background:#fff;border:1px solid var(--line);border-radius:8px;padding:0;margin:0 auto 12px;max-width:232px}
.qr a,.qr svg{display:block}
.or{display:flex;align-items:center;gap:12px;color:var(--soft);font-size:14px;margin:22px 0}
.or:before,.or:after{content:"";flex:1;border-top:1px solid var(--line)}
.soft{color:var(--soft);font-size:14px;margin:0 0 12px}
form+form,.go+form,form+.go,.go+.go{margin-top:10px}
.go+.soft{margin-top:12px}
""".strip()
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
REFRESH_SECONDS = 10
URI_SCHEMES = {"BTC": "bitcoin", "LTC": "litecoin"}
"""By which wallets know what a payment link is for."""
MAX_LABEL = 120


@dataclass(frozen=True, slots=True)
class PageContent:
    """What a page shows. `here` is what it looks at again; `error` is what went wrong with the last thing that was tried."""

    title: str
    amount: str
    description: str
    here: str
    parts: list[str] = field(default_factory=list)
    error: str = ""
    refresh: bool = False


def page(content: PageContent) -> bytes:
    """The whole document."""
    refresh = f'<meta http-equiv="refresh" content="{REFRESH_SECONDS};url={escape(content.here)}">' if content.refresh else ""
    error = f'<p class="error" role="alert">{escape(content.error)}</p>' if content.error else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta name="robots" content="noindex">{refresh}<title>{escape(content.title)} · {escape(content.amount)}</title>'
        f"<style>{STYLE}</style></head><body><main><h1>{escape(content.title)}</h1>"
        f'<p class="sum">{escape(content.amount)}</p>'
        f'<p class="for">{escape(content.description)}</p><hr>{error}{"".join(content.parts)}</main></body></html>'
    ).encode()


def login_form(here: str, name: str, once: str) -> str:
    """Pays from an account. `once` (may be empty) makes two sendings of this form one."""
    hidden = f'<input type="hidden" name="once" value="{escape(once)}">' if once else ""
    return (
        f'<form method="post" action="{escape(here)}/pay" autocomplete="on"><h2>Pay from your account</h2>'
        f'<label>User name<input name="user" autocomplete="username" required maxlength="64" value="{escape(name)}"></label>'
        '<label>Password<input name="password" type="password" autocomplete="current-password" required maxlength="1024"></label>'
        '<label>One-time code, if you use one<input name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="16"></label>'
        f"{hidden}<button>Pay now</button></form>"
    )


def button(here: str, act: str, words: str, look: str) -> str:
    """A form of one button."""
    return f'<form method="post" action="{escape(here)}/{act}"><button class="{look}">{escape(words)}</button></form>'


def link(address: str, words: str) -> str:
    """Another page, as quiet as a second button."""
    return f'<a class="go quiet" href="{escape(address)}">{escape(words)}</a>'


DIVIDER = '<p class="or">or</p>'
WATCHING = '<p class="soft">This page looks again every few seconds.</p>'


def payment_uri(scheme: str, address: str, amount: str, label: str) -> str:
    """`bitcoin:<address>?amount=<coins>&label=<words>` (BIP 21), which wallets open."""
    fields = {name: text for name, text in (("amount", amount), ("label", label[:MAX_LABEL])) if text}
    query = urlencode(fields, quote_via=quote)
    return f"{scheme}:{address}?{query}" if query else f"{scheme}:{address}"


def coin_uri(code: str, address: str, amount: str, label: str = "") -> str:
    """The payment link of a coin; empty where wallets know none."""
    scheme = URI_SCHEMES.get(code)
    return payment_uri(scheme, address, amount, label) if scheme is not None else ""


def qr_code(text: str) -> str:
    """The text as a QR code: SVG inside the page. Takes about 10 ms: not for the event loop."""
    import segno  # noqa: PLC0415 - not at every start: few processes ever draw a code

    return str(segno.make(text, micro=False, error="m").svg_inline(border=4, omitsize=True))


def coins_part(address: str, missing: str, code: str, description: str, pending: str, qr: str) -> str:
    """Where to send coins: a QR code, a link for a wallet on this device, the address. `missing` is what is still to be sent, `pending`
    what is on its way (each may be empty), `qr` the code of `coin_uri`."""
    on_its_way = f'<p class="soft">{escape(pending)} is on its way; it counts once the network has confirmed it.</p>' if pending else ""
    if not missing:
        return (
            f'<h2>Pay by {escape(code)}</h2><p class="soft">All of it is on its way to this address:</p>'
            f'<p class="address">{escape(address)}</p>{on_its_way}'
        )
    send = f'<p class="soft">Send exactly {escape(missing)} {escape(code)} to this address:</p>'
    uri = coin_uri(code, address, missing, description)
    if not uri:
        return f'<h2>Pay by {escape(code)}</h2>{send}<p class="address">{escape(address)}</p>{on_its_way}'
    return (
        f"<h2>Pay by {escape(code)}</h2>{send}"
        f'<div class="qr" role="img" aria-label="QR code of the address and the amount">{qr}</div>'
        f'<p class="address">{escape(address)}</p>{on_its_way}'
        f'<a class="go quiet" href="{escape(uri)}">Open in your wallet</a>'
    )


def verdict(words: str, link: str, label: str) -> str:
    """How an order ended, and the way back to the shop."""
    return f'<h2>{escape(words)}</h2><a class="go" href="{escape(link)}" rel="noreferrer">{escape(label)}</a>'
