"""Previews orders and then places them: does a preview say what the order then does?

    python -m tests.executor.preview_tries [TRIES] [SEED]

It prints the tries, what they met, each difference by its kind, and the share of tries without any.
"""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple

from executor.guardrails import MEASURES
from tests.executor import postgres
from tests.executor.preview_world import Body, World

IN_ONE_WORLD = 50
TOO_LARGE = Decimal(10) ** 12


class Difference(NamedTuple):
    """A preview that said otherwise than the order did: the kind, the world that it happened in, and both."""

    kind: str
    seed: str
    asked: Body
    said: Any
    done: Any


@dataclass
class Tally:
    """The outcome of all tries.

    tries: how many orders were previewed and placed.
    alike: how many of them the preview told rightly in everything.
    met: how often each status, denial and error was met.
    differences: all that were found.
    """

    tries: int = 0
    alike: int = 0
    met: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    @property
    def share(self) -> float:
        return self.alike / self.tries if self.tries else 0.0


def run(server: postgres.Server, tries: int, seed: int) -> Tally:
    """Does so many tries in worlds that the seed decides."""
    tally = Tally()
    for number in range(-(-tries // IN_ONE_WORLD)):
        name = f"{seed}.{number}"
        with server.dropping():
            world = World(server, Random(name))
            try:
                for _ in range(min(IN_ONE_WORLD, tries - tally.tries)):
                    world.happen()
                    _note(tally, [Difference(kind, name, *rest) for kind, *rest in _try(world, tally)])
            finally:
                world.close()
    return tally


def _note(tally: Tally, found: list[Difference]) -> None:
    tally.tries += 1
    tally.alike += not found
    tally.differences += found


def _try(world: World, tally: Tally) -> Iterator[tuple[str, Body, Any, Any]]:
    """Previews an order and places it; yields the kind, the order and both sides of each difference."""
    asked = world.order()
    status, said = _preview(world, asked)
    if status == 200 and Decimal(said["largest_quantity"]) and world.random.random() < 0.4:
        asked = asked | {"quantity": _near(world, asked["symbol"], Decimal(said["largest_quantity"]))}
        status, said = _preview(world, asked)
    if status != 200:
        tally.met[said["error"]["code"]] += 1
        placed = world.executor.post("/v1/orders", asked)
        if placed != (status, said):
            yield "error", asked, (status, said), placed
        return
    for kind, *both in _largest(world, asked, said):
        yield kind, asked, *both
    before = world.executor.get("/v1/account")
    status, order = _place(world, asked)
    if said["repeats"] is not None or status != 201:
        tally.met["repeats"] += 1
        if (status, order.get("order_id")) != (200, said["repeats"]):
            yield "repeats", asked, said["repeats"], (status, order)
        return
    tally.met.update([order["status"], *(denial["code"] for denial in order["denials"])])
    for kind, expected, done in _compared(world, said, order, before):
        if expected != done:
            yield kind, asked, expected, done


def _preview(world: World, asked: Body) -> tuple[int, Body]:
    return world.executor.post("/v1/orders/preview", asked)


def _place(world: World, asked: Body) -> tuple[int, Body]:
    """Places the order alone, or as a batch of one."""
    if world.random.random() < 0.8:
        return world.executor.post("/v1/orders", asked)
    status, found = world.executor.post("/v1/orders/batch", {"orders": [asked]})
    assert status == 200, found
    [answer] = found["answers"]
    return answer["status"], answer.get("order", answer)


def _near(world: World, symbol: str, largest: Decimal) -> str:
    lots = world.random.choice([-1, 0, 0, 1, 1])
    return f"{max(min(largest + lots * world.lot(symbol), TOO_LARGE - 1), world.lot(symbol)):f}"


def _compared(world: World, said: Body, order: Body, before: Body) -> Iterator[tuple[str, Any, Any]]:
    """Yields each thing that a preview tells of the order and of the account, and what became of it."""
    for name in ("status", "denials", "filled_quantity", "time_in_force", "quantity", "limit_price", "post_only"):
        yield name, said[name], order[name]
    left = Decimal(order["quantity"]) - Decimal(order["filled_quantity"])
    rests = order["status"] in ("accepted", "partially_filled")
    yield "resting_quantity", Decimal(said["resting_quantity"]), left if rests else 0
    yield "expiring_quantity", Decimal(said["expiring_quantity"]), left if order["status"] == "expired" else 0
    if not order["denials"]:
        value = sum((Decimal(fill["price"]) * Decimal(fill["quantity"]) for fill in order["fills"]), Decimal(0))
        yield "value", Decimal(said["value"]), value
        yield "fee", said["fee"], order["fees"]
        yield "average_price", said["average_price"], order["average_price"]
    over = {use["code"] for use in said["guardrails"] if Decimal(use["value"]) > Decimal(use["limit"])}
    held = {denial["code"] for denial in order["denials"] if "state" in denial["numbers"]}
    yield "guardrails", over - held, {denial["code"] for denial in order["denials"]} & set(MEASURES) - held
    yield from _account(world, said, order, before)


def _account(world: World, said: Body, order: Body, before: Body) -> Iterator[tuple[str, Any, Any]]:
    after = world.executor.get("/v1/account")
    yield "sequence", said["sequence"], before["sequence"]
    yield "cash_after", said["cash_after"], after["cash"]
    yield "reserved_after", said["reserved_after"], after["reserved"]
    held = {each["symbol"]: each["quantity"] for each in world.executor.get("/v1/positions")["positions"]}
    if said["position_after"] is not None:
        yield "position_after", said["position_after"], held.get(order["symbol"], "0")
    if said["reserve"] is None:
        yield "reserve", before["reserved"], after["reserved"]
    elif order["side"] == "buy":
        unit = said["reserve_unit"]
        grown = Decimal(after["reserved"][unit]) - Decimal(before["reserved"][unit])
        yield "reserve", Decimal(said["reserve"]), grown
    else:
        yield "reserve", said["reserve"], said["resting_quantity"]


def _largest(world: World, asked: Body, said: Body) -> Iterator[tuple[str, Any, Any]]:
    """The largest quantity passes, and one lot more does not."""
    largest, lot = Decimal(said["largest_quantity"]), world.lot(asked["symbol"])
    of_it = {name: value for name, value in asked.items() if name != "client_order_id"}

    def obstacles(quantity: Decimal) -> list[str]:
        _, found = _preview(world, of_it | {"quantity": f"{quantity:f}"})
        killed = found["status"] == "expired" and asked["time_in_force"] == "FOK"
        return [*(denial["code"] for denial in found["denials"]), *(["killed"] if killed else [])]

    if not largest:
        others = [Decimal(found) for found in (lot, lot * 1000, 2, 7)]
        passing = [quantity for quantity in others if not obstacles(quantity)]
        if passing:
            yield "largest_quantity of 0", largest, passing
        return
    denied = obstacles(largest)
    if denied:
        yield "largest_quantity is denied", largest, denied
    if largest + lot < TOO_LARGE and not obstacles(largest + lot):
        yield "largest_quantity is not the largest", largest, largest + lot


def main(arguments: list[str]) -> int:
    tries, seed = (int(each) for each in [*arguments, *("1000", "1")[len(arguments) :]])
    logging.disable()
    with postgres.running() as server:
        tally = run(server, tries, seed)
    for each in tally.differences[:20]:
        print(each)
    print("met:", dict(tally.met.most_common()))
    print("differences by kind:", dict(Counter(each.kind for each in tally.differences)))
    print(f"{tally.tries} tries, {tally.alike} without a difference: {tally.share:.4%}")
    return 0 if tally.share >= 0.999 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
