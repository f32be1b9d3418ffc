"""Our reader alone: cuts frames out of what the socket gives, and does nothing with them. Arguments: URL COUNT."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from marketdata.link.readahead import ReadAhead


def main(url: str, count: int) -> None:
    """Prints frames per second."""
    socket = ReadAhead()
    connect: Callable[..., None] = socket.connect
    connect(url)
    seen, begun = 0, 0.0
    while seen < count:
        texts = socket.texts()
        if not texts:
            socket.recv_data_frame(control_frame=True)
        seen += len(texts) or 1
        begun = begun or time.perf_counter()
    print(count / (time.perf_counter() - begun))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
