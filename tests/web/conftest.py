"""What several of the page's tests stand on."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser, sync_playwright

from cambist.web.built_page import MANIFEST, BuiltPage
from tests.support.processes import Running, serving
from tests.web.visitor import Screen, Visitor

SCRIPT = b"console.log('a page');" * 20


@pytest.fixture
def built_folder(tmp_path: Path) -> Path:
    """A built page of one path and one script, as `web/build/pack.ts` leaves one; the compressed forms are marked and not compressed."""
    folder = tmp_path / "built"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_bytes(b"<!doctype html><title>Cambist</title>")
    (folder / "assets" / "index-1a2b.js").write_bytes(SCRIPT)
    (folder / "assets" / "index-1a2b.js.br").write_bytes(b"br")
    (folder / "assets" / "index-1a2b.js.gz").write_bytes(b"gzip")
    manifest = {
        "paths": ["trade", "sign-up"],
        "files": {
            "index.html": {"type": "text/html; charset=utf-8", "etag": "e1", "encodings": []},
            "assets/index-1a2b.js": {"type": "text/javascript; charset=utf-8", "etag": "e2", "encodings": ["br", "gzip"]},
        },
    }
    (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    return folder


@pytest.fixture
def built(built_folder: Path) -> BuiltPage:
    page = BuiltPage.read(built_folder)
    assert page is not None
    return page


# --- the page in a browser ------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a window. Of one module each: while its driver runs, no asynchronous test can."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("chromium is not installed: apt-get install chromium (scripts/install-test-packages does it)")
    if BuiltPage.read() is None:
        pytest.skip("the page is not built: make web")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--force-color-profile=srgb"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: CAMBIST_SCREENSHOTS, or a temporary folder."""
    wanted = os.environ.get("CAMBIST_SCREENSHOTS")
    folder = Path(wanted) if wanted else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A sandbox with its moving market, for tests that leave no trace which another one could stumble over."""
    folder = tmp_path_factory.mktemp("sandbox")
    with serving(folder, "sandbox", "--seed", "7", "--data", folder / "data") as running:
        yield running


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors, each with a browser profile of their own; afterwards none of them may have complained in their console."""
    visitors: list[Visitor] = []

    def make(url: str, screen: Screen = Screen.DESKTOP, theme: str = "dark") -> Visitor:
        visitor = Visitor(chromium, url, screen, theme)
        visitors.append(visitor)
        return visitor

    yield make
    complaints = [text for visitor in visitors for text in visitor.complaints]
    for visitor in visitors:
        visitor.context.close()
    assert not complaints, "the browser's console says:\n" + "\n".join(complaints)
