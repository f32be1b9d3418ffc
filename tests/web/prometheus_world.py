"""A stand-in for Prometheus' API: the rules of the repository, values of any expression, and its readiness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.repo import promql
from tests.web.standin_server import Answer, Request, Server, json_answer


class Prometheus:
    """Runs the repository's rules. Every expression has the same series, as a test sets them.

    rules: the expression of each alert by its name.
    last_error: why no rule can be evaluated; empty when they can.
    series: the labels and the values of each series; a value stands at each step of the time that is asked for, the
        last one at its end. None stands for no value.
    states: the state of the alert at each step, pending or firing; None for neither.
    answered: in place of every answer, if any.
    """

    def __init__(self) -> None:
        self.server = Server(self._answer)
        self.reset()

    def reset(self) -> None:
        self.rules = {rule["alert"]: rule["expr"] for rule in promql.rules() if "alert" in rule}
        self.last_error = ""
        self.series: Sequence[tuple[dict[str, str], Sequence[object]]] = [
            ({"instance": "executor-1:4001"}, [1, 1, 0, 0])
        ]
        self.states: Sequence[str | None] = []
        self.answered: Answer | None = None
        self.server.reset()

    def stop(self) -> None:
        self.server.stop()

    def queries(self) -> list[str]:
        """Every expression that was asked for, in order."""
        return [asked.query["query"] for asked in self.server.asked if asked.path == "/api/v1/query_range"]

    def _answer(self, asked: Request) -> Answer:
        if asked.path == "/-/ready":
            return Answer(b"Ready.\n", content_type="text/plain; charset=utf-8")
        if self.answered is not None:
            return self.answered
        if asked.path == "/api/v1/rules":
            return _success({"groups": self._groups(asked.query["rule_name[]"])})
        if asked.path == "/api/v1/query_range":
            return _success({"resultType": "matrix", "result": self._values(asked.query)})
        return json_answer({"status": "error", "errorType": "not_found", "error": "no such path"}, 404)

    def _groups(self, name: str) -> list[dict[str, Any]]:
        if name not in self.rules:
            return []
        rule = {"type": "alerting", "name": name, "query": self.rules[name], "duration": 30, "health": "ok"}
        return [{"name": "group", "rules": [rule | ({"lastError": self.last_error} if self.last_error else {})]}]

    def _values(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        end, step = float(asked["end"]), float(asked["step"])
        if asked["query"].startswith("ALERTS{"):
            found = []
            for state in ("pending", "firing"):
                values = [1 if each == state else None for each in self.states]
                found.append(_series({"__name__": "ALERTS", "alertstate": state}, values, end, step))
            return [each for each in found if each["values"]]
        return [_series(labels, values, end, step) for labels, values in self.series]


def _series(labels: dict[str, str], values: Sequence[object], end: float, step: float) -> dict[str, Any]:
    begin = end - (len(values) - 1) * step
    told = [[begin + number * step, str(value)] for number, value in enumerate(values) if value is not None]
    return {"metric": labels, "values": told}


def _success(data: dict[str, Any]) -> Answer:
    return json_answer({"status": "success", "data": data})
