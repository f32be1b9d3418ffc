"""The page over time: quotes move, old ones are marked, a lost connection is shown, and it comes back."""

from __future__ import annotations

import urllib.request
from contextlib import ExitStack

from playwright.sync_api import Page

from common.answers import Unpriced
from tests.browser.conftest import Own, Watched, opened
from web.parts import MAX_STREAMS

BIDS = "() => [...document.querySelectorAll('#quote-rows [data-field=bid]')].map((cell) => cell.textContent).join()"


def test_quotes_change_without_a_reload(page: Page, console_url: str) -> None:
    opened(page, console_url)
    page.evaluate("() => { window.loadedOnce = true }")
    before = page.evaluate(BIDS)
    page.wait_for_function(f"(before) => ({BIDS})() !== before", arg=before)
    assert page.evaluate("() => window.loadedOnce")


def test_a_stale_feed_is_marked_in_words_and_fresh_again_when_it_is(page: Page, own: Own) -> None:
    console, around = own
    opened(page, console.url)
    assert page.locator("#quote-rows tr.stale").count() == 0
    around.market.frozen, around.market.age = True, 60.0
    around.executors[0].unpriced = (Unpriced(symbol="BTCTURK:USDTTRY", reason="the quote is stale, 60.0 s old"),)
    page.wait_for_function("() => document.querySelectorAll('#quote-rows tr.stale').length === 5")
    assert page.locator("#quote-rows .age").first.inner_text().startswith("stale ")
    page.wait_for_function("() => document.getElementById('portfolio').innerText.includes('Not fully priced')")
    around.market.frozen, around.market.age = False, 0.2
    page.wait_for_function("() => document.querySelectorAll('#quote-rows tr.stale').length === 0")


def test_a_symbol_that_is_removed_leaves_the_table_and_comes_back_when_it_is_added(page: Page, own: Own) -> None:
    console, around = own
    opened(page, console.url)
    symbols = "() => [...document.querySelectorAll('#quote-rows tr')].map((row) => row.dataset.symbol).join()"
    before = page.evaluate(symbols)
    around.market.removed = {"BTCTURK:ETHTRY"}
    page.wait_for_function(f"() => ({symbols})() === '{before.replace('BTCTURK:ETHTRY,', '')}'")
    around.market.removed = set()
    page.wait_for_function(f"() => ({symbols})() === '{before}'")


def test_a_market_that_closes_says_so_beside_its_pair(page: Page, own: Own) -> None:
    console, around = own
    opened(page, console.url)
    assert page.locator("#quote-rows .tag:visible").count() == 0
    around.market.phase = "closing_auction"
    page.wait_for_function("() => document.querySelector('#quote-rows .tag').textContent === 'closing auction'")
    assert page.locator("#quote-rows .tag").first.is_visible()
    around.market.phase = "continuous"
    page.wait_for_function("() => document.querySelector('#quote-rows .tag').textContent === ''")


def test_a_dead_marketdata_is_marked_and_named(page: Page, own: Own) -> None:
    console, around = own
    opened(page, console.url)
    around.market.stop()
    page.wait_for_selector("#quotes-reason:not([hidden])")
    assert "does not answer" in page.locator("#quotes-reason").inner_text()
    page.wait_for_function("() => document.querySelectorAll('#quote-rows tr.stale').length === 5")
    page.wait_for_selector("[data-service=marketdata][data-state=bad]")


def test_a_lost_connection_is_said_and_comes_back_by_itself(page: Page, own: Own) -> None:
    console, _ = own
    opened(page, console.url)
    console.kill()
    page.wait_for_selector("#lost:not([hidden])", timeout=30_000)
    assert "Connection lost since" in page.locator("#lost").inner_text()
    page.wait_for_function("() => document.querySelectorAll('#quote-rows tr.stale').length === 5")
    console.start()
    page.wait_for_selector("#link[data-state=live]", timeout=30_000)
    assert page.locator("#lost").is_hidden()
    page.wait_for_function("() => document.querySelectorAll('#quote-rows tr.stale').length === 0")


def test_the_thirteenth_page_polls_and_moves_too(watched: Watched, own: Own) -> None:
    console, _ = own
    with ExitStack() as streams:
        for _ in range(MAX_STREAMS):
            streams.enter_context(urllib.request.urlopen(f"{console.url}/api/live", timeout=10))
        page = watched.page
        page.goto(console.url)
        page.wait_for_function("() => document.getElementById('link-text').textContent === 'Live, polling'")
        before = page.evaluate(BIDS)
        page.wait_for_function(f"(before) => ({BIDS})() !== before", arg=before)
