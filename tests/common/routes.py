"""Walks all calls of a service: each must refuse a query parameter that it does not take."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flask import Flask
from werkzeug.routing import Rule

from common.ops import PROBES
from common.query import ANYTHING

NOT_ASKED = ("HEAD", "OPTIONS")


def rules(app: Flask) -> Iterator[Rule]:
    """Yields the calls of a service, without its probes and static files."""
    return (rule for rule in app.url_map.iter_rules() if rule.rule not in PROBES and rule.endpoint != "static")


def check_queries(app: Flask, *, exempt: tuple[str, ...] = ()) -> None:
    """Asks every call with an unknown parameter, and with each of its own twice. `exempt` begin exempt paths."""
    http, asked = app.test_client(), 0
    for rule in rules(app):
        path = re.sub("<[^>]+>", "x", rule.rule)
        known: frozenset[str] = getattr(app.view_functions[rule.endpoint], "query_parameters", frozenset())
        if ANYTHING in known:
            assert path.startswith(exempt), f"{path} takes anything"
            continue
        for method in sorted((rule.methods or set()) - {*NOT_ASKED}):
            for query, field in (("bogus=1", "bogus"), ("=1", ""), *((f"{name}=1&{name}=1", name) for name in known)):
                answer = http.open(f"{path}?{query}", method=method)
                assert answer.status_code == 422, f"{method} {path}?{query}"
                assert answer.get_json()["error"]["details"] == {"field": field}
                asked += 1
    assert asked > 0
