"""The container `sinks` of a stack under faults: all receivers, and a door by which the run reads what came."""

from __future__ import annotations

import dataclasses
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.rules.sinks import Sinks

HTTP_PORT, MAIL_PORT, DOOR_PORT = 8080, 2525, 8081
EVERYWHERE = "0.0.0.0"  # noqa: S104 - in a container, whose networks decide who comes in


def serve() -> None:
    """Serves until the container ends."""
    sinks = Sinks(EVERYWHERE, HTTP_PORT, MAIL_PORT)

    class Door(BaseHTTPRequestHandler):
        """GET answers all messages; PUT takes the list of the receivers that refuse from now on."""

        def do_GET(self) -> None:
            self._answer([dataclasses.asdict(each) for each in list(sinks.got)])

        def do_PUT(self) -> None:
            sinks.refusing = set(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer(sorted(sinks.refusing))

        def _answer(self, value: object) -> None:
            body = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with sinks.running():
        ThreadingHTTPServer((EVERYWHERE, DOOR_PORT), Door).serve_forever()


if __name__ == "__main__":
    serve()
