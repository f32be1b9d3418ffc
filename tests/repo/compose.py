"""docker-compose.yml as tests see it: anchors resolved, key order as written, interpolation left as it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from tests import yaml_file

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
TEXT = FILE.read_text()

Block = dict[str, Any]


def services() -> dict[str, Block]:
    """Every service by name."""
    loaded: dict[str, Block] = yaml_file.parsed(FILE)["services"]
    return loaded


def packages() -> tuple[str, ...]:
    """The services of ours as folders of the repository, one for all replicas."""
    return tuple(dict.fromkeys(_environment(block)["SPARK_SERVICE"] for block in _ours().values()))


def listening() -> dict[str, int]:
    """The services of ours by name: the port of each one's HTTP server in its container."""
    return {name: int(_environment(block)["PORT"]) for name, block in _ours().items()}


def doors() -> dict[str, int]:
    """The default of each published port, by the service behind it."""
    texts = [port["published"] for port in services()["gateway"]["ports"]]
    found = [pair for text in texts for pair in re.findall(r"SPARK_PORT_([A-Z0-9_]+):-(\d+)", text)]
    return {name.lower().replace("_", "-"): int(port) for name, port in found}


def port_setting(door: str) -> str:
    """The setting that moves a door to another port."""
    return f"SPARK_PORT_{door.upper().replace('-', '_')}"


def published() -> tuple[str, ...]:
    """The services of ours that have a door."""
    return tuple(name for name in doors() if name in listening())


def networks() -> dict[str, Block]:
    """Every network by name."""
    return {name: block or {} for name, block in yaml_file.parsed(FILE)["networks"].items()}


def one_shots() -> set[str]:
    """Services that others wait for to end: they run once, all others stay."""
    return {
        name
        for block in services().values()
        for name, how in _depends_on(block).items()
        if how.get("condition") == "service_completed_successfully"
    }


def keys_as_written() -> dict[str, list[str]]:
    """Each service's keys in the order in which the file has them, without what an anchor brought."""
    root = yaml.compose(TEXT, yaml.CSafeLoader)
    return {name: [key.value for key, _ in block.value] for name, block in _items(_child(root, "services"))}


def line_of(service: str) -> int:
    """Where a service's block begins, counted from 0."""
    for key, _ in _child(yaml.compose(TEXT, yaml.CSafeLoader), "services").value:
        if key.value == service:
            line: int = key.start_mark.line
            return line
    raise KeyError(service)


def mounts(block: Block, **settings: str) -> list[str]:
    """Volumes in their short form; a variable has the value that is given here, or else its default."""
    return [
        re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: settings.get(found[1], found[2]), volume)
        for volume in block.get("volumes", [])
        if isinstance(volume, str)
    ]


def binds(block: Block) -> list[dict[str, Any]]:
    """Volumes in their long form."""
    return [volume for volume in block.get("volumes", []) if isinstance(volume, dict)]


def images() -> dict[str, str]:
    """The pinned images by name, the only place that has versions."""
    pinned: dict[str, str] = yaml_file.parsed(FILE)["x-images"]
    return pinned


def memory_mib(size: str) -> int:
    """`400m` or `1g` in MiB."""
    return int(size[:-1]) * {"m": 1, "g": 1024}[size[-1].lower()]


def _ours() -> dict[str, Block]:
    """Those with an HTTP server of ours."""
    return {name: block for name, block in services().items() if {"SPARK_SERVICE", "PORT"} <= set(_environment(block))}


def _environment(block: Block) -> dict[str, str]:
    return dict(block.get("environment", {}))


def _depends_on(block: Block) -> dict[str, dict[str, str]]:
    return dict(block.get("depends_on", {}))


def _child(node: Any, name: str) -> Any:
    return next(value for key, value in node.value if key.value == name)


def _items(node: Any) -> list[tuple[str, Any]]:
    return [(key.value, value) for key, value in node.value]
