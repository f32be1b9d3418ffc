"""`make quiet MINUTES=30`: watches a healthy stack, idle and then with 10,000 resting orders and 200 open streams.

No alert but the watchdog may fire. Each watch takes MINUTES. Arguments: MINUTES [ORDERS].
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from tests.broken_off import end_within, ended
from tests.quiet.alerts import Watch, watch
from tests.quiet.load import EXECUTORS, rest, streams
from tests.stack.stack import Stack, own_stack

STREAMS = {"marketdata/v1/stream": 180, "web/api/live": 8} | {f"{name}/v1/orders/stream": 6 for name in EXECUTORS}
ORDERS = 10_000
SETTLE_SECONDS = 300.0
MOST_SECONDS_BESIDE = 2400
"""The time for `make up`, for the orders and for taking all down."""


def say(text: str) -> None:
    print(text, flush=True)


def alerts_of(stack: Stack) -> Sequence[dict[str, Any]]:
    return list(stack.get("prometheus", "/api/v1/alerts")["data"]["alerts"])


def quiet(stack: Stack) -> bool:
    """True while nothing but the watchdog fires or is pending: a watch begins there, the start of a stack is over."""
    return {each["labels"]["alertname"] for each in alerts_of(stack)} == {"Watchdog"}


def open_orders(stack: Stack) -> int:
    """The account's open orders; either executor knows them, and only the one that writes has them as a metric."""
    return int(stack.get("executor-1", "/v1/account")["open_orders"])


def told(kind: str, found: Watch) -> None:
    for name, seconds in found.fired.items():
        say(f"{kind}: FIRED {name} after {seconds:.0f} s")
    for name, seconds in found.pending.items():
        say(f"{kind}: pending, never fired: {name}, first after {seconds:.0f} s")


def main(arguments: Sequence[str]) -> int:
    """0 when nothing fired."""
    minutes, orders = float(arguments[0]), int(arguments[1]) if len(arguments) > 1 else ORDERS
    end_within(2 * minutes * 60 + MOST_SECONDS_BESIDE)
    stack = own_stack("spark-quiet")
    try:
        stack.up()
        stack.wait(stack.settled, SETTLE_SECONDS, "a settled stack")
        stack.wait(lambda: quiet(stack), SETTLE_SECONDS, lambda: f"no alert, there are {alerts_of(stack)}")
        idle = watch(lambda: alerts_of(stack), minutes, lambda text: say(f"idle: {text}"))
        told("idle", idle)
        say(f"idle: {idle.looks} looks; now {orders} orders are placed")
        say(f"{rest(stack, orders)} of {orders} orders rest")
        with streams(stack, STREAMS) as opened:
            used = watch(lambda: alerts_of(stack), minutes, lambda text: say(f"used: {text}"))
            broken, brought = opened.refused + opened.ended, opened.bytes
            resting = open_orders(stack)
        told("used", used)
    finally:
        stack.run("make", "clean", check=False)
    ended()
    passed = idle.passed and used.passed and resting == orders and not broken
    say(
        f"quiet: {'PASS' if passed else 'FAIL'} minutes={minutes:g}+{minutes:g} looks={idle.looks}+{used.looks} "
        f"fired={len(idle.fired)}+{len(used.fired)} pending={len(idle.pending)}+{len(used.pending)} "
        f"silent={idle.silent}+{used.silent} orders={resting} streams={sum(STREAMS.values()) - broken} "
        f"mib={brought >> 20}"
    )
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
