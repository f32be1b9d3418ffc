"""A venue that plays a tape, and tapes that tests write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from common.loop import Stop, Supervisor
from common.tape import VERSION, TapeHead, TapeRecord, head_bytes, record_bytes
from marketdata.tape.blocks import packed
from tests.common.local import http_server
from venue.app import create_app
from venue.parts import Parts
from venue.settings import Settings

BEGAN = 1_790_064_000.0

Line = tuple[TapeRecord, tuple[bytes, ...]]


@dataclass(frozen=True)
class Playing:
    """A venue that plays a tape.

    parts: the service's parts.
    rest_url: the address of its REST calls.
    """

    parts: Parts
    rest_url: str

    @property
    def url(self) -> str:
        """The address of BTCTurk's socket."""
        return f"ws://127.0.0.1:{self.parts.btcturk.port}"


@contextmanager
def playing(path: Path, speed: float = 1.0, more: Mapping[str, str] | None = None) -> Iterator[Playing]:
    """Plays a tape until the block ends."""
    environment = {
        "SPARK_VENUE_WS_HOST": "127.0.0.1",
        "SPARK_VENUE_WS_PORT": "0",
        "SPARK_VENUE_ALGOLAB_WS_PORT": "0",
        "SPARK_VENUE_TAPE": str(path),
        "SPARK_REPLAY_SPEED": str(speed),
    }
    settings = Settings.from_environment(environment | dict(more or {}))
    parts = Parts.build(settings, Supervisor(Stop()))
    parts.start()
    try:
        with http_server(create_app(settings, parts)) as url:
            yield Playing(parts, url)
    finally:
        parts.stop()


def event(second: float, kind: str, *frames: bytes, link: str = "btcturk-socket") -> Line:
    """A record of a socket."""
    return TapeRecord(kind, link, 500.0 + second, BEGAN + second, tuple(map(len, frames))), frames  # type: ignore[arg-type]


def call(second: float, path: str, answer: bytes, status: int | None = 200, body: bytes = b"", **headers: str) -> Line:
    """A record of a REST call; a POST when it has a body."""
    method, sent = "POST" if body else "GET", {name.replace("_", "-"): value for name, value in headers.items()}
    sizes, at = (len(body), len(answer)), 500.0 + second
    record = TapeRecord("call", "api", at, BEGAN + second, sizes, method, path, at, status, sent)
    return record, (body, answer)


def written(folder: Path, *lines: Line, lead_until: float | None = None) -> Path:
    """Writes a tape."""
    head = TapeHead(VERSION, "test", "simulated", BEGAN, None if lead_until is None else BEGAN + lead_until)
    path = folder / "one.tape.gz"
    path.write_bytes(packed(head_bytes(head) + b"".join(record_bytes(*line) for line in lines)))
    return path
