"""An executor under the server, whose streams send heartbeats often and give a client up soon, and its environment."""

from __future__ import annotations

import urllib.request
from pathlib import Path

from flask import Flask

from common import service
from common.verifier import verifier_of
from executor.app import create_app
from executor.parts import Parts
from executor.settings import Settings
from executor.stream.streams import StreamTimings
from tests.common.server import Server
from tests.executor.standin import TOKEN, MarketData, Place

HASTY = StreamTimings(heartbeat=0.2, send=0.5)


def hasty() -> Flask:
    """The executor of the environment."""
    return service.serve(
        Settings.from_environment, lambda settings, loops: Parts.build(settings, loops, timings=HASTY), create_app
    )


def environment_of(place: Place, data: MarketData, folder: Path) -> dict[str, str]:
    """The settings of an executor; its secrets are written into `folder`."""
    (folder / "verifier").write_text(verifier_of(TOKEN))
    (folder / "peers").write_text("the-peers-secret")
    (folder / "password").write_text(place.password)
    return {
        "SPARK_SERVICE": "executor",
        "SPARK_LEDGER_URL": place.url,
        "SPARK_LEDGER_PASSWORD_FILE": str(folder / "password"),
        "SPARK_OPERATOR_VERIFIER_FILE": str(folder / "verifier"),
        "SPARK_PEER_SECRET_FILE": str(folder / "peers"),
        "SPARK_MARKETDATA_URL": data.url,
        "SPARK_PEER_HOST": "127.0.0.1",
        "SPARK_PEER_PORT": "0",
    }


def ready(server: Server) -> bool:
    """Returns true when a server says that all of its parts are ready."""
    try:
        with urllib.request.urlopen(f"{server.address}/readyz", timeout=30) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
