"""A service's calls as an OpenAPI 3.1 document: messages from their types, calls from a table. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from common import wire
from common.described import describe

Schema = dict[str, Any]
Kind = type[msgspec.Struct]
Found = Mapping[str, tuple[Kind, str]]
"""Good answers by status: the message, and a line for people."""

SCHEMAS = "#/components/schemas/"
MOMENT_FORM = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z"
"""The form of a time in a query, always in UTC."""
TEXT: Schema = {"type": "string"}
PLAIN_DIGITS = r"^(0|-?(0\.[0-9]*[1-9]|[1-9][0-9]*(\.[0-9]*[1-9])?))$"
"""The form of `plain_text`: every decimal of an answer has it."""


_ERROR_FIELDS = (
    ("code", "string", "a name in capital letters, the same in answers, logs and metrics."),
    ("message", "string", "a sentence for people."),
    ("retryable", "boolean", "true when trying again can help."),
    ("details", "object", "the values that met, by name; `field` names a wrong field."),
)


@dataclass(frozen=True)
class Call:
    """One call.

    at: method and path, as in `get /v1/orders/{order_id}`.
    name: its name, once in the document.
    summary: a line for people.
    found: its good answers.
    failures: the statuses of its own failures, with blanks between them.
    body: the message that it takes; None for none.
    queries: the schemas of its query parameters, by name.
    tagged: true when its answers have a tag, so that `If-None-Match` may be answered with 304.
    open: true for a call that writes nothing, whatever its method, and that needs no token.
    stream: the events of a stream without end, for people; empty for any other call.
    stream_example: the first events as they are sent; empty for any other call.
    """

    at: str
    name: str
    summary: str
    found: Found = field(default_factory=dict)
    failures: str = ""
    body: Kind | None = None
    queries: Mapping[str, Schema] = field(default_factory=dict)
    tagged: bool = False
    open: bool = False
    stream: str = ""
    stream_example: str = ""

    @property
    def method(self) -> str:
        """The method, in small letters."""
        return self.at.split()[0]

    @property
    def writes(self) -> bool:
        """True for a call that changes something, and that needs the operator's token."""
        return self.method != "get" and not self.open

    @property
    def path(self) -> str:
        """The path, with its parameters in braces."""
        return self.at.split()[1]


@dataclass(frozen=True)
class Api:
    """Everything that a service says of its calls.

    title, description: for people.
    calls: every call.
    errors: a sentence for each status of a failure.
    of_every_call, of_every_write: the statuses of the failures that every call, and every call that writes, may have.
    in_path: the schemas of parameters in paths, by name.
    further: messages that no answer has as a whole, such as events of a stream.
    examples: examples of messages.
    refusals: an example of a failure's body, by status.
    refine: adds to the schemas, by name, the rules that types can't say.
    """

    title: str
    description: str
    calls: Sequence[Call]
    errors: Mapping[str, str]
    of_every_call: frozenset[str]
    of_every_write: frozenset[str]
    in_path: Mapping[str, Schema]
    further: Sequence[Kind] = ()
    examples: Sequence[msgspec.Struct] = ()
    refusals: Mapping[str, Schema] = field(default_factory=dict)
    refine: Callable[[dict[str, Schema]], None] = lambda _schemas: None


def document(api: Api, version: str) -> Schema:
    """Returns the whole document; `version` is the software's."""
    paths: dict[str, Schema] = {}
    for call in api.calls:
        paths.setdefault(call.path, {})[call.method] = _operation(api, call)
    return {
        "openapi": "3.1.0",
        "info": {"title": api.title, "version": version, "description": api.description},
        "paths": paths,
        "components": {
            "schemas": _schemas(api),
            "securitySchemes": {"operator": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(api: Api, call: Call) -> Schema:
    """Returns one call. Every call that writes needs the operator's token."""
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": api.in_path[name]}
        for name in re.findall("{(.*?)}", call.path)
    ]
    parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in call.queries.items()]
    headers = (["If-None-Match"] if call.tagged else []) + (["Last-Event-ID"] if call.stream else [])
    parameters += [{"name": name, "in": "header", "schema": TEXT} for name in headers]
    return {
        "operationId": call.name,
        "summary": call.summary,
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": {"required": True, "content": _content(api, call.body)}} if call.body else {}),
        **({"security": [{"operator": []}]} if call.writes else {}),
        "responses": _responses(api, call),
    }


def _responses(api: Api, call: Call) -> Schema:
    of_write = api.of_every_write if call.writes else frozenset[str]()
    failures = api.of_every_call | of_write | set(call.failures.split())
    tag = {"headers": {name: {"required": True, "schema": TEXT} for name in ("ETag", "X-Spark-Age-Seconds")}}
    more = tag if call.tagged else {}
    found = {
        status: {"description": about, **more, "content": _content(api, kind)}
        for status, (kind, about) in call.found.items()
    }
    if call.tagged:
        found["304"] = {"description": "The client has this version already; a header has its new age", **tag}
    if call.stream:
        example = {"example": call.stream_example} if call.stream_example else {}
        found["200"] = {"description": call.stream, "content": {"text/event-stream": {"schema": TEXT, **example}}}
    failed = {
        status: {"description": api.errors[status], "content": _json("Failure", api.refusals.get(status))}
        for status in sorted(failures)
    }
    return found | failed


def _content(api: Api, kind: Kind) -> Schema:
    return _json(kind.__name__, next((each for each in api.examples if type(each) is kind), None))


def _json(name: str, example: object) -> Schema:
    shown = {} if example is None else {"example": msgspec.json.decode(wire.encode(example))}
    return {"application/json": {"schema": {"$ref": SCHEMAS + name}, **shown}}


def _schemas(api: Api) -> dict[str, Schema]:
    """Returns the schemas of all messages. Decimals of answers have plain digits."""
    asked = [call.body for call in api.calls if call.body is not None]
    told = [kind for call in api.calls for kind, _ in call.found.values()] + list(api.further)
    bodies, answers = _components(asked), _components(told)
    for name in answers.keys() - bodies.keys():
        _spell(answers[name])
    schemas = answers | bodies
    api.refine(schemas)
    describe(schemas, asked + told)
    error = _object({name: {"type": kind, "description": about} for name, kind, about in _ERROR_FIELDS})
    error["description"] = "The one shape of all failures."
    return {**schemas, "Failure": _object({"error": error})}


def _components(kinds: Iterable[Kind]) -> dict[str, Schema]:
    _, schemas = msgspec.json.schema_components(sorted(set(kinds), key=str), ref_template=SCHEMAS + "{name}")
    return schemas


def _spell(schema: Any) -> None:
    """Adds the form of plain digits to every decimal of a schema, in place."""
    if isinstance(schema, dict):
        if schema.get("format") == "decimal":
            schema["pattern"] = PLAIN_DIGITS
        for part in schema.values():
            _spell(part)
    elif isinstance(schema, list):
        for part in schema:
            _spell(part)


def _object(properties: Schema) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties}
