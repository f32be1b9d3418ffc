"""A small Flask service for the tests of common/: every kind of answer, a stream, and nothing of another service."""

import gc
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flask import Flask, Response, request

from common import healing, ops, query, service, sse
from common.errors import NotFound, Unavailable
from common.loop import Stop, Supervisor
from common.settings import Reader, ServiceSettings
from common.verifier import verifier_of

TOKEN = "correct horse"

Check = Callable[[], str | None]


def make(readiness: dict[str, Check] | None = None, *, service: str = "tiny", loops: Supervisor | None = None) -> Flask:
    """Returns a new app with its own registry."""
    app = Flask(service)
    loops = loops or Supervisor(Stop())
    stop = loops.stop_signal
    slots = sse.StreamSlots(2, instead="come back later")
    ops.install(app, ServiceSettings(service, "1", "simulated"), readiness or {}, loops)

    @app.get("/stream")
    @query.takes("limit")
    def stream() -> Response:
        def begin() -> Iterator[bytes]:
            return sse.follow(sse.encode("hello", {}), _nothing, stop=stop, heartbeat=0.2, monotonic=time.monotonic)

        def _nothing(seconds: float) -> bytes:
            stop.wait(seconds)
            return b""

        return sse.respond(slots, begin, 1.0)

    @app.get("/flood")
    @query.takes("seconds")
    def flood() -> Response:
        def begin() -> Iterator[bytes]:
            while not stop.is_set():
                yield b": " + b"x" * 65_536 + b"\n\n"

        return sse.respond(slots, begin, query.whole("seconds", 1, at_most=60))

    @app.get("/breaks-off")
    def breaks_off() -> Response:
        def parts() -> Iterator[bytes]:
            yield b"begun"
            raise RuntimeError("in the middle")

        return Response(parts())

    @app.get("/process")
    def process() -> Response:
        found = {"scheme": request.scheme, "frozen": gc.get_freeze_count(), "threshold": gc.get_threshold()[0]}
        return ops.answer(found)

    @app.get("/open")
    def open_streams() -> Response:
        return ops.answer({"open": slots.open})

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

    @app.get("/hang")
    def hang() -> Response:
        time.sleep(600)
        return ops.answer({})

    @app.post("/guarded")
    def guarded() -> Response:
        ops.require_token(verifier_of(TOKEN))
        return ops.answer({"done": True}, 201)

    return app


@dataclass(frozen=True)
class Parts:
    """The service's parts: its loops alone."""

    loops: Supervisor

    def start(self) -> None:
        self.loops.start()


def _read() -> ServiceSettings:
    reader = Reader()
    settings = reader.service("tiny")
    reader.text("SPARK_WORD", "a word")
    reader.check()
    return settings


def _build(settings: ServiceSettings, loops: Supervisor) -> Parts:
    service.add_memory_loop(loops, settings)
    return Parts(loops)


def serve() -> Flask:
    """Starts the service as the real ones are started; a test may have it look more often for what hangs."""
    healing.LOOK_SECONDS = float(os.environ.get("TEST_LOOK_SECONDS", healing.LOOK_SECONDS))
    return service.serve(_read, _build, lambda _settings, parts: make(loops=parts.loops))
