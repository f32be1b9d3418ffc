"""The console in a real Chromium: a running one where SPARK_TEST_CONSOLE_URL names it, else one among stand-ins."""

from __future__ import annotations

import os
import shutil
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.web.console import Console, Surroundings
from tests.web.world import TOKEN

Own = tuple[Console, Surroundings]
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@dataclass
class Watched:
    """A page, and everything that went wrong in it."""

    page: Page
    troubles: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = CHROMIUM if Path(CHROMIUM).exists() else shutil.which("chromium")
    if path is None:
        reason = f"no Chromium at {CHROMIUM}: THE CONSOLE WAS NOT TESTED IN A BROWSER (apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def given_url() -> str:
    """The address of a running console to test, or nothing."""
    return os.environ.get("SPARK_TEST_CONSOLE_URL", "").rstrip("/")


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    """A console among stand-ins that no test breaks."""
    folder = tmp_path_factory.mktemp("console")
    surroundings = Surroundings()
    console = Console(surroundings.environment(folder), folder)
    yield console, surroundings
    console.kill()
    surroundings.stop()


@pytest.fixture(scope="session")
def console_url(given_url: str, request: pytest.FixtureRequest) -> str:
    if given_url:
        return given_url
    console: Console = request.getfixturevalue("shared")[0]
    return console.url


@pytest.fixture
def desk(given_url: str, request: pytest.FixtureRequest) -> Own:
    """The shared console, without orders."""
    if given_url:
        pytest.skip("this test looks behind the console, so it is not run against SPARK_TEST_CONSOLE_URL")
    shared: Own = request.getfixturevalue("shared")
    shared[1].executors[0].orders.clear()
    end = time.monotonic() + 10
    while "data-client-order-id" in urllib.request.urlopen(f"{shared[0].url}/api/state", timeout=5).read().decode():
        assert time.monotonic() < end, "the console still shows orders of another test"
        time.sleep(0.1)
    return shared


@pytest.fixture
def operator_token(given_url: str) -> str:
    """Of the running console, as SPARK_TEST_OPERATOR_TOKEN gives it, or of the stand-ins."""
    token = os.environ.get("SPARK_TEST_OPERATOR_TOKEN", "") if given_url else TOKEN
    if not token:
        pytest.skip("placing orders needs SPARK_TEST_OPERATOR_TOKEN beside SPARK_TEST_CONSOLE_URL")
    return token


@pytest.fixture
def own(given_url: str, tmp_path: Path) -> Iterator[Own]:
    """A console among stand-ins that the test may break; such tests are not for a running stack."""
    if given_url:
        pytest.skip("this test breaks things, so it is not run against SPARK_TEST_CONSOLE_URL")
    surroundings = Surroundings()
    console = Console(surroundings.environment(tmp_path), tmp_path)
    yield console, surroundings
    console.kill()
    surroundings.stop()


@pytest.fixture
def watched(chromium: Browser) -> Iterator[Watched]:
    """A fresh page; console errors, failed scripts and refused content are collected."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(10_000)
    watched = Watched(context.new_page())

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            watched.troubles.append(f"{message.type}: {message.text}")

    watched.page.on("console", on_console)
    watched.page.on("pageerror", lambda error: watched.troubles.append(f"page error: {error}"))
    yield watched
    context.close()


@pytest.fixture
def page(watched: Watched) -> Page:
    return watched.page


def opened(page: Page, url: str) -> Page:
    """The console, live and with quotes."""
    page.goto(f"{url}/")
    page.wait_for_selector("#link[data-state=live]")
    page.wait_for_selector("#quote-rows tr")
    return page
