"""The fields of the engine's answers that are shown. A field that is not named here stays inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PROJECT_LABEL = "com.docker.compose.project"
"""The label by which a compose project marks its containers."""
NUMBER_LABEL = "com.docker.compose.container-number"
"""The label that Compose gives to containers alone. Images that it builds have the project's label too, and a container
that somebody runs from such an image has it from there."""
LONGEST_TEXT = 256
MOST_LABELS = 32
_COMPOSE = "com.docker.compose."
LABELS = frozenset(f"{_COMPOSE}{name}" for name in ("project", "service", "container-number", "oneoff", "version"))
"""Compose's other labels have paths of the host in them."""
LABEL_FAMILIES = ("spark.", "org.opencontainers.image.")
"""The beginnings of labels that our own images and the images' makers give."""

Fields = Mapping[str, "Fields | None"]
"""The fields to show: None for a plain value or a list of texts, else the fields inside."""

VERSION: Fields = dict.fromkeys(("Version", "ApiVersion", "MinAPIVersion", "Os", "Arch"))
ROW: Fields = {**dict.fromkeys(("Id", "Names", "Image", "ImageID", "Created", "State", "Status")), "Labels": {}}
CONTAINER: Fields = {
    **dict.fromkeys(("Id", "Name", "Created", "Image", "RestartCount")),
    "State": {
        **dict.fromkeys(("Status", "Running", "Paused", "Restarting", "OOMKilled", "Dead", "ExitCode")),
        **dict.fromkeys(("StartedAt", "FinishedAt")),
        "Health": dict.fromkeys(("Status", "FailingStreak")),
    },
    "Config": {"Image": None, "Labels": {}},
    "HostConfig": {"RestartPolicy": dict.fromkeys(("Name", "MaximumRetryCount"))},
}
STATS: Fields = {
    "memory_stats": {
        **dict.fromkeys(("usage", "limit")),
        "stats": dict.fromkeys(("inactive_file", "total_inactive_file")),
    }
}
"""Of the use of the machine, the memory alone."""
IMAGE: Fields = {
    **dict.fromkeys(("Id", "RepoTags", "RepoDigests", "Created", "Os", "Architecture")),
    "Config": {"Labels": {}},
}


def shown(found: Any, fields: Fields) -> dict[str, Any]:
    """Returns the fields of an answer that may be shown; a field that is missing or of another kind is left out."""
    if not isinstance(found, Mapping):
        return {}
    kept = {name: _field(name, found.get(name), inside) for name, inside in fields.items()}
    return {name: value for name, value in kept.items() if value is not None}


def labels_of(found: Any) -> Mapping[str, Any]:
    """Returns the labels in a row, or in the `Config` of an answer about one container; none where they are missing."""
    labels = found.get("Labels") if isinstance(found, Mapping) else None
    return labels if isinstance(labels, Mapping) else {}


def _field(name: str, value: Any, inside: Fields | None) -> Any:
    if inside is None:
        return _plain(value)
    if value is None:
        return None
    return _labels(value) if name == "Labels" else shown(value, inside)


def _labels(found: Any) -> dict[str, str]:
    if not isinstance(found, Mapping):
        return {}
    named = [name for name in found if name in LABELS or (name.startswith(LABEL_FAMILIES) and len(name) < LONGEST_TEXT)]
    return {name: str(found[name])[:LONGEST_TEXT] for name in sorted(named)[:MOST_LABELS]}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    if isinstance(value, list):
        return [each[:LONGEST_TEXT] for each in value if isinstance(each, str)]
    return value if isinstance(value, bool | int | float) else None
