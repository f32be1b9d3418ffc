"""The console in a real Chromium: the running one that SPARK_TEST_CONSOLE_URL names, else one among stand-ins."""

from __future__ import annotations

import json
import os
import re
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.conftest import Launch
from tests.web.console import ALERT_TOKEN, Console, Surroundings
from tests.web.trading_world import TOKEN
from web.parts import MAX_STREAMS

Own = tuple[Console, Surroundings]
DESK: ViewportSize = {"width": 1440, "height": 900}
PATIENCE_MS = 30_000
"""The wait after which a test fails. It says nothing about speed."""


@dataclass
class Watched:
    """A page, and the errors in it."""

    page: Page
    troubles: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def chromium(launch: Launch) -> Browser:
    expect.set_options(timeout=PATIENCE_MS)
    return launch()


@pytest.fixture(scope="session")
def given_url() -> str:
    """The address of a running console to test; empty for none."""
    return os.environ.get("SPARK_TEST_CONSOLE_URL", "").rstrip("/")


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    """The one console among stand-ins of this session. A test that breaks something takes it from `own`."""
    folder = tmp_path_factory.mktemp("console")
    surroundings = Surroundings()
    console = Console(surroundings.environment(folder), folder)
    yield console, surroundings
    console.kill()
    surroundings.stop()


@pytest.fixture
def console_url(given_url: str, request: pytest.FixtureRequest) -> str:
    if given_url:
        return given_url
    shared: Own = request.getfixturevalue("shared")
    await_calm(shared[0])
    return shared[0].url


@pytest.fixture
def desk(given_url: str, request: pytest.FixtureRequest) -> Own:
    """The shared console, without orders, holds and kill switches, and with an alert path that is proven now."""
    if given_url:
        pytest.skip("this test looks behind the console, so it is not run against SPARK_TEST_CONSOLE_URL")
    shared: Own = request.getfixturevalue("shared")
    shared[1].executors[0].forget()
    beat(shared[0])
    await_calm(shared[0], streams=0, without_orders=True)
    return shared


@pytest.fixture
def operator_token(given_url: str) -> str:
    """The operator's token of the running console, from SPARK_TEST_OPERATOR_TOKEN, or that of the stand-ins."""
    token = os.environ.get("SPARK_TEST_OPERATOR_TOKEN", "") if given_url else TOKEN
    if not token:
        pytest.skip("placing orders needs SPARK_TEST_OPERATOR_TOKEN beside SPARK_TEST_CONSOLE_URL")
    return token


@pytest.fixture
def own(desk: Own) -> Iterator[Own]:
    """The same for a test that breaks the console or a stand-in; all are put back afterwards."""
    yield desk
    console, surroundings = desk
    surroundings.reset()
    console.start()


def beat(console: Console) -> None:
    """Tells the console's inbox a heartbeat, as Alertmanager does."""
    alert = {"status": "firing", "startsAt": "2026-11-22T09:00:00Z", "fingerprint": "1"}
    body = {"groupKey": "g", "receiver": "watchdog", "alerts": [alert | {"labels": {"alertname": "Watchdog"}}]}
    request = urllib.request.Request(f"{console.url}/api/alerts", json.dumps(body).encode(), method="POST")
    request.add_header("Authorization", f"Bearer {ALERT_TOKEN}")
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.status == 200


def await_calm(console: Console, *, streams: int = MAX_STREAMS // 2, without_orders: bool = False) -> None:
    """Waits until nothing of an earlier test is left: fresh quotes, few open streams and, if asked, no orders."""
    end = time.monotonic() + 20
    while (left := _left_over(console.url, streams, without_orders)) is not None:
        assert time.monotonic() < end, f"of an earlier test there still is: {left}"
        time.sleep(0.05)


def _left_over(url: str, streams: int, without_orders: bool) -> str | None:
    with urllib.request.urlopen(f"{url}/metrics", timeout=5) as answer:
        still_open = re.search(rb"^web_streams_open (\S+)", answer.read(), re.MULTILINE)
    if still_open is None or float(still_open[1]) > streams:
        return "an open stream"
    with urllib.request.urlopen(f"{url}/api/state", timeout=5) as answer:
        state = json.load(answer)
    if len(state.get("quotes", ())) < 5 or any(row["stale"] for row in state["quotes"]) or state["quotes_reason"]:
        return "a broken feed"
    if without_orders and any("data-client-order-id" in panel.get("html", "") for panel in state["panels"]):
        return "an order"
    if without_orders and any('class="alarm" href="#controls"' in panel.get("html", "") for panel in state["panels"]):
        return "a hold or a kill switch"
    return None


@pytest.fixture
def watched(chromium: Browser) -> Iterator[Watched]:
    """A fresh page; console errors, failed scripts and refused content are collected."""
    context = context_of(chromium)
    watched = Watched(context.new_page())

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            watched.troubles.append(f"{message.type}: {message.text}")

    watched.page.on("console", on_console)
    watched.page.on("pageerror", lambda error: watched.troubles.append(f"page error: {error}"))
    yield watched
    context.close()


def context_of(chromium: Browser) -> BrowserContext:
    """Returns a new profile. It shows no motion, which is slow without a GPU, and waits long on a busy machine."""
    context = chromium.new_context(viewport=DESK, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    return context


@pytest.fixture
def page(watched: Watched) -> Page:
    return watched.page


def opened(page: Page, url: str) -> Page:
    """Opens the console and returns the page, live and with quotes."""
    page.goto(f"{url}/")
    try:
        page.wait_for_selector("#link[data-state=live]")
        page.wait_for_selector("#quote-rows tr")
    except PlaywrightTimeout as error:
        asked = page.evaluate(
            "() => performance.getEntriesByType('resource').map((one) => "
            "`${one.name} ${one.responseStatus} ${Math.round(one.startTime)}+${Math.round(one.duration)} ms`)"
        )
        told = page.locator("#link").inner_text(), page.locator("#quotes-reason").inner_text()
        raise AssertionError(f"the page did not become live: {told}; it had asked for {asked}") from error
    return page
