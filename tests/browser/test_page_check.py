"""The check of the page, on the real console: a live page passes, and each broken world fails by name."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import chromium
from tests.browser.conftest import Own
from tests.common.local import free_port
from tests.conftest import Launch
from tests.web.console import ROOT
from tests.web.standin_server import Answer, Server
from tests.web.world import PAIRS, symbol_of

LOOK = [sys.executable, "-m", "canary.page", "--browser", chromium.__file__]
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass
class Checked:
    """The exit code, the text, the JSON and the picture of one check."""

    code: int
    text: str
    content: dict[str, Any]
    picture: bytes | None

    def not_met(self) -> set[str]:
        return {one["what"] for one in self.content["conditions"] if not one["met"]}


def check(url: str, folder: Path, seconds: int) -> Checked:
    done = subprocess.run(
        [*LOOK, url, str(folder), "--seconds", str(seconds)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    files = list(folder.glob("page_*.json"))
    assert len(files) == 1, done.stderr
    picture = files[0].with_suffix(".png")
    kept = picture.read_bytes() if picture.exists() else None
    return Checked(done.returncode, done.stdout, json.loads(files[0].read_text()), kept)


@pytest.fixture(autouse=True)
def needs_a_browser(launch: Launch) -> None:
    """Skips these tests where there is none."""


def test_a_live_page_passes_with_a_picture_and_its_values(desk: Own, tmp_path: Path) -> None:
    checked = check(f"{desk[0].url}/", tmp_path, 20)
    assert (checked.code, checked.not_met()) == (0, set()), checked.text
    assert checked.content["verdict"] == "PASS"
    assert checked.picture is not None
    assert checked.picture.startswith(PNG)
    assert "5 of 5 rows show a bid and an ask that are not stale" in checked.text


def test_prices_that_stand_still_fail(own: Own, tmp_path: Path) -> None:
    own[1].market.frozen = True
    checked = check(f"{own[0].url}/", tmp_path, 3)
    assert checked.code == 1
    assert "PRICE_CHANGES" in checked.not_met() <= {"PRICE_CHANGES", "LIVE_ROWS"}, checked.text


def test_a_page_without_prices_fails(own: Own, tmp_path: Path) -> None:
    own[1].market.removed = {symbol_of(pair) for pair in PAIRS}
    own[0].kill()
    own[0].start()
    checked = check(f"{own[0].url}/", tmp_path, 3)
    assert checked.code == 1
    assert {"LIVE_ROWS", "FIRST_PRICE", "PRICE_CHANGES"} == checked.not_met(), checked.text


BROKEN = b"""<!doctype html><title>Spark console</title><p id="link" data-state="live">
<table><tbody id="quote-rows"><tr data-symbol="A:B"><td data-field="bid">1.5<td data-field="ask">1.6</tbody></table>
<section id="canary"><p class="verdict"><b>PASS</b></section><script src="/missing.js"></script>
<script>let n = 0; setInterval(() => { document.querySelector("td").textContent = ++n }, 50)</script>
<script>console.error("it is odd"); document.missing.click()</script>"""
HANGING = b'<!doctype html><title>Spark console</title><script>alert("nobody answers this")</script>'


@pytest.fixture
def page() -> Iterator[Callable[[bytes], str]]:
    """Serves a page, and nothing else beside it."""
    html = b""
    server = Server(lambda asked: Answer(html, 200 if asked.path == "/" else 404, "text/html"))

    def served(content: bytes) -> str:
        nonlocal html
        html = content
        return f"{server.url}/"

    yield served
    server.stop()


def test_a_script_that_fails_and_a_file_that_is_missing_fail(page: Callable[[bytes], str], tmp_path: Path) -> None:
    checked = check(page(BROKEN), tmp_path, 20)
    assert (checked.code, checked.not_met()) == (1, {"CONSOLE_ERRORS", "FAILED_REQUESTS"}), checked.text
    assert "/missing.js: status 404" in checked.content["failed_requests"]
    first, second = checked.content["errors"]
    assert first == "it is odd"
    assert second.startswith("TypeError: Cannot read properties of undefined")


def test_a_page_that_hangs_fails_without_a_picture(page: Callable[[bytes], str], tmp_path: Path) -> None:
    checked = check(page(HANGING), tmp_path, 1)
    assert (checked.code, checked.picture) == (1, None)
    assert "the page hangs" in checked.text
    assert {"CONSOLE_ERRORS", "LIVE_ROWS", "STREAM", "CARD"} <= checked.not_met()


def test_an_address_where_nobody_answers_fails(page: Callable[[bytes], str], tmp_path: Path) -> None:
    checked = check(f"http://127.0.0.1:{free_port()}/", tmp_path, 1)
    assert checked.code == 1
    assert "net::ERR_CONNECTION_REFUSED" in checked.text
    assert all(one["value"] == "none" or one["what"] == "FAILED_REQUESTS" for one in checked.content["conditions"])
