"""Requests that no honest client sends: each is refused, nobody else notices, and it doesn't count against us."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

from tests.stack import webhook
from tests.stack.abuse.bystanders import alerts
from tests.stack.abuse.conftest import P95_SECONDS, Unharmed
from tests.stack.abuse.forms import CHUNKS, DECIMALS, DEEP, GZIPPED, HEADS, SMUGGLED, SMUGGLING, TRAVERSAL, Form
from tests.stack.abuse.raw import Door, Reply, exchange, request
from tests.stack.stack import Stack


def everywhere(doors: Sequence[Door], sent: Callable[[Door], bytes]) -> list[Reply]:
    """Sends the same kind of bytes to every port at once."""
    with ThreadPoolExecutor(len(doors)) as pool:
        return list(pool.map(lambda door: exchange(door, sent(door)), doors))


def is_refused(reply: Reply) -> bool:
    """A 4xx, or a connection that was closed without an answer."""
    return all(400 <= status < 500 for status in reply.statuses) and (reply.closed or bool(reply.statuses))


def unrefused(doors: Sequence[Door], forms: dict[str, Form]) -> list[str]:
    return [
        f"{name}: {reply}" for name, form in forms.items() for reply in everywhere(doors, form) if not is_refused(reply)
    ]


def test_broken_and_giant_heads_are_refused(unharmed: Unharmed, doors: list[Door]) -> None:
    with unharmed():
        assert not (found := unrefused(doors, HEADS)), "\n".join(found)


def test_chunk_tricks_are_refused(unharmed: Unharmed, doors: list[Door]) -> None:
    with unharmed():
        assert not (found := unrefused(doors, CHUNKS)), "\n".join(found)


def test_no_request_is_smuggled_behind_another(unharmed: Unharmed, doors: list[Door]) -> None:
    with unharmed():
        for name, form in SMUGGLING.items():
            for reply in everywhere(doors, form):
                # What is no request may follow on the connection, and be told so.
                assert sum(status != 400 for status in reply.statuses) <= 1, f"{name}: {reply}"
                assert SMUGGLED.encode() not in reply.content, f"{name}: {reply}"
                assert all(status < 500 for status in reply.statuses), f"{name}: {reply}"


def test_no_path_leads_out_of_what_is_served(unharmed: Unharmed, doors: list[Door]) -> None:
    with unharmed():
        for path in TRAVERSAL:
            for reply in everywhere(doors, lambda door, path=path: request(door, "GET", path)):  # type: ignore[misc]
                assert b"root:" not in reply.content, f"{path}: {reply}"
                assert b"[core]" not in reply.content, f"{path}: {reply}"
                assert all(status < 500 for status in reply.statuses), f"{path}: {reply}"


def test_a_foreign_host_is_refused(unharmed: Unharmed, doors: list[Door]) -> None:
    names = ("127.0.0.1.example.invalid", "localhost.example.invalid", "127.0.0.1@example.invalid")
    with unharmed():
        for host in ("example.invalid", "2130706433", *names):
            for reply in everywhere(doors, lambda door, host=host: request(door, "GET", door.path, host=host)):  # type: ignore[misc]
                assert is_refused(reply), f"{host}: {reply}"


def test_a_foreign_origin_is_refused_and_never_allowed(unharmed: Unharmed, doors: list[Door]) -> None:
    origins = ("http://example.invalid", "null", "http://127.0.0.1", "http://127.0.0.1:1", "file://")
    with unharmed():
        for method, origin in product(("GET", "POST", "OPTIONS"), origins):
            line = f"Origin: {origin}"
            for reply in everywhere(doors, lambda door, m=method, o=line: request(door, m, door.path, o)):  # type: ignore[misc]
                assert is_refused(reply), f"{method} {origin}: {reply}"
                assert b"access-control-allow" not in reply.content.lower(), f"{method} {origin}: {reply}"


def test_nothing_is_changed_without_the_operators_token(unharmed: Unharmed, doors: list[Door]) -> None:
    changing = (
        ("alertmanager", "POST", "/api/v2/silences"),
        ("alertmanager", "POST", "/api/v2/alerts"),
        ("alertmanager", "DELETE", "/api/v2/silence/x"),
        ("alertmanager", "POST", "/-/reload"),
        ("prometheus", "POST", "/-/reload"),
        ("prometheus", "PUT", "/-/quit"),
        ("prometheus", "POST", "/api/v1/admin/tsdb/delete_series"),
        ("prometheus", "POST", "/api/v1/write"),
        ("executor-1", "POST", "/v1/orders"),
        ("executor-2", "PUT", "/v1/limits"),
        ("marketdata", "POST", "/v1/feeds/BTCTURK/resume"),
        ("web", "POST", "/api/orders"),
        ("web", "POST", "/api/alerts"),
        ("web", "POST", "/api/alerts/x/acknowledge"),
        ("web", "DELETE", "/api/alerts/x/acknowledge"),
        ("web", "POST", "/api/alerts/x/silence"),
        ("web", "DELETE", "/api/silences/00000000-0000-4000-8000-000000000000"),
        ("canary", "POST", "/v1/status"),
    )
    at = {door.service: door for door in doors}
    json_body = "Content-Type: application/json"
    with unharmed():
        for service, method, path in changing:
            reply = exchange(at[service], request(at[service], method, path, json_body, body=b"[]"))
            assert reply.statuses in ((401,), (403,), (404,), (405,)), f"{method} {path}: {reply}"


def test_a_flood_of_wrong_tokens_is_refused_and_the_right_one_passes_meanwhile(
    unharmed: Unharmed, healthy: Stack, doors: list[Door]
) -> None:
    with unharmed("WrongTokens"), ThreadPoolExecutor(8) as pool:
        door = next(door for door in doors if door.service == "executor-1")

        def guess(number: int) -> Reply:
            return exchange(
                door, request(door, "POST", "/v1/orders", f"Authorization: Bearer guess-{number}", body=b"{}")
            )

        guesses = [pool.submit(guess, number) for number in range(100)]
        took = []
        for number in range(5):
            began = time.monotonic()
            placed = healthy.order("executor-1", f"amid-guesses-{uuid.uuid4().hex}-{number}")
            took.append(time.monotonic() - began)
            assert placed.status == 201, placed.body
        assert sorted(took)[2] < P95_SECONDS
        statuses = {reply.result().statuses for reply in guesses}
        healthy.wait(lambda: "WrongTokens" in alerts(healthy), 60, "the alert that tells of the guesses")
    assert statuses <= {(401,), (429,)}, statuses


def test_deep_json_is_refused(unharmed: Unharmed, healthy: Stack) -> None:
    doors = (("executor-1", "/v1/orders"), ("web", "/api/orders"), ("executor-2", "/v1/orders/batch"))
    with unharmed():
        for body, (service, path) in product(DEEP, doors):
            answer = healthy.ask("POST", service, path, raw=body, token=healthy.operator_token)
            assert 400 <= answer.status < 500, (service, body[:9], answer.status, answer.body[:200])


def test_decimal_spellings_are_refused_or_are_what_they_say(unharmed: Unharmed, healthy: Stack) -> None:
    with unharmed():
        for number in DECIMALS:
            answer = healthy.order("executor-1", f"spelling-{uuid.uuid4().hex}", quantity=number)
            assert answer.status == 422 or answer.json.get("status") == "denied", (number[:20], answer.body[:200])


def test_gzip_bodies_are_refused_unread(unharmed: Unharmed, healthy: Stack, doors: list[Door]) -> None:
    paths = {"web": "/api/orders", "executor-1": "/v1/orders", "executor-2": "/v1/orders"}
    token = f"Authorization: Bearer {healthy.operator_token}"
    with unharmed():
        for door in doors:
            for encoding in ("gzip", "deflate", "br", "gzip, gzip", "x-nonsense"):
                sent = request(
                    door,
                    "POST",
                    paths.get(door.service, door.path),
                    token,
                    f"Content-Encoding: {encoding}",
                    body=GZIPPED,
                )
                reply = exchange(door, sent)
                assert all(status < 500 for status in reply.statuses), f"{encoding}: {reply}"
                if door.service in paths:
                    assert is_refused(reply), f"{encoding}: {reply}"


def test_a_webhook_that_comes_again_adds_nothing(unharmed: Unharmed, healthy: Stack) -> None:
    identity = uuid.uuid4().hex[:16]
    labels = {"alertname": "Replayed", "severity": "warning", "service": "web"}
    alert = {"labels": labels, "annotations": {}, "startsAt": "2026-11-22T09:00:00Z", "fingerprint": identity}
    firing = alert | {"status": "firing", "endsAt": "0001-01-01T00:00:00Z"}
    resolved = alert | {"status": "resolved", "endsAt": "2026-11-22T09:05:00Z"}

    def body(one: dict[str, Any]) -> bytes:
        around = {"version": "4", "groupKey": "replay", "receiver": "inbox", "status": one["status"]}
        return json.dumps(around | {"alerts": [one]}).encode()

    def row() -> list[dict[str, Any]]:
        listed = healthy.get("web", "/api/alerts?limit=500")["alerts"]
        return [each for each in listed if each["fingerprint"] == identity]

    with unharmed():
        sent = webhook.send(healthy, *[body(firing)] * 25, body(resolved))
        before = row()
        sent += webhook.send(healthy, *[body(resolved)] * 25)
        assert {answer.status for answer in sent} == {200}
        assert [each["status"] for each in before] == ["resolved"]
        assert [each["status"] for each in row()] == ["resolved"]


def test_no_webhook_comes_in_from_outside_even_with_its_token(unharmed: Unharmed, healthy: Stack) -> None:
    with unharmed():
        for token in (healthy.secret("alerts/alert_token"), healthy.operator_token):
            answer = healthy.ask("POST", "web", "/api/alerts", body={"version": "4", "alerts": []}, token=token)
            # 429 is the same refusal, where this address has sent many wrong tokens.
            assert answer.status in (401, 429)
