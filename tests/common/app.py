"""A small Flask service for the tests of common/ops.py: every kind of answer, and nothing of ours but ops."""

from collections.abc import Callable

from flask import Flask, Response, request

from common import ops
from common.errors import NotFound, Unavailable

TOKEN = "correct horse"

Check = Callable[[], str | None]


def make(readiness: dict[str, Check] | None = None, *, service: str = "tiny") -> Flask:
    """A new app with its own registry."""
    app = Flask(service)
    ops.install(app, ops.Identity(service, "1", "simulated"), readiness or {})

    @app.get("/hello/<name>")
    def hello(name: str) -> Response:
        return ops.answer({"hello": name})

    @app.post("/body")
    def body() -> Response:
        return ops.answer({"bytes": len(request.get_data())})

    @app.get("/missing")
    def missing() -> Response:
        raise NotFound("no such order: 7", order_id="7")

    @app.get("/away")
    def away() -> Response:
        raise Unavailable("the ledger does not answer")

    @app.get("/broken")
    def broken() -> Response:
        raise RuntimeError("the secret is s3cret")

    @app.post("/guarded")
    def guarded() -> Response:
        ops.require_token(TOKEN)
        return ops.answer({"done": True}, 201)

    return app


def serve() -> Flask:
    """What the server's configuration is tried with."""
    return make()
