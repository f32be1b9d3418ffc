"""Another image of the executor, tried beside the running stack while its users trade."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from tests.stack.stack import EXECUTORS, ROOT, Stack

REPORTS = ROOT / "evidence"
POST = "return answered(desk.do(PlaceOrder("
WORSE = {
    "slower by 40 ms": (f's/{POST}/__import__("time").sleep(0.04); {POST}/', "executor/api/orders.py"),
    "failing for 1 order in 20": (
        f's/{POST}/0 if __import__("random").random() > 0.05 else 1 \\/ 0; {POST}/',
        "executor/api/orders.py",
    ),
    "rounding a fee differently": ("s/ROUND_DOWN/ROUND_UP/g", "executor/paper.py"),
}
REASONS = {
    "slower by 40 ms": "order: the candidate takes",
    "failing for 1 order in 20": "requests failed on the candidate, 0 on the baseline",
    "rounding a fee differently": "came out differently",
}

Image = Callable[[str], str]


@pytest.fixture
def image(healthy: Stack) -> Iterator[Image]:
    """Makes an image from that of the executors; its steps are lines of a Dockerfile."""
    made: list[str] = []

    def make(steps: str) -> str:
        name = f"{healthy.project}-candidate:{uuid.uuid4().hex[:8]}"
        base = healthy.container("executor-1")["Image"]
        healthy.run("docker", "tag", base, f"{name}-base")
        made.extend((name, f"{name}-base"))
        healthy.run(
            "docker", "build", "--tag", name, "-", given=f"FROM {name}-base\nUSER 0:0\n{steps}\nUSER 10001:10001\n"
        )
        return name

    yield make
    for name in made:
        healthy.run("docker", "image", "rm", "--force", name, check=False)


class Trader(Thread):
    """A user who places orders through both doors all the while, each again until it is answered."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(daemon=True)
        self.stack, self.ended, self.sent = stack, Event(), 0
        self.name_of = uuid.uuid4().hex[:8]
        self.answered: dict[str, Any] = {}

    def run(self) -> None:
        while not self.ended.wait(0.3):
            key = f"{self.name_of}-{self.sent}"
            door = EXECUTORS[self.sent % 2]
            self.sent += 1
            self._place(door, key)

    def _place(self, door: str, key: str) -> None:
        for _ in range(100):
            try:
                answer = self.stack.order(door, key, quantity="0.0001")
            except Exception:
                time.sleep(0.3)
                continue
            if answer.status in (200, 201):
                self.answered[key] = answer.json
                return
            time.sleep(0.3)

    def end(self) -> None:
        self.ended.set()
        self.join(60)


@pytest.fixture
def trader(healthy: Stack) -> Iterator[Trader]:
    trader = Trader(healthy)
    trader.start()
    yield trader
    trader.end()


def nothing_is_lost_or_doubled(stack: Stack, trader: Trader) -> None:
    trader.end()
    assert trader.sent > 5
    assert len(trader.answered) == trader.sent, "an order was never answered"
    for key, told in trader.answered.items():
        (order,) = stack.get("executor-1", f"/v1/orders?client_order_id={key}")["orders"]
        assert (order["order_id"], order["status"], len(order["fills"])) == (
            told["order_id"],
            told["status"],
            len(told["fills"]),
        )


def containers(stack: Stack) -> list[tuple[str, str]]:
    return [(state["Id"], state["Image"]) for state in map(stack.container, EXECUTORS)]


def nothing_is_left(stack: Stack) -> None:
    for kind in (("ps", "--all"), ("volume", "ls"), ("network", "ls")):
        listed = stack.run("docker", *kind, "--quiet", f"--filter=label=spark.trial={stack.project}").stdout
        assert listed == "", f"{kind[0]} left of the trial: {listed}"


def tried(stack: Stack, name: str) -> subprocess.CompletedProcess[str]:
    return stack.run("bash", "scripts/canary.sh", name, check=False, timeout=500)


@pytest.mark.parametrize("fault", WORSE)
def test_a_worse_image_is_rolled_back_with_its_reason_and_what_ran_goes_on(
    healthy: Stack, image: Image, trader: Trader, fault: str
) -> None:
    change, file = WORSE[fault]
    before = containers(healthy)
    done = tried(healthy, image(f"RUN sed -i '{change}' {file}"))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "ROLLED BACK: " in done.stdout
    assert REASONS[fault] in done.stdout.split("ROLLED BACK: ")[1]
    assert containers(healthy) == before
    nothing_is_lost_or_doubled(healthy, trader)
    nothing_is_left(healthy)


def test_an_equal_image_is_promoted_and_no_order_is_lost_or_doubled_meanwhile(
    healthy: Stack, image: Image, trader: Trader
) -> None:
    before = set(REPORTS.glob("trial_*.json"))
    name = image("LABEL spark.test=equal")
    done = tried(healthy, name)
    assert done.returncode == 0, done.stdout + done.stderr
    identity = healthy.run("docker", "image", "inspect", "--format", "{{.Id}}", name).stdout.strip()
    assert [image_id for _, image_id in containers(healthy)] == [identity, identity]
    nothing_is_lost_or_doubled(healthy, trader)
    nothing_is_left(healthy)
    (report,) = set(REPORTS.glob("trial_*.json")) - before
    told = json.loads(Path(report).read_bytes())
    assert (told["outcome"], told["candidate_image"], told["different"]) == ("equal", identity, [])
    assert told["fills"] >= 100
    report.unlink()
    healthy.up()
    healthy.wait(healthy.settled, 120, "a settled stack with its own image")


def test_an_aborted_trial_leaves_what_ran_before(healthy: Stack, image: Image) -> None:
    before = containers(healthy)
    trial = subprocess.Popen(
        ["bash", "scripts/canary.sh", image("LABEL spark.test=aborted")],
        cwd=ROOT,
        env=healthy.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert trial.stdout is not None
    for line in trial.stdout:
        if "giving both equal orders" in line:
            break
    trial.send_signal(signal.SIGTERM)
    rest = trial.stdout.read()
    assert trial.wait(60) == 143, rest
    assert containers(healthy) == before
    nothing_is_left(healthy)


def test_an_image_that_is_not_there_or_does_not_start_changes_nothing(healthy: Stack, image: Image) -> None:
    before = containers(healthy)
    assert "there is no image never:built" in tried(healthy, "never:built").stderr
    done = tried(healthy, image("RUN rm executor/app.py"))
    assert (done.returncode, "ROLLED BACK: it does not become healthy" in done.stdout) == (1, True), done.stdout
    assert containers(healthy) == before
    nothing_is_left(healthy)
