"""The ceiling: websocket-client reads and orjson decodes, and nothing is done with it. Arguments: URL COUNT."""

from __future__ import annotations

import sys
import time

import orjson
from websocket import WebSocketApp


def main(url: str, count: int) -> None:
    """Prints frames per second."""
    seen, begun = 0, 0.0

    def on_message(app: WebSocketApp, message: bytes) -> None:
        nonlocal seen, begun
        orjson.loads(message)
        seen += 1
        if seen == 1:
            begun = time.perf_counter()
        elif seen == count:
            print((count - 1) / (time.perf_counter() - begun))
            app.close()

    WebSocketApp(url, on_message=on_message).run_forever(skip_utf8_validation=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
