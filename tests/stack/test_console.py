"""The console of the running stack in a real browser: it moves, it trades, it shows the canary's card."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Launch
from tests.stack.stack import ROOT, Stack

SHOTS = ROOT / "build" / "screenshots"


@pytest.fixture
def page(healthy: Stack, launch: Launch) -> Iterator[Page]:
    """The console, opened; fails the test when the page logged an error."""
    errors: list[str] = []
    browser = launch()
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(healthy.url("web", "/"))
    yield page
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / "console.png", full_page=True)
    browser.close()
    assert errors == []


def test_quotes_change_without_a_reload(page: Page) -> None:
    bids = page.locator("#quote-rows td[data-field=bid]")
    expect(bids).to_have_count(11)
    before = bids.all_inner_texts()
    moved = """before => [...document.querySelectorAll("#quote-rows td[data-field=bid]")]
        .some((cell, row) => cell.innerText !== before[row])"""
    page.wait_for_function(moved, arg=before, timeout=20_000)


def test_the_page_says_simulated_and_shows_the_canarys_pass(page: Page) -> None:
    expect(page.locator("body")).to_contain_text("SIMULATED")
    expect(page.locator("#canary")).to_contain_text("PASS")
