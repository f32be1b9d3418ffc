"""The probes of a file, each with the one target that it asks (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from canary.observation import Container
from canary.probes.declared import DeclaredProbe, ProbeFile, ProbeFileError
from canary.probes.names import WITHOUT_REQUEST
from common import wire

VENUE = "venue"
ORDERS = "/v1/orders"
"""The path at which an executor takes an order."""


@dataclass(frozen=True)
class Probe:
    """One probe of one target.

    declared: the probe as the file declares it.
    target: the name of what is asked.
    url: the address that is asked.
    other: the address whose answer must agree with that; empty for other kinds.
    """

    declared: DeclaredProbe
    target: str
    url: str
    other: str = ""

    @property
    def check(self) -> str:
        """The name of its check."""
        return self.declared.name


@dataclass(frozen=True)
class Plan:
    """All that is probed, and by which conditions it is judged.

    probes: every probe that asks over HTTP, with its target, in the order of the targets.
    containers: the probes of containers.
    latency: the probes of durations.
    targets: the address of each target.
    left_out: the targets of the file that are not probed: a setting names others, or they do not run.
    where_running: the targets that are probed only where the engine has a container of them.
    """

    probes: tuple[Probe, ...]
    containers: tuple[DeclaredProbe, ...]
    latency: tuple[DeclaredProbe, ...]
    targets: Mapping[str, str]
    left_out: tuple[str, ...]
    where_running: tuple[str, ...]


def plan_of(file: ProbeFile, addresses: Mapping[str, str] | None, market: wire.Market) -> Plan:
    """Returns the plan over the targets in `addresses`, or those of the file. The live market has no venue of ours.

    Raises ProbeFileError for an address of a target that the file has not.
    """
    addresses = file.targets if addresses is None else addresses
    unknown = sorted(addresses.keys() - file.targets.keys())
    if unknown:
        raise ProbeFileError([f"SPARK_PROBE_TARGETS names {name}, which [targets] has not" for name in unknown])
    absent = {VENUE} if market == "live" else set()
    addresses = {name: address for name, address in addresses.items() if name not in absent}
    asking = [one for one in file.probes if one.kind not in WITHOUT_REQUEST]
    return Plan(
        probes=tuple(
            Probe(one, target, address + _path_of(one), addresses[one.against] + one.path if one.against else "")
            for target, address in addresses.items()
            for one in asking
            if target in one.targets and (not one.against or one.against in addresses)
        ),
        containers=tuple(one for one in file.probes if one.kind in ("container", "oneshot")),
        latency=tuple(one for one in file.probes if one.kind == "latency"),
        targets=addresses,
        left_out=tuple(name for name in file.targets if name not in addresses and name not in absent),
        where_running=file.where_running,
    )


def of_running(plan: Plan, containers: Sequence[Container] | None) -> Plan:
    """Returns the plan in which targets that are probed only where they run, and have no container, are left out.

    Without a list of containers it is as if none of them ran.
    """
    known = {container.service for container in containers or ()}
    absent = tuple(name for name in plan.where_running if name not in known)
    return replace(
        plan,
        probes=tuple(one for one in plan.probes if one.target not in absent and one.declared.against not in absent),
        targets={name: address for name, address in plan.targets.items() if name not in absent},
        left_out=(*(name for name in plan.left_out if name not in absent), *absent),
    )


def often_asked(probes: Iterable[Probe], target: str) -> tuple[Probe, ...]:
    """Returns the probes of one target that are repeated for the percentile."""
    return tuple(one for one in probes if one.target == target and one.declared.often)


def _path_of(probe: DeclaredProbe) -> str:
    if probe.kind == "query":
        return f"/api/v1/query?query={quote(probe.query, safe='')}"
    return ORDERS if probe.kind == "order" else probe.path
