"""The door of a replay: a REST call that was recorded is answered with the recorded answer."""

from __future__ import annotations

from flask import Flask, Response, request

from venue.replay.calls import RecordedCalls
from venue.replay.servers import OWN_CALLS, PlayedTape


def install(app: Flask, replay: PlayedTape) -> None:
    """Answers before the venue's own calls do. A call that was not recorded goes on to those."""
    recorded = RecordedCalls(replay.script.calls(), replay.time.now, OWN_CALLS)

    @app.before_request
    def answer() -> Response | None:
        found = recorded.answer(request.method, request.path, request.args.to_dict(), request.get_data())
        if found is None:
            return None
        replay.time.start()
        return Response(found.payloads[1], found.record.status, found.record.headers)
