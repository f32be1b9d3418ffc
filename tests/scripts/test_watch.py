"""A container that ends while the stack starts is told by name with its last words, and a loop ends the start."""

from __future__ import annotations

import json

import pytest

from tests.scripts.checkout import Checkout

WATCH = """use_stack
printf '%s\\n' init web executor-1 >"$WORK/services"
printf '%s\\n' "web|old|running|7|0|healthy" >"$WORK/before"
: >"$WORK/told"
"""
SHOW = 'look; echo "waiting: ${WAITING[*]-}"; echo "crashed: ${CRASHED[*]-}"; tell_crashes'


def log_line(**fields: object) -> str:
    return json.dumps({"time": "2026-11-28T10:00:00+00:00", "level": "error", **fields}, ensure_ascii=False)


def states(checkout: Checkout, *lines: str) -> None:
    checkout.answer("containers-mine", f"mine-web-1|{checkout.path}")
    checkout.answer("states", *lines)


def test_a_stack_that_is_healthy_is_waited_for_no_longer(checkout: Checkout) -> None:
    states(checkout, "init|i|exited|0|0|", "web|w|running|0|0|healthy", "grafana|g|exited|9|1|")
    done = checkout.bash(WATCH + SHOW, COMPOSE_PROJECT_NAME="mine")
    assert (done.returncode, done.stdout) == (0, "waiting: \ncrashed: \n")


def test_what_is_not_healthy_yet_is_named_with_its_state(checkout: Checkout) -> None:
    states(checkout, "init|i|exited|0|0|", "web|old|running|7|0|starting", "executor-1|e|created|0|0|")
    said = checkout.bash(WATCH + SHOW, COMPOSE_PROJECT_NAME="mine").stdout
    assert said == "waiting: web (starting) executor-1 (created)\ncrashed: \n"


def test_one_restart_is_told_once_and_waited_out(checkout: Checkout) -> None:
    states(checkout, "web|old|running|8|0|starting")
    checkout.answer("logs-old", "the disk is slow")
    done = checkout.bash(WATCH + SHOW + "; look; tell_crashes", COMPOSE_PROJECT_NAME="mine")
    assert done.returncode == 0
    assert done.stdout.count("web ended and is started again: the disk is slow") == 1


@pytest.mark.parametrize(
    ("state", "service"),
    [
        ("executor-1|e|restarting|3|3|unhealthy", "executor-1"),
        ("web|old|running|10|0|starting", "web"),
        ("init|e|exited|0|1|", "init"),
        ("web|e|exited|0|137|", "web"),
    ],
)
def test_a_container_that_does_not_stay_ends_the_start_with_its_last_words(
    checkout: Checkout, state: str, service: str
) -> None:
    states(checkout, state)
    trace = 'Traceback (most recent call last):\n  File "x.py", line 1\nValueError: no such "thing"'
    checkout.answer(f"logs-{state.split('|')[1]}", log_line(event="it failed", exception=trace), log_line(event="bye"))
    done = checkout.bash(WATCH + SHOW, COMPOSE_PROJECT_NAME="mine")
    assert done.returncode == 1
    assert done.stderr == (
        f'error: {service} ends again and again: ValueError: no such "thing" (all of it: make logs SERVICE={service})\n'
    )


def test_without_an_exception_the_last_line_is_told(checkout: Checkout) -> None:
    states(checkout, "web|e|dead|0|1|")
    checkout.answer("logs-e", "first", "FATAL: the data directory has wrong permissions", "")
    said = checkout.bash(WATCH + SHOW, COMPOSE_PROJECT_NAME="mine").stderr
    assert "web ends again and again: FATAL: the data directory has wrong permissions" in said


@pytest.mark.parametrize("text", ["a[$(touch ran)]", "9" * 30, ""])
def test_what_a_containers_label_says_is_never_calculated(checkout: Checkout, text: str) -> None:
    states(checkout, f"web|old|running|{text}|0|healthy", "web|new|running|0|0|healthy")
    checkout.answer("texts", f"x|new|running|{text}|0|")
    before = 'mv "$ANSWERS/texts" "$WORK/before"\n'
    done = checkout.bash(WATCH + before + SHOW, COMPOSE_PROJECT_NAME="mine")
    assert not (checkout.path / "ran").exists()
    assert (done.returncode, done.stderr) == (0, "")


def test_a_container_that_compose_stopped_to_put_another_in_its_place_has_not_crashed(checkout: Checkout) -> None:
    states(checkout, "web|old|exited|7|137|")
    said = checkout.bash(WATCH + SHOW, COMPOSE_PROJECT_NAME="mine").stdout
    assert said == "waiting: web (exited)\ncrashed: \n"
