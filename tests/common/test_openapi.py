"""A service's table of calls becomes a document whose schemas its own messages fit, and nothing looser."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given, settings

from common import answers, wire
from common.errors import NotFound
from common.openapi import PLAIN_DIGITS, SCHEMAS, TEXT, Api, Call, document
from executor import openapi as executor
from marketdata import openapi as marketdata
from tests.common import messages
from tests.common.test_decimals import DECIMALS

LEVEL = wire.Level(price=Decimal("1E-8"), quantity=Decimal("2.50"))
QUERY = {"limit": {"type": "integer", "minimum": 1, "maximum": 9}}
API = Api(
    title="Tests",
    description="Calls of a service that tests made up.",
    calls=(
        Call("get /v1/levels/{name}", "read", "A level", {"200": (wire.Level, "One")}, "404", None, QUERY, tagged=True),
        Call("put /v1/levels/{name}", "set", "Set it", {"200": (wire.Level, "One")}, "404", wire.OrderRequest),
        Call("get /v1/stream", "stream", "Follow", stream="level (Level)", stream_example="event: level\n\n"),
    ),
    errors={"401": "No token", "404": "No such level", "422": "A wrong field"},
    of_every_call=frozenset({"422"}),
    of_every_write=frozenset({"401"}),
    in_path={"name": TEXT | {"enum": ["a", "b"]}},
    further=(wire.Trade,),
    examples=(LEVEL,),
    refusals={"404": NotFound("no such level").to_json()},
)
TOLD = document(API, "1.2.3")
READ, SET, STREAM = (
    TOLD["paths"]["/v1/levels/{name}"]["get"],
    TOLD["paths"]["/v1/levels/{name}"]["put"],
    TOLD["paths"]["/v1/stream"]["get"],
)
DOCUMENTS = {"executor": executor.document("0"), "marketdata": marketdata.document("0", ("BTCTURK:BTCTRY",))}

SENT = [
    kind
    for kind in (*vars(answers).values(), *vars(wire).values())
    if isinstance(kind, type)
    and kind is not wire.OrderRequest
    and kind.__name__ in DOCUMENTS["executor"]["components"]["schemas"]
]


def _validator(told: dict[str, Any], name: str) -> jsonschema_rs.Draft202012Validator:
    components = {"components": told["components"]}
    return jsonschema_rs.Draft202012Validator({"$ref": f"{SCHEMAS}{name}", **components})


def _contents(told: dict[str, Any]) -> list[dict[str, Any]]:
    calls = [call for path in told["paths"].values() for call in path.values()]
    holders = [holder for call in calls for holder in [*call["responses"].values(), call.get("requestBody", {})]]
    return [content for holder in holders for content in holder.get("content", {}).values()]


def test_a_call_tells_its_answers_its_failures_and_what_is_sent() -> None:
    assert set(READ["responses"]) == {"200", "304", "404", "422"}
    assert set(SET["responses"]) == {"200", "401", "404", "422"}
    assert ("security" in READ, "security" in SET) == (False, True)
    assert [(one["name"], one["in"]) for one in READ["parameters"]] == [
        ("name", "path"),
        ("limit", "query"),
        ("If-None-Match", "header"),
    ]
    assert SET["requestBody"]["content"]["application/json"]["schema"] == {"$ref": f"{SCHEMAS}OrderRequest"}


def test_a_tagged_answer_has_its_tag_and_an_unchanged_one_has_no_body() -> None:
    for status in ("200", "304"):
        assert set(READ["responses"][status]["headers"]) == {"ETag", "X-Spark-Age-Seconds"}
    assert "content" not in READ["responses"]["304"]


def test_a_stream_tells_its_events_in_words_with_an_example() -> None:
    assert STREAM["responses"]["200"]["description"] == "level (Level)"
    assert STREAM["responses"]["200"]["content"] == {
        "text/event-stream": {"schema": TEXT, "example": "event: level\n\n"}
    }
    assert [one["name"] for one in STREAM["parameters"]] == ["Last-Event-ID"]


def test_an_example_is_spelled_as_an_answer_is() -> None:
    assert READ["responses"]["200"]["content"]["application/json"]["example"] == ["0.00000001", "2.5"]
    assert READ["responses"]["404"]["content"]["application/json"]["example"]["error"]["code"] == "NOT_FOUND"


def test_decimals_of_answers_have_plain_digits_and_those_of_requests_the_documented_form() -> None:
    level, request = (_validator(TOLD, name) for name in ("Level", "OrderRequest"))
    order = {"client_order_id": "a", "symbol": "A:B", "side": "buy", "type": "market"}
    for text, plain, asked in (
        *(("1", True, True), ("0.5", True, True), ("2.50", False, True)),
        *(("1E-8", False, False), ("1e-8", False, False), ("-0.5", True, False), ("+1", False, False)),
        *(("1__0", False, False), (" 1", False, False), ("NaN", False, False), ("", False, False)),
    ):
        assert level.is_valid([text, "1"]) == plain, text
        assert request.is_valid(order | {"quantity": text}) == asked, text
    for text in ("-0", "01", "1.", ".5"):
        assert not level.is_valid([text, "1"]), text


@given(DECIMALS)
def test_the_form_of_plain_digits_is_that_of_the_writer(value: Decimal) -> None:
    [text] = msgspec.json.decode(wire.encode([value]))
    assert re.search(PLAIN_DIGITS, text)


@pytest.mark.slow
@pytest.mark.parametrize("kind", SENT, ids=lambda kind: kind.__name__)
def test_every_message_that_is_sent_fits_its_schema(kind: type[wire.Message]) -> None:
    validator = _validator(DOCUMENTS["executor"], kind.__name__)

    @settings(deadline=None, max_examples=15)
    @given(messages.of(kind, decimals=DECIMALS))
    def fits(message: wire.Message) -> None:
        validator.validate(msgspec.json.decode(wire.encode(message)))

    fits()


@pytest.mark.parametrize("service", DOCUMENTS)
def test_every_example_fits_its_own_schema(service: str) -> None:
    told = DOCUMENTS[service]
    for content in _contents(told):
        if "example" in content and "$ref" in content["schema"]:
            _validator(told, content["schema"]["$ref"].removeprefix(SCHEMAS)).validate(content["example"])


@pytest.mark.parametrize("service", DOCUMENTS)
def test_every_schema_is_one_and_every_reference_leads_somewhere(service: str) -> None:
    told = DOCUMENTS[service]
    for name, schema in told["components"]["schemas"].items():
        jsonschema_rs.meta.validate(schema)
        _validator(told, name)
    names = re.findall(r'"#/components/schemas/(\w+)"', msgspec.json.encode(told).decode())
    assert set(names) <= set(told["components"]["schemas"])
    operations = [call["operationId"] for path in told["paths"].values() for call in path.values()]
    assert len(operations) == len(set(operations))
