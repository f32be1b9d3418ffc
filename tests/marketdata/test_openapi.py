"""Market data's OpenAPI document is true: whatever is asked, with everything known or nothing, it told the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import schemathesis
import urllib3
from flask import Flask
from hypothesis import HealthCheck, settings

from common import sse, wire
from common.clock import SYSTEM_CLOCK
from common.loop import Stop, Supervisor
from common.openapi import SCHEMAS
from common.verifier import verifier_of
from marketdata import messages
from marketdata.app import create_app
from marketdata.examples import EXAMPLES, REFUSALS
from marketdata.openapi import document
from marketdata.parts import Parts, Timings
from marketdata.settings import Settings
from marketdata.state.bars import MOST_BARS
from marketdata.venues.btcturk.assembly import BtcturkTimings
from tests.common.document_checks import checks_of
from tests.common.local import eventually, http_server
from tests.marketdata.rig import PATIENT, QUICK, rest_app, settings_for
from tests.marketdata.venues.algolab.rig import OURS, TIMINGS, TOKEN
from tests.venue.algolab.rig import running_bist
from tests.venue.btcturk.rig import running_venue

pytestmark = pytest.mark.slow

DOCUMENT = "/v1/openapi.json"
SYMBOLS = ("BTCTURK:BTCTRY", "BTCTURK:ETHUSDT", "BIST:THYAO", "BIST:GARAN")
NOWHERE = "http://127.0.0.1:9"
KINDS = {
    kind.__name__: kind
    for module in (wire, messages)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, wire.Message)
} | {type(example).__name__: type(example) for example in EXAMPLES}
TOLD = document("0", SYMBOLS)
OPERATIONS = [(path, method, call) for path, calls in TOLD["paths"].items() for method, call in calls.items()]
schema = schemathesis.openapi.from_dict(TOLD).exclude(operation_id="streamEvents")
"""A stream has no end, so that waiting for its answer has none; a test below reads its beginning."""


def _settings(folder: Path, btcturk: str, rest: str, algolab: str, broker: str, session: str) -> Settings:
    secrets = {
        "SPARK_ALGOLAB_API_KEY": OURS.api_key,
        "SPARK_ALGOLAB_USERNAME": OURS.username,
        "SPARK_ALGOLAB_PASSWORD": OURS.password,
        "SPARK_ALGOLAB_SESSION": session,
        "SPARK_OPERATOR_VERIFIER": verifier_of(TOKEN),
    }
    for name, secret in secrets.items():
        (folder / name).write_text(secret)
    return settings_for(
        btcturk,
        rest,
        **{f"{name}_FILE": str(folder / name) for name, secret in secrets.items() if secret},
        SPARK_BIST_SYMBOLS="THYAO,GARAN",
        SPARK_ALGOLAB_WS_URL=algolab,
        SPARK_ALGOLAB_REST_URL=broker,
        SPARK_ALGOLAB_SMS_URL=f"{broker}/sim/sms",
        SPARK_DATA_DIR=str(folder),
        SPARK_STREAMS_MAX="2",
    )


def _parts(settings: Settings) -> Parts:
    timings = Timings(
        link=QUICK,
        btcturk=BtcturkTimings(resync=PATIENT),
        algolab=TIMINGS,
        backoff=(0.05, 0.5),
        first_dial=0.0,
    )
    return Parts.build(settings, Supervisor(Stop()), timings, SYSTEM_CLOCK)


@contextmanager
def _following_both(folder: Path) -> Iterator[Flask]:
    """The service while it follows both venues, and every book is live."""
    with running_venue() as venue, http_server(rest_app(venue)) as rest, running_bist() as bist:
        found = _settings(folder, venue.url, rest, bist.ws_url, bist.rest_url, bist.session())
        parts = _parts(found)
        parts.start()
        try:
            eventually(lambda: not parts.store.not_live() and len(parts.instruments()) == len(SYMBOLS))
            yield create_app(found, parts)
        finally:
            parts.stop()


@contextmanager
def _knowing_nothing(folder: Path) -> Iterator[Flask]:
    """The service before any venue has answered."""
    found = _settings(folder, "ws://127.0.0.1:9", NOWHERE, "ws://127.0.0.1:9", NOWHERE, "")
    yield create_app(found, _parts(found))


@pytest.fixture(scope="module", params=[_following_both, _knowing_nothing])
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with request.param(tmp_path_factory.mktemp("marketdata")) as running:
        yield running


@pytest.fixture(scope="module", params=[_following_both, _knowing_nothing])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service of its own for calls that are made at random: they may remove a symbol."""
    with request.param(tmp_path_factory.mktemp("marketdata")) as running, http_server(running) as served:
        yield served


def _fields(name: str) -> set[str]:
    return set(TOLD["components"]["schemas"][name]["properties"])


def _name_in(content: dict[str, Any]) -> str:
    return str(content["application/json"]["schema"]["$ref"].removeprefix(SCHEMAS))


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_answer_is_one_that_the_document_does_not_know(case: Any, url: str) -> None:
    case.call_and_validate(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, checks=checks_of(case))


@schema.parametrize()
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
def test_without_the_token_a_guarded_call_is_refused_as_the_document_says(case: Any, url: str) -> None:
    answer = case.call(base_url=url, headers={"Authorization": "Bearer wrong"})
    if case.method.upper() == case.operation.method.upper():
        assert (answer.status_code == 401) == ("security" in case.operation.definition.raw)


def test_every_call_is_in_the_document_and_every_call_of_it_exists(app: Flask) -> None:
    served = app.test_client().get(DOCUMENT).get_json()
    told = {(method.upper(), path) for path, calls in served["paths"].items() for method in calls}
    routes = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.rule.startswith("/v1/") and rule.rule != DOCUMENT and method not in ("HEAD", "OPTIONS")
    }
    assert told == routes
    assert served["components"]["schemas"]["Symbol"]["enum"] == list(SYMBOLS)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: type(each).__name__)
def test_an_example_is_a_real_message_with_every_field_of_its_schema(example: Any) -> None:
    body = wire.encode(example)
    assert wire.decode(type(example), body) == example
    required = set(TOLD["components"]["schemas"][type(example).__name__]["required"])
    assert required <= set(msgspec.json.decode(body)) <= _fields(type(example).__name__)


def test_every_answer_and_every_body_has_an_example_of_its_own_message() -> None:
    examples = {type(example).__name__: msgspec.json.decode(wire.encode(example)) for example in EXAMPLES}
    for _, _, call in OPERATIONS:
        holders = [*call["responses"].values(), call.get("requestBody", {})]
        for content in (holder["content"] for holder in holders if "content" in holder):
            assert all("example" in each for each in content.values()), call["operationId"]
            if "application/json" in content and _name_in(content) != "Failure":
                assert content["application/json"]["example"] == examples[_name_in(content)]


@pytest.mark.parametrize(
    ("status", "method", "path", "token", "body"),
    [
        ("401", "POST", "/v1/feeds/BIST/login", "wrong", b""),
        ("404", "GET", "/v1/quotes/BTCTURK:NONE", TOKEN, b""),
        ("409", "POST", "/v1/feeds/BIST/sms", TOKEN, b'{"code":"123456"}'),
        ("413", "POST", "/v1/feeds/BIST/sms", TOKEN, b" " * 70_000),
        ("422", "GET", f"/v1/books/{SYMBOLS[0]}?depth=0", TOKEN, b""),
        ("503", "GET", "/v1/instruments", TOKEN, b""),
    ],
)
def test_a_failures_example_is_one_that_the_service_gives(
    app: Flask, status: str, method: str, path: str, token: str, body: bytes
) -> None:
    answer = app.test_client().open(path, method=method, data=body, headers={"Authorization": f"Bearer {token}"})
    if status == "503" and answer.status_code == 200:
        return
    assert answer.status_code == int(status)
    real, told = answer.get_json()["error"], REFUSALS[status]["error"]
    assert {name: real[name] for name in ("code", "retryable")} == {name: told[name] for name in ("code", "retryable")}
    assert set(real["details"]) == set(told["details"])


def test_real_answers_are_the_messages_that_the_document_names(app: Flask) -> None:
    """A field that an answer has and the document does not is one that nobody can know of."""
    http = app.test_client()
    for path, method, call in OPERATIONS:
        content = call["responses"].get("200", {}).get("content", {})
        if method != "get" or "application/json" not in content:
            continue
        for symbol in SYMBOLS if "{symbol}" in path else ("",):
            answer = http.get(path.replace("{symbol}", symbol))
            if answer.status_code == 503 and "503" in call["responses"]:
                continue
            assert answer.status_code == 200, path
            kind = KINDS[_name_in(content)]
            assert wire.encode(wire.decode(kind, answer.data)) == answer.data, path


@pytest.mark.parametrize("path", [path for path, _, call in OPERATIONS if "304" in call["responses"]])
def test_a_version_that_the_client_has_is_304_with_its_age_and_no_body(app: Flask, path: str) -> None:
    http, asked = app.test_client(), path.replace("{symbol}", SYMBOLS[0])
    if http.get(asked).status_code == 503:
        return

    def unchanged() -> bool:
        again = http.get(asked, headers={"If-None-Match": http.get(asked).headers["ETag"]})
        if again.status_code == 304:
            assert again.data == b""
            assert {"ETag", "X-Spark-Age-Seconds"} <= set(again.headers.keys())
        return again.status_code == 304

    eventually(unchanged)


@pytest.mark.parametrize(
    ("path", "name", "bounds"),
    [
        (path, parameter["name"], parameter["schema"])
        for path, _, call in OPERATIONS
        for parameter in call.get("parameters", ())
        if parameter["schema"].get("type") == "integer" and path != "/v1/stream"
    ],
)
def test_a_parameters_bounds_are_the_ones_that_hold(app: Flask, path: str, name: str, bounds: dict[str, int]) -> None:
    http, asked = app.test_client(), path.replace("{symbol}", SYMBOLS[0])
    for value, statuses in (
        (bounds["minimum"], {200, 503}),
        (bounds["maximum"], {200, 503}),
        (bounds["minimum"] - 1, {422}),
        (bounds["maximum"] + 1, {422}),
    ):
        assert http.get(f"{asked}?{name}={value}").status_code in statuses, value


def test_every_resolution_that_is_told_is_served_up_to_its_own_bound(app: Flask) -> None:
    [told] = [one["schema"] for one in _parameters("/v1/candles/{symbol}") if one["name"] == "resolution"]
    assert set(told["enum"]) == set(MOST_BARS)
    for resolution, most in MOST_BARS.items():
        asked = f"/v1/candles/{SYMBOLS[0]}?resolution={resolution}&limit="
        assert app.test_client().get(f"{asked}{most}").status_code == 200
        assert app.test_client().get(f"{asked}{most + 1}").status_code == 422


def _parameters(path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = TOLD["paths"][path]["get"]["parameters"]
    return found


def test_the_stream_begins_as_the_document_says(app: Flask) -> None:
    told, kinds = TOLD["paths"]["/v1/stream"]["get"]["responses"]["200"], "quote,trade,book,status,auction"
    with http_server(app) as served:
        answer = urllib3.request("GET", f"{served}/v1/stream?kinds={kinds}", preload_content=False)
        try:
            assert answer.status == 200
            assert answer.headers["Content-Type"].partition(";")[0] in told["content"]
            first = next(event for event in sse.read(sse.lines(answer.stream(1024))) if event is not None)
        finally:
            answer.close()
    assert first.name == "snapshot"
    assert re.fullmatch(r"[0-9a-f]{1,16}-[0-9]+", first.id)
    snapshot = wire.decode(messages.StreamSnapshot, first.data)
    assert wire.encode(snapshot).decode() == first.data
    assert len(snapshot.statuses) == len(SYMBOLS)  # type: ignore[arg-type]


def test_the_streams_example_is_one_that_a_client_can_read() -> None:
    told = TOLD["paths"]["/v1/stream"]["get"]["responses"]["200"]
    example = told["content"]["text/event-stream"]["example"]
    found = list(sse.read(sse.lines([example.encode()])))
    assert [event and event.name for event in found] == ["snapshot", "quote", "trade", None]
    kinds: dict[str, type[Any]] = {"snapshot": messages.StreamSnapshot, "quote": wire.Quote, "trade": wire.Trade}
    for event in found:
        if event is not None:
            assert f"{event.name} ({kinds[event.name].__name__})" in told["description"]
            assert wire.encode(wire.decode(kinds[event.name], event.data)).decode() == event.data
