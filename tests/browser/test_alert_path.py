"""The alert path in the page: its silence is shown at the top until the next heartbeat proves it again."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, expect

from tests.browser.conftest import Own, beat, opened
from tests.browser.test_page import CONTRAST
from web.alerts.inbox import AlertInbox


def test_a_silent_alert_path_is_said_until_a_heartbeat_comes(page: Page, desk: Own) -> None:
    long_ago = datetime.now(UTC) - timedelta(minutes=10)
    AlertInbox(desk[0].folder / "alerts.sqlite").take([], "resolved", heartbeat_at=long_ago)
    opened(page, desk[0].url)
    said = f"since {long_ago:%Y-%m-%d %H:%M:%S} UTC; no alert may reach this page"
    expect(page.locator("#alerts .path")).to_have_text(f"Alert path SILENT {said}")
    expect(page.locator(".glance .alarm")).to_contain_text(said)
    assert page.evaluate(CONTRAST) == []
    beat(desk[0])
    expect(page.locator("#alerts .path")).to_have_text(re.compile(r"^\s*Alert path proven (<1|\d+) s ago\s*$"))
    expect(page.locator(".glance .alarm")).to_have_count(0)


def test_an_open_history_stays_open_when_the_panel_changes(page: Page, own: Own) -> None:
    own[1].alertmanager.fire("First")
    opened(page, own[0].url)
    first = page.locator('#alerts li[data-key="First"]')
    first.locator("summary").click(timeout=20_000)
    expect(first.locator(".history li")).to_contain_text("began to fire")
    own[1].alertmanager.fire("Second", severity="critical")
    expect(page.locator('#alerts li[data-key="Second"]')).to_be_visible(timeout=20_000)
    expect(first.locator(".history li")).to_be_visible()
    assert page.evaluate(CONTRAST) == []
