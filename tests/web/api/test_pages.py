from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from common import wire
from tests.web import trading_world, world
from tests.web.conftest import Built, build
from tests.web.console import Surroundings
from web.settings import Settings


def page(built: Built) -> str:
    answer = built.client.get("/")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_page_is_painted_whole_on_the_server(built: Built) -> None:
    built.read()
    html = page(built)
    for text in ("BTC/TRY", "4,124,997", "Positions and risk", "No orders yet.", "PASS", "executor-1", "No alert has"):
        assert text in html
    assert f'href="/api/evidence/{world.PACKAGE}"' in html


def test_the_page_comes_before_anything_has_answered(built: Built) -> None:
    html = page(built)
    assert "No quote has arrived yet." in html
    assert "not asked yet" in html
    assert "has not answered yet" in html


def test_the_page_stands_when_everybody_is_dead_and_says_so(built: Built, around: Surroundings) -> None:
    built.read()
    around.stop()
    built.read()
    html = page(built)
    assert html.count("no answer") >= 6
    assert "Orders can't be read" in html
    assert "The last answer is shown." in html


def test_a_simulated_market_has_a_banner(built: Built) -> None:
    assert "<strong>SIMULATED</strong>" in page(built)
    assert "<title>SIMULATED" in page(built)


def test_a_live_market_says_live_and_not_simulated(around: Surroundings, tmp_path: Path) -> None:
    html = page(build(Settings.from_environment(around.environment(tmp_path, "live"))))
    assert "<strong>LIVE</strong>" in html
    assert "SIMULATED" not in html


def test_what_comes_from_outside_is_escaped(built: Built, around: Surroundings) -> None:
    attack = "<script>alert(1)</script>"
    around.canary.reasons = [attack]
    around.canary.verdict = "FAIL"
    built.read()
    html = page(built)
    assert attack not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_nothing_inline_and_nothing_from_elsewhere(built: Built) -> None:
    built.read()
    answer = built.client.get("/")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    html = answer.get_data(as_text=True)
    assert " style=" not in html
    assert "<style" not in html
    assert " onclick" not in html
    assert html.count("<script") == html.count('<script type="module" src="/static/') == 1
    assert 'src="http' not in html


def test_every_answer_carries_the_security_headers(lasting: Built) -> None:
    for path in ("/", "/api/state", "/static/console.css", "/nowhere", "/healthz"):
        headers = lasting.client.get(path).headers
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Spark-Market"] == "simulated"
        assert "default-src 'self'" in headers["Content-Security-Policy"]


def test_evidence_is_handed_on_as_a_download(built: Built) -> None:
    answer = built.client.get(f"/api/evidence/{world.PACKAGE}")
    assert (answer.status_code, answer.data, answer.content_type) == (200, world.PACKAGE_BYTES, "application/zip")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{world.PACKAGE}"'


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "...zip",
        "..zip",
        ".zip",
        "a..zip",
        "canary.tar",
        "canary.zip.sh",
        "a%00.zip",
        "a%0d%0aX.zip",
        "%22.zip",
        "a b.zip",
        "..%5cpasswd.zip",
        "x" * 200 + ".zip",
    ],
)
def test_a_name_that_is_no_packages_is_refused(lasting: Built, around: Surroundings, name: str) -> None:
    answer = lasting.client.get(f"/api/evidence/{name}")
    assert answer.status_code in (404, 422)
    assert around.canary.server.asked == []


@pytest.mark.parametrize("name", ["../etc/passwd.zip", "..%2f..%2fetc%2fpasswd.zip", "%2e%2e%2fpasswd.zip"])
def test_a_path_is_not_a_name(lasting: Built, around: Surroundings, name: str) -> None:
    assert lasting.client.get(f"/api/evidence/{name}").status_code == 404
    assert around.canary.server.asked == []


def test_an_unknown_package_is_not_found_and_a_dead_canary_is_unavailable(built: Built, around: Surroundings) -> None:
    assert built.client.get("/api/evidence/canary_9.9.9_20200101T000000Z.zip").status_code == 404
    around.canary.stop()
    assert built.client.get(f"/api/evidence/{world.PACKAGE}").status_code == 503


def test_a_package_name_from_the_canary_is_escaped_in_the_link(built: Built, around: Surroundings) -> None:
    around.canary.packages[0] |= {"name": 'x" onmouseover="y.zip'}
    built.read()
    assert 'x" onmouseover' not in page(built)


def test_denials_are_shown_with_code_and_numbers(built: Built, around: Surroundings) -> None:
    request = msgspec.json.decode(
        b'{"client_order_id":"c","symbol":"BTCTURK:BTCTRY","side":"buy","type":"market","quantity":"250"}',
        type=wire.OrderRequest,
    )
    around.executors[0].orders.append(trading_world.order(request, 1))
    built.read()
    html = page(built)
    assert "MAX_NOTIONAL" in html
    assert "1,031,250,750" in html
