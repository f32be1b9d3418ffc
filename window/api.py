"""The calls, in the engine's own form: a part of what its API reads, and nothing that writes."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, Response, request

from common import query
from common.errors import InvalidRequest
from common.ops import answer
from window.project import Project
from window.shown import PROJECT_LABEL

TRUE, FALSE = ("1", "true", "True"), ("0", "false", "False")
ALLOWED = {"all": (*TRUE, *FALSE), "limit": ("-1", "0"), "size": FALSE, "trunc_cmd": (*TRUE, *FALSE)}
"""The values of a list's parameters; the engine's client libraries send each of them."""
RUNNING = "running"


def routes(project: Project) -> Blueprint:
    """Returns the calls. A client may put the version that it speaks before the path; every version reads the same."""
    api = Blueprint("window", __name__)

    @api.url_value_preprocessor
    def drop_version(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        (values or {}).pop("minor", None)

    @api.get("/_ping")
    def ping() -> Response:
        """Answers OK when the engine answers."""
        version = project.version()
        found = Response("OK", content_type="text/plain; charset=utf-8")
        found.headers["Api-Version"] = str(version.get("ApiVersion", ""))
        return found

    @api.get("/version")
    def version() -> Response:
        return answer(project.version())

    @api.get("/containers/json")
    @query.takes(*ALLOWED, "filters")
    def containers() -> Response:
        """Answers the project's containers: the running ones, or with `all` every one."""
        for name, values in ALLOWED.items():
            given = request.args.get(name)
            if given is not None and given not in values:
                raise InvalidRequest(name, f"must be one of {', '.join(values)}")
        wanted = _wanted(request.args.get("filters", ""))
        rows = project.containers() if wanted in (None, project.name) else []
        everyone = request.args.get("all") in TRUE
        return answer([row for row in rows if everyone or row.get("State") == RUNNING])

    @api.get("/containers/<identity>/json")
    def container(identity: str) -> Response:
        return answer(project.container(identity))

    @api.get("/containers/<identity>/stats")
    @query.takes("stream", "one-shot")
    def stats(identity: str) -> Response:
        """Answers the use of memory at one moment; a stream of it is not to be had."""
        if request.args.get("stream") not in FALSE or request.args.get("one-shot", TRUE[0]) not in TRUE:
            raise InvalidRequest("stream", "must be false, with one-shot=true")
        return answer(project.stats(identity))

    @api.get("/images/<identity>/json")
    def image(identity: str) -> Response:
        return answer(project.image(identity))

    return api


def _wanted(filters: str) -> str | None:
    """Returns the project that a list is asked for, or None for any. Raises `InvalidRequest` for every other filter."""
    if filters in ("", "{}"):
        return None
    try:
        found = msgspec.json.decode(filters, type=dict[str, list[str] | dict[str, bool]])
    except msgspec.MsgspecError as error:
        raise InvalidRequest("filters", "must be JSON in the engine's form") from error
    labels = list(found.get("label", ()))
    if set(found) != {"label"} or len(labels) != 1 or not labels[0].startswith(f"{PROJECT_LABEL}="):
        raise InvalidRequest("filters", f"must be one label, {PROJECT_LABEL}=<name>")
    return labels[0].partition("=")[2]
