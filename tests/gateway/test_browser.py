"""A page of another origin in a real Chromium moves nothing and reads nothing, under whatever name it comes."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.conftest import Launch
from tests.gateway.rig import DOORS, Gateway
from tests.stranger import REBOUND, STRANGER, strangers_page

pytestmark = pytest.mark.engine
READ = """async ([url, options]) => {
    try { const answer = await fetch(url, options); return answer.type === "opaque" ? "unread" : await answer.text() }
    catch (error) { return "failed" }
}"""
FORM = """url => new Promise(done => {
    const frame = document.createElement("iframe"), form = document.createElement("form")
    frame.name = form.target = `inside ${Math.random()}`; form.action = url; form.method = "POST"
    document.body.append(frame, form)
    frame.onload = done
    form.submit()
    setTimeout(done, 20000)
})"""
IMAGE = """url => new Promise(done => {
    const image = new Image()
    image.onload = image.onerror = done
    image.src = url
})"""


@pytest.fixture(scope="module")
def page(launch: Launch) -> Iterator[Page]:
    """The stranger's page. Every name ending in its own leads to this machine."""
    with strangers_page() as address:
        browser = launch(REBOUND)
        opened = browser.new_context().new_page()
        opened.goto(address)
        yield opened
        browser.close()


@pytest.mark.parametrize("door", DOORS)
def test_nothing_that_a_foreign_page_sends_gets_through(gateway: Gateway, page: Page, door: str) -> None:
    """A form, an image, a fetch that needs no permission, one that does, and one that only reads."""
    path = f"/{door}/{uuid.uuid4().hex}"
    for host in ("127.0.0.1", "localhost"):
        url = f"http://{host}:{gateway.ports[door]}{path}"
        simple = {"method": "POST", "mode": "no-cors", "body": "{}"}
        permitted = {"method": "PUT", "headers": {"Content-Type": "application/json"}, "body": "{}"}
        assert page.evaluate(READ, [url, simple]) in ("unread", "failed")
        assert page.evaluate(READ, [url, permitted]) == "failed"
        assert page.evaluate(READ, [url, {}]) == "failed"
        page.evaluate(FORM, url)
        page.evaluate(IMAGE, url)
    deadline = time.monotonic() + 60
    while len(refused := [line for line in gateway.log() if line["path"] == path]) < 10:
        assert time.monotonic() < deadline, refused
        time.sleep(0.1)
    assert {(line["reason"], line["status"]) for line in refused} == {("origin", 403)}


@pytest.mark.parametrize("door", DOORS)
def test_a_name_that_leads_here_reads_nothing(gateway: Gateway, page: Page, door: str) -> None:
    """To the browser this page and the door have one origin, as after DNS rebinding: only Host tells them apart."""
    opened = page.context.new_page()
    answer = opened.goto(f"http://{STRANGER}:{gateway.ports[door]}/")
    assert answer is not None
    assert answer.status == 421
    text = opened.evaluate(READ, [f"http://{STRANGER}:{gateway.ports[door]}/metrics", {}])
    assert "HOST_REFUSED" in text
    opened.close()


def test_a_link_to_the_console_is_followed(gateway: Gateway, page: Page) -> None:
    opened = page.context.new_page()
    opened.goto(page.url)
    with opened.expect_navigation():
        opened.evaluate("url => { location.href = url }", f"http://{gateway.own('web')}/")
    assert '"path": "/"' in opened.inner_text("body")
    opened.close()
