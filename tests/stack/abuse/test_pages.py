"""A stranger's page in a real Chromium: it reads nothing of the stack and changes nothing in it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Request
from playwright.sync_api import Error as PlaywrightError

from tests.conftest import Launch
from tests.stack.abuse.conftest import Unharmed
from tests.stack.abuse.raw import Door
from tests.stack.stack import Stack
from tests.stranger import REBOUND, STRANGER, strangers_page

READING = """async ([url, options]) => {
  try { const answer = await fetch(url, options); return `read ${answer.type} ${(await answer.text()).slice(0, 80)}`; }
  catch (error) { return `failed: ${error.message}`; }
}"""
POSTING = """([url, fields]) => {
  const form = Object.assign(document.createElement("form"), { action: url, method: "post", enctype: "text/plain" });
  form.append(Object.assign(document.createElement("input"), { name: fields, value: "" }));
  document.body.append(form);
  form.submit();
}"""
LOADING = """(url) => new Promise((done) => {
  const image = Object.assign(new Image(), { onload: () => done("loaded"), onerror: () => done("failed") });
  image.src = url;
})"""
FRAMING = "(url) => document.body.append(Object.assign(document.createElement('iframe'), { src: url }))"
SILENCE = {
    "matchers": [{"name": "alertname", "value": ".+", "isRegex": True}],
    "startsAt": "2026-11-22T09:00:00Z",
    "endsAt": "2036-11-22T09:00:00Z",
    "createdBy": "stranger",
    "comment": "none",
}


@pytest.fixture(scope="module")
def stranger() -> Iterator[str]:
    """The address of the stranger's page."""
    with strangers_page() as address:
        yield address


@pytest.fixture(scope="module")
def chromium(launch: Launch) -> Iterator[Browser]:
    browser = launch(REBOUND)
    yield browser
    browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    yield context.new_page()
    context.close()


def counted(stack: Stack) -> tuple[int, int, int]:
    """Counts the silences, the alerts of this stranger, and the orders."""
    silences = json.loads(stack.ask("GET", "alertmanager", "/api/v2/silences").body)
    alerts = json.loads(stack.ask("GET", "alertmanager", "/api/v2/alerts").body)
    orders = stack.get("executor-1", "/v1/orders?status=all&limit=500")["orders"]
    return len(silences), sum(each["labels"].get("alertname") == "Stranger" for each in alerts), len(orders)


def post_a_form(page: Page, url: str, fields: str) -> None:
    """Posts a form and waits until that has ended: a connection that is reset with its body unread is an answer too."""
    ended: list[Request] = []

    def note(request: Request) -> None:
        if request.is_navigation_request():
            ended.append(request)

    page.on("requestfinished", note)
    page.on("requestfailed", note)
    page.evaluate(POSTING, [url, fields])
    for _ in range(100):
        if ended:
            break
        page.wait_for_timeout(50)
    page.remove_listener("requestfinished", note)
    page.remove_listener("requestfailed", note)
    assert [(each.method, each.url) for each in ended] == [("POST", url)]


def test_a_name_that_was_rebound_to_this_machine_is_shown_nothing(
    unharmed: Unharmed, page: Page, doors: list[Door]
) -> None:
    with unharmed():
        for door in doors:
            answer = page.goto(f"http://{STRANGER}:{door.port}{door.path}")
            assert answer is not None
            assert 400 <= answer.status < 500, (door.service, answer.status)
            assert "BTCTURK" not in page.content()
            told = page.evaluate(READING, [f"http://{STRANGER}:{door.port}/metrics", {}])
            assert "# HELP" not in told, (door.service, told)


def test_a_strangers_script_reads_no_answer_from_any_port(
    unharmed: Unharmed, page: Page, doors: list[Door], stranger: str
) -> None:
    with unharmed():
        page.goto(stranger)
        for door in doors:
            for options in ({}, {"mode": "no-cors"}, {"credentials": "include"}):
                told = page.evaluate(READING, [f"http://{door.host}{door.path}", options])
                assert told == "read opaque " or told.startswith("failed: "), (door.service, told)


def test_a_strangers_form_fetch_or_image_changes_nothing(
    unharmed: Unharmed, page: Page, healthy: Stack, doors: list[Door], stranger: str
) -> None:
    with unharmed():
        before = counted(healthy)
        order = {
            "client_order_id": "stranger",
            "symbol": "BTCTURK:BTCTRY",
            "side": "buy",
            "type": "market",
            "quantity": "0.001",
        }
        alert = [{"labels": {"alertname": "Stranger"}}]
        at = {door.service: f"http://{door.host}" for door in doors}
        targets = [
            (f"{at['alertmanager']}/api/v2/silences", SILENCE),
            (f"{at['alertmanager']}/api/v2/alerts", alert),
            (f"{at['executor-1']}/v1/orders", order),
            (f"{at['executor-2']}/v1/kill-switch", {"engaged": True}),
            (f"{at['web']}/api/orders", order),
            (f"{at['web']}/api/alerts", {"version": "4", "alerts": []}),
        ]
        for url, body in targets:
            for kind in ("text/plain", "application/json"):
                options = {
                    "method": "POST",
                    "body": json.dumps(body),
                    "headers": {"Content-Type": kind},
                    "mode": "cors",
                }
                page.goto(stranger)
                assert page.evaluate(READING, [url, options]).startswith("failed: "), url
                page.evaluate(READING, [url, options | {"mode": "no-cors"}])
            page.evaluate(LOADING, url)
            post_a_form(page, url, json.dumps(body))
        assert counted(healthy) == before


def test_a_strangers_page_can_not_frame_or_open_and_read_the_console(
    unharmed: Unharmed, page: Page, doors: list[Door], stranger: str
) -> None:
    with unharmed():
        web = next(door for door in doors if door.service == "web")
        page.goto(stranger)
        page.evaluate(FRAMING, f"http://{web.host}/")
        page.wait_for_timeout(1500)
        for frame in page.frames[1:]:
            try:
                assert "BTCTURK" not in frame.content()
            except PlaywrightError:
                continue  # The browser shows its own page in place of what it refused.
