"""Somebody in front of the page: a browser profile with a screen and a theme, what they do, and what they see."""

import json
import re
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect

from tests.support.waiting import wait_until
from tests.tidy.test_tidy import ROOT

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE = 30_000
"""Milliseconds: tests wait until something is so, and machines may be busy."""
expect.set_options(timeout=PATIENCE)
DRAWN_SECONDS = 10.0
LEAST_TARGET = 40
"""Pixels in each direction that a finger needs."""
MISFITS = """least => {
    const found = new Set()
    const named = element => `${element.tagName.toLowerCase()} ${element.ariaLabel ?? element.textContent.trim().slice(0, 40)}`
    const shown = element => element.checkVisibility({ visibilityProperty: true }) && element.getBoundingClientRect().width > 1
    for (const element of document.querySelectorAll("body *")) {
        const scrolls = ["auto", "scroll"].includes(getComputedStyle(element).overflowX)
        if (scrolls && shown(element) && element.scrollWidth > element.clientWidth) found.add(`scrolls sideways: ${named(element)}`)
    }
    const open = document.querySelector("dialog[open]") ?? document
    for (const element of open.querySelectorAll("a[href], button, input, select, textarea, summary, [role=option]")) {
        // A link within a sentence is as high as its line; what leads past the navigation is for keyboards.
        if (!shown(element) || element.disabled || element.ariaHidden === "true" || element.closest("p, .skip")) continue
        const { width, height } = (element.closest("label") ?? element.closest(".box") ?? element).getBoundingClientRect()
        if (Math.min(width, height) < least) found.add(`too small: ${named(element)} ${width}x${height}`)
        const isText = element.matches("input:not([type=checkbox], [type=radio]), textarea")
        if (isText && parseFloat(getComputedStyle(element).fontSize) < 16) found.add(`zooms the page when it is touched: ${named(element)}`)
    }
    return [...found]
}"""


class Screen(Enum):
    """(width, height, whether it is a phone)."""

    DESKTOP = (1366, 768, False)
    PHONE = (390, 844, True)
    SMALL_PHONE = (360, 640, True)


LOOKS = [(Screen.DESKTOP, "dark"), (Screen.DESKTOP, "light"), (Screen.PHONE, "dark"), (Screen.PHONE, "light")]


class Visitor:
    """`page` is Playwright's. `complaints`: errors in the browser's console, and replies that no page should cause."""

    def __init__(self, chromium: Browser, url: str, screen: Screen = Screen.DESKTOP, theme: str = "dark") -> None:
        width, height, phone = screen.value
        self.url = url
        self.screen = screen
        self.complaints: list[str] = []
        self.tolerated: list[str] = []
        """Patterns of what the test brings about itself, such as a server that is gone."""
        self.context = chromium.new_context(
            viewport={"width": width, "height": height},
            has_touch=phone,
            is_mobile=phone,
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            bypass_csp=False,
            locale="en-GB",
            timezone_id="UTC",
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self._complain(f"uncaught: {error}"))
        self.page.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            self._complain(f"{message.type}: {message.text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self._complain(f"{response.status} {response.request.method} {response.url}")

    def _complain(self, text: str) -> None:
        if not any(re.search(pattern, text) for pattern in self.tolerated):
            self.complaints.append(text)

    # --- doing ------------------------------------------------------------------------------------------------------------------------
    def open(self, path: str = "/") -> "Visitor":
        self.page.goto(self.url + path)
        return self

    def demo(self, name: str) -> "Visitor":
        """Logs in as a demo user, as one click of the page does."""
        self.page.goto(f"{self.url}/login")
        self.page.get_by_role("group", name="Log in as a demo user").last.get_by_role("button", name=name).click()
        expect(self.page).to_have_url(re.compile("/trade"))
        return self

    def sign_up(self, name: str, password: str = "correct horse") -> "Visitor":
        self.open("/sign-up")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_label("Password again").fill(password)
        self.page.get_by_role("main").get_by_role("button", name="Sign up").click()
        expect(self.page).to_have_url(re.compile("/trade"))
        return self

    def log_in(self, name: str, password: str = "correct horse", code: str = "") -> "Visitor":
        """`code`: what is answered when the page asks for one."""
        self.open("/login")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password", exact=True).fill(password)
        enter = self.page.get_by_role("main").get_by_role("button", name="Log in", exact=True)
        enter.click()
        if code:
            self.page.get_by_label("One-time code").fill(code)
            enter.click()
        expect(self.page).to_have_url(re.compile("/trade"))
        return self

    # --- seeing -----------------------------------------------------------------------------------------------------------------------
    def photograph(self, folder: Path, name: str) -> None:
        self.page.screenshot(path=folder / f"{name}.png")

    def accessibility_findings(self) -> list[str]:
        """What axe finds on the page as it stands: one line for each rule and place. The driver's own evaluation is not bound by the page's
        policy."""
        self.page.evaluate(AXE.read_text())
        found: dict[str, Any] = self.page.evaluate("async () => await axe.run(document, { resultTypes: ['violations'] })")
        return [
            f"{violation['id']}: {violation['help']}: {json.dumps(node['target'])} {node.get('failureSummary', '')}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    def misfits(self) -> list[str]:
        """What does not suit a phone: what is scrolled sideways, is too small for a finger, or makes the browser zoom in."""
        found: list[str] = self.page.evaluate(MISFITS, LEAST_TARGET)
        return found

    def check(self, folder: Path, name: str) -> None:
        """The page as it stands: photographed, nothing wider than the screen, fit for a phone where it is one, and axe finds nothing."""
        findings: list[str] = []

        def found() -> bool:
            findings[:] = self.accessibility_findings()
            return bool(findings)

        # Between a theme's switch and its drawing, a browser on a busy machine answers with colours of both.
        with suppress(AssertionError):
            wait_until(lambda: not found(), DRAWN_SECONDS)
        self.photograph(folder, name)
        assert not findings, f"{name}:\n" + "\n".join(findings)
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0, f"{name} is {wide} pixels wider than the screen"
        misfits = self.misfits() if self.screen.value[2] else []
        assert not misfits, f"{name}:\n" + "\n".join(misfits)
