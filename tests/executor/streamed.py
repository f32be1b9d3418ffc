"""What the HTTP server is told to run: an executor whose streams beat, and lose patience, soon."""

from __future__ import annotations

import threading
import time

from flask import Flask

from executor import stopping
from executor.app import STOP, TAIL, create_app, make_desk
from executor.matching import Watch
from executor.settings import Settings
from executor.stream.streams import Pace


def hasty() -> Flask:
    """The executor of the environment without its matcher, its ledger ready."""
    settings = Settings.from_environment()
    desk = make_desk(settings)
    desk.ledger.prepare()
    app = create_app(settings, desk=desk, watch=Watch(time.monotonic), pace=Pace(heartbeat=0.2, send=0.5))
    threading.Thread(target=app.extensions[TAIL].run, args=(app.extensions[STOP],), daemon=True).start()
    stopping.set_when_told(app.extensions[STOP])
    return app
