"""Every event of every logger is one JSON line on standard output."""

import json
import logging
import subprocess
import sys
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from common.log import JsonFormatter

ROOT = Path(__file__).parents[2]

PROGRAM = """
import logging, logging.config
from common import log
logging.config.dictConfig(log.configuration("web", "2", "INFO"))
logging.getLogger("somebody.else").info("hello %s", "there", extra={"order_id": "7"})
logging.getLogger("somebody.else").debug("not shown")
logging.getLogger("gunicorn.error").warning("from the server")
logging.getLogger("urllib3").warning("not shown either")
for failure in (TimeoutError("timed out"), ValueError("ours")):
    try:
        raise failure
    except Exception:
        logging.getLogger("gunicorn.error").exception("Socket error processing request.")
"""


def _line(**fields: Any) -> dict[str, Any]:
    record = logging.makeLogRecord({"name": "executor.submit", "levelname": "INFO", "msg": "order %s", "args": ("7",)})
    vars(record).update(fields)
    text = JsonFormatter("executor", "2").format(record)
    assert "\n" not in text
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def test_a_line_has_time_level_service_and_event() -> None:
    line = _line()
    assert datetime.fromisoformat(line.pop("time")).utcoffset() == timedelta(0)
    assert line == {
        "level": "info",
        "service": "executor",
        "replica": "2",
        "logger": "executor.submit",
        "event": "order 7",
    }


def test_extra_fields_are_fields_of_the_line() -> None:
    line = _line(order_id="7", code="FUNDS")
    assert (line["order_id"], line["code"]) == ("7", "FUNDS")


def test_a_decimal_is_written_in_plain_digits() -> None:
    line = _line(price=Decimal("1E-8"), levels=[Decimal("2.50"), {"quantity": Decimal("1E+3")}])
    assert (line["price"], line["levels"]) == ("0.00000001", ["2.5", {"quantity": "1000"}])


def test_a_value_that_json_does_not_know_is_written_as_text() -> None:
    assert _line(path=Path("/data"))["path"] == "/data"


def test_a_line_break_in_an_event_does_not_break_the_line() -> None:
    assert _line(msg="two\nlines", args=())["event"] == "two\nlines"


def test_an_exception_is_in_the_same_line() -> None:
    try:
        int("x")
    except ValueError:
        line = _line(exc_info=sys.exc_info())
    assert "ValueError" in line["exception"]
    assert "Traceback" in line["exception"]


def test_every_logger_ends_on_standard_output_the_servers_too() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["event"] for line in lines[:2]] == ["hello there", "from the server"]
    assert lines[0]["order_id"] == "7"
    assert {line["service"] for line in lines} == {"web"}
    assert done.stderr == ""


def test_a_client_that_stops_reading_is_a_warning_and_a_failure_of_ours_stays_one() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    slow, ours = [json.loads(line) for line in done.stdout.splitlines()][2:]
    assert (slow["level"], slow["event"]) == ("warning", "a client stopped reading and was cut off")
    assert "exception" not in slow
    assert ours["level"] == "error"
    assert "ValueError" in ours["exception"]
