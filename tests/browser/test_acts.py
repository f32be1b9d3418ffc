"""Acknowledging and silencing in the page and on the runbook's page: by name, with the token, while panels change."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Own, Watched, context_of, opened
from tests.browser.test_page import CONTRAST
from tests.web.alertmanager_world import Alertmanager
from tests.web.trading_world import TOKEN

SOON_MS = 20_000
UNNAMED = """
() => [...document.querySelectorAll("button, input, select, a[href], dialog")]
  .filter((node) => node.checkVisibility())
  .filter((node) => !(node.textContent.trim() || node.labels?.length || node.getAttribute("aria-labelledby")))
  .map((node) => node.outerHTML.slice(0, 80))
"""


@dataclass
class Fired:
    """A desk at which an alert fires that no other test knows."""

    url: str
    alertmanager: Alertmanager
    key: str

    def row(self, page: Page, panel: str = "#alerts") -> Locator:
        return page.locator(f'{panel} li[data-key="{self.key}"]')


@pytest.fixture
def fired(own: Own) -> Fired:
    key = uuid.uuid4().hex[:16]
    own[1].alertmanager.fire(key, alertname="LedgerDown", severity="critical")
    return Fired(own[0].url, own[1].alertmanager, key)


def test_an_alert_is_acknowledged_by_name_and_taken_back(page: Page, fired: Fired) -> None:
    opened(page, fired.url)
    row = fired.row(page)
    row.get_by_role("button", name="Acknowledge…").click(timeout=SOON_MS)
    expect(page.locator("#act-said")).to_contain_text("needs the operator token")
    expect(page.locator("#act")).not_to_be_visible()
    page.locator("#token").fill(TOKEN)
    row.get_by_role("button", name="Acknowledge…").click()
    expect(page.locator("#act-title")).to_have_text("Acknowledge: LedgerDown")
    page.locator("#act-do").click()
    expect(page.locator("#act-outcome")).to_contain_text("The name is missing")
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate(UNNAMED) == []
    page.locator("#act-by").fill("Ada <b>")
    page.locator("#act-by").press("Enter")
    expect(page.locator("#act")).not_to_be_visible()
    expect(page.locator("#act-said")).to_have_text("LedgerDown: acknowledged.")
    expect(row.locator(".headline")).to_contain_text("acknowledged by Ada <b> until", timeout=SOON_MS)
    row.get_by_role("button", name="Take acknowledgement back…").click()
    page.locator("#act-do").click()
    expect(row.get_by_role("button", name="Acknowledge…")).to_be_visible(timeout=SOON_MS)
    row.locator("summary").click()
    expect(row.locator(".history")).to_contain_text("no longer acknowledged by Ada <b>")


def test_a_silence_needs_a_reason_and_is_ended_from_the_inbox(page: Page, fired: Fired) -> None:
    alertmanager = fired.alertmanager
    opened(page, fired.url)
    page.locator("#token").fill(TOKEN)
    row = fired.row(page)
    row.get_by_role("button", name="Silence…").click(timeout=SOON_MS)
    page.locator("#act-by").fill("Ada")
    page.locator("#act-do").click()
    expect(page.locator("#act-outcome")).to_contain_text("The reason is missing")
    assert alertmanager.holding() == []
    page.locator("#act-reason").fill("the disk is being changed")
    page.locator("#act-seconds").select_option("3600")
    page.locator("#act-do").click()
    expect(page.locator("#act-said")).to_have_text("LedgerDown: silenced.")
    (made,) = alertmanager.holding()
    assert (made["createdBy"], made["comment"]) == ("Ada", "the disk is being changed")
    row.get_by_role("button", name="End silence of Ada").click(timeout=SOON_MS)
    page.locator("#act-do").click()
    expect(page.locator("#act-said")).to_have_text("LedgerDown: no longer silenced.")
    assert alertmanager.holding() == []


def test_an_open_dialog_and_what_is_written_in_it_outlive_every_change_of_the_panel(page: Page, fired: Fired) -> None:
    opened(page, fired.url)
    page.locator("#token").fill(TOKEN)
    row = fired.row(page)
    row.get_by_role("button", name="Acknowledge…").click(timeout=SOON_MS)
    page.locator("#act-by").fill("Ada")
    fired.alertmanager.fire(f"{fired.key}-2", severity="critical")
    expect(page.locator(f'#alerts li[data-key="{fired.key}-2"]')).to_have_count(1, timeout=SOON_MS)
    fired.alertmanager.firing[0]["annotations"]["summary"] = "It changed."
    expect(row).to_contain_text("It changed.", timeout=SOON_MS)
    expect(page.locator("#act-by")).to_be_focused()
    expect(page.locator("#act-by")).to_have_value("Ada")
    page.locator("#act-do").click()
    expect(row.locator(".headline")).to_contain_text("acknowledged by Ada", timeout=SOON_MS)


def test_a_refusal_is_told_in_the_dialog_and_closing_it_does_nothing(page: Page, fired: Fired) -> None:
    opened(page, fired.url)
    page.locator("#token").fill("wrong")
    row = fired.row(page)
    row.get_by_role("button", name="Acknowledge…").click(timeout=SOON_MS)
    page.locator("#act-by").fill("Ada")
    page.locator("#act-do").click()
    expect(page.locator("#act-outcome")).to_contain_text("Not done. 401 UNAUTHORIZED")
    page.keyboard.press("Escape")
    expect(page.locator("#act")).not_to_be_visible()
    expect(row.get_by_role("button", name="Acknowledge…")).to_be_visible()


def test_the_name_in_the_inbox_leads_to_the_runbook_which_acts_and_lives(watched: Watched, fired: Fired) -> None:
    page = opened(watched.page, fired.url)
    fired.row(page).get_by_role("link", name="LedgerDown").click(timeout=SOON_MS)
    expect(page).to_have_url(f"{fired.url}/runbook/LedgerDown")
    expect(page.locator("#chapter")).to_contain_text("docker compose logs --tail 100 postgres")
    expect(page.locator("#link[data-state=live]")).to_be_visible()
    row = fired.row(page, "#state")
    expect(row.locator(".history")).to_contain_text("began to fire")
    page.locator("#token").fill(TOKEN)
    row.get_by_role("button", name="Acknowledge…").click()
    page.locator("#act-by").fill("Grace")
    page.locator("#act-do").click()
    expect(row.locator(".headline")).to_contain_text("acknowledged by Grace until", timeout=SOON_MS)
    fired.alertmanager.firing.clear()
    expect(row).to_have_attribute("data-status", "resolved", timeout=SOON_MS)
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate(UNNAMED) == []
    assert watched.troubles == []


def test_a_command_is_copied_with_its_button(chromium: Browser, desk: Own) -> None:
    context = context_of(chromium)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    try:
        page = context.new_page()
        page.goto(f"{desk[0].url}/runbook/LedgerDown")
        command = page.locator("#chapter .commands li", has_text="docker compose logs --tail 100 postgres")
        command.locator("button").click()
        expect(command.locator("button")).to_have_text("Copied")
        assert page.evaluate("() => navigator.clipboard.readText()") == "docker compose logs --tail 100 postgres"
    finally:
        context.close()


def test_the_runbook_says_that_the_connection_is_lost_and_comes_back(page: Page, own: Own) -> None:
    page.goto(f"{own[0].url}/runbook/LedgerDown")
    expect(page.locator("#link[data-state=live]")).to_be_visible()
    own[0].kill()
    expect(page.locator("#lost")).to_contain_text("Connection lost since", timeout=SOON_MS)
    own[0].start()
    expect(page.locator("#link[data-state=live]")).to_be_visible(timeout=SOON_MS)
    expect(page.locator("#lost")).not_to_be_visible()


@pytest.mark.parametrize("path", ["/runbook/NobodyWrites", "/runbook/Nothing"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_pages_are_readable_without_javascript_at_any_width(
    chromium: Browser, desk: Own, path: str, width: int
) -> None:
    context = chromium.new_context(java_script_enabled=True, viewport={"width": width, "height": 844})
    bare = chromium.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(f"{desk[0].url}{path}")
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
        assert page.evaluate(CONTRAST) == []
        plain = bare.new_page()
        plain.goto(f"{desk[0].url}{path}")
        assert plain.locator("main").inner_text().strip()
        if "Nobody" in path:
            assert "docker compose" in plain.locator("#chapter").inner_text()
    finally:
        context.close()
        bare.close()
