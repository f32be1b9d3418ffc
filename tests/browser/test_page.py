"""The page at rest: its banner, its rules about content, its widths, its keyboard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import DESK, Watched, context_of, opened


@pytest.fixture(scope="module")
def long_open(chromium: Browser) -> Iterator[Page]:
    """One page for all tests that only look at it; the first test loads it."""
    context = context_of(chromium)
    yield context.new_page()
    context.close()


@pytest.fixture
def seen(long_open: Page, console_url: str) -> Page:
    """That page, live, in a desk's width, with nothing in focus."""
    if not long_open.url.startswith(console_url):
        opened(long_open, console_url)
    long_open.wait_for_selector("#link[data-state=live]")
    long_open.set_viewport_size(DESK)
    long_open.evaluate("() => document.activeElement.blur()")
    return long_open


def test_the_banner_says_simulated(seen: Page) -> None:
    banner = seen.locator(".banner")
    assert banner.is_visible()
    assert "SIMULATED" in banner.inner_text()
    assert seen.title().startswith("SIMULATED")


def test_nothing_is_refused_and_nothing_fails_while_the_page_lives(watched: Watched, console_url: str) -> None:
    page = watched.page
    answers = []
    page.on("response", lambda response: answers.append((response.status, response.url)))
    opened(page, console_url)
    page.wait_for_function("() => document.querySelector('[data-age-of=services]').dataset.at !== ''")
    assert watched.troubles == []
    assert [answer for answer in answers if answer[0] >= 400] == []
    assert all(url.startswith(console_url) for _, url in answers)


def test_an_inline_script_would_be_refused(watched: Watched, console_url: str) -> None:
    page = opened(watched.page, console_url)
    page.evaluate(
        "() => document.body.append(Object.assign(document.createElement('script'), { textContent: 'pwned = 1' }))"
    )
    assert page.evaluate("() => window.pwned") is None
    assert any("Content Security Policy" in trouble for trouble in watched.troubles)


@pytest.mark.parametrize("width", [390, 640, 768, 1024, 1440])
def test_no_width_needs_sideways_scrolling(seen: Page, width: int) -> None:
    seen.set_viewport_size({"width": width, "height": 844})
    seen.wait_for_function("(width) => window.innerWidth === width", arg=width)
    assert seen.evaluate("() => document.documentElement.scrollWidth") <= width


def test_everything_is_there_without_javascript(chromium: Browser, console_url: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(f"{console_url}/")
        for panel in ("quotes", "portfolio", "orders", "alerts", "ticket", "services", "canary"):
            assert page.locator(f"#{panel}").is_visible()
        assert "Without JavaScript" in page.locator("noscript").inner_text()
    finally:
        context.close()


def test_the_ticket_is_reached_and_read_by_keyboard(seen: Page) -> None:
    seen.locator("#symbol").focus()
    reached = []
    for _ in range(6):
        seen.keyboard.press("Tab")
        reached.append(seen.evaluate("() => document.activeElement.name || document.activeElement.id"))
    assert reached == ["side", "type", "quantity", "time_in_force", "token", "place"]


CONTRAST = """
() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const channel = (v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const color = rgb(getComputedStyle(node).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [0, 0, 0];
  };
  const written = (node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
  const poor = [];
  for (const node of document.querySelectorAll("body *")) {
    if (node.matches("[data-flash], option, noscript, .skip") || !written(node) || !node.checkVisibility()) continue;
    const pair = [light(rgb(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (ratio < 4.5) poor.push(`${node.className || node.tagName} ${node.textContent.trim().slice(0, 30)} ${ratio}`);
  }
  return poor;
}
"""


def test_every_text_has_enough_contrast(seen: Page) -> None:
    assert seen.evaluate(CONTRAST) == []
