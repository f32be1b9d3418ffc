"""The console of the running stack in a real browser: it moves, it trades, it shows the canary's card."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.stack.stack import ROOT, Stack

SHOTS = ROOT / "build" / "screenshots"


@pytest.fixture
def page(healthy: Stack) -> Iterator[Page]:
    """The console, opened; fails the test when the page logged an error."""
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser_path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("under CI the console must be looked at in a browser, and Chromium is missing")
        pytest.skip("CHROMIUM IS MISSING: the console is not looked at in a browser")
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(healthy.url("web", "/"))
        yield page
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / "console.png", full_page=True)
        browser.close()
    assert errors == []


def test_quotes_change_within_three_seconds_without_a_reload(page: Page) -> None:
    bids = page.locator("#quote-rows td[data-field=bid]")
    expect(bids).to_have_count(11)
    before = bids.all_inner_texts()
    moved = """before => [...document.querySelectorAll("#quote-rows td[data-field=bid]")]
        .some((cell, row) => cell.innerText !== before[row])"""
    page.wait_for_function(moved, arg=before, timeout=3000)


def test_the_page_says_simulated_and_shows_the_canarys_pass(page: Page) -> None:
    expect(page.locator("body")).to_contain_text("SIMULATED")
    expect(page.locator("#canary")).to_contain_text("PASS")
