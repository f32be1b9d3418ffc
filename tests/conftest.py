"""What each test needs, told from where it stands and what it asks for: the desk can leave out the slow ones."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright

from tests import chromium

# How long it takes to make examples says how busy the machine is, not whether the code is right.
settings.register_profile("all", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("desk", settings.get_profile("all"), max_examples=25)
settings.load_profile("all")

HERE = Path(__file__).parent
ENGINE_FIXTURES = {"killed_database", "prometheus_image", "alertmanager_image"}
"""The fixtures that start containers. The executor's PostgreSQL is one where it comes from the stack's image."""
if os.environ.get("SPARK_TEST_POSTGRES") == "image":
    ENGINE_FIXTURES.add("postgres_server")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves a module unread whose tests are all left out: each worker would make all its cases for nothing."""
    if collection_path.suffix == ".py" and is_left_out(collection_path.read_text("utf-8"), config.option.markexpr):
        return True
    return None


def is_left_out(module: str, expression: str) -> bool:
    """Returns true when the marks of a module's `pytestmark` have one that `not … and not …` leaves out.

    Any other expression leaves it to pytest, test by test.
    """
    if not re.fullmatch(r"not \w+( and not \w+)*", expression):
        return False
    marked = re.findall(r"^pytestmark = .*", module, re.MULTILINE)
    return any(
        re.search(rf"\bmark\.{name}\b", line) for line in marked for name in re.findall(r"not (\w+)", expression)
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for marker in needs(item):
            item.add_marker(marker)
    items[:] = slow_ones_first(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def pytest_collection_finish() -> None:
    """Spares the collector of garbage all that was collected: it stays to the end."""
    gc.freeze()


def slow_ones_first(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """Begins each worker's share with some of the slow tests, so that none is left to run alone in the end."""
    slow = [item for item in items if item.get_closest_marker("slow")]
    quick = iter([item for item in items if not item.get_closest_marker("slow")])
    shares = [slow[worker::workers] for worker in range(workers)]
    size = -(-len(items) // workers)
    return [item for share in shares for item in [*share, *islice(quick, max(0, size - len(share)))]] + list(quick)


def needs(item: pytest.Item) -> set[str]:
    """`stack`, `browser`, `engine` and `slow`, as they apply."""
    folder = item.path.relative_to(HERE).parts[0]
    found = {folder} & {"stack", "browser"}
    if "ground" in getattr(item, "fixturenames", ()):
        found.add("stack")
    if folder in ("chaos", "soak"):
        found.add("slow")
    if folder == "rules" or ENGINE_FIXTURES & set(getattr(item, "fixturenames", ())):
        found.add("engine")
    return found


Launch = Callable[..., Browser]
"""Starts a Chromium with further arguments of its command line."""
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


@pytest.fixture(scope="session")
def launch() -> Iterator[Launch]:
    """The one driver of browsers in this process, since a second one fails. The browsers end with the session."""
    if chromium.found() is None:
        reason = "NO CHROMIUM: NOTHING WAS TESTED IN A BROWSER (apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browsers: list[Browser] = []

        def launched(*arguments: str) -> Browser:
            browsers.append(
                playwright.chromium.launch(executable_path=chromium.__file__, args=[*ARGUMENTS, *arguments])
            )
            return browsers[-1]

        yield launched
        for browser in browsers:
            browser.close()
