"""Alertmanager's configuration: the file of the repository, with the receivers and routes of the settings put in.

A value is written as JSON, which is YAML too, so that none can end its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from init.make_secrets import write as write_file
from init.receivers.blocks import block
from init.receivers.routes import intervals, routes
from init.receivers.settings import Settings

ROUTES_HERE = "    # (routes of the receivers)\n"
RECEIVERS_HERE = "  # (receivers)\n"
CONFIGURATION, WORDS = "alertmanager.yml", "words.tmpl"
TEMPLATES = "/etc/alertmanager/templates/*.tmpl"


def configuration(base: str, settings: Settings) -> str:
    """Returns the whole configuration. Raises `ValueError` when the base lacks one of the two places."""
    for place in (ROUTES_HERE, RECEIVERS_HERE):
        if base.count(place) != 1:
            raise ValueError(f"the base file must have the line {place.strip()!r} once")
    filled = base.replace(ROUTES_HERE, _items(routes(settings), "    "))
    filled = filled.replace(RECEIVERS_HERE, _items((block(name, settings) for name in settings.on), "  "))
    quiet = intervals(settings)
    tail = f"\ntemplates: [{json.dumps(TEMPLATES)}, {json.dumps(WORDS)}]\n"
    return filled + tail + (f"\ntime_intervals:\n{_items(quiet, '  ')}" if quiet else "")


def words(settings: Settings) -> str:
    """Returns the templates that settings decide: a moment in local time, and the beginnings of links."""
    links = settings.links
    zone = json.dumps(settings.zone)
    return (
        f'{{{{ define "spark.time" }}}}{{{{ (tz {zone} .).Format "Mon 15:04" }}}}{{{{ end }}}}\n'
        f'{{{{ define "spark.console" }}}}{links.console}{{{{ end }}}}\n'
        f'{{{{ define "spark.grafana" }}}}{links.grafana}{{{{ end }}}}\n'
        f'{{{{ define "spark.alertmanager" }}}}{links.alertmanager}{{{{ end }}}}\n'
    )


def write(folder: Path, base: str, settings: Settings) -> bool:
    """Writes both files; returns false when they were so already. A file is replaced as a whole or stays."""
    rendered = {WORDS: words(settings), CONFIGURATION: configuration(base, settings)}
    changed = [name for name, text in rendered.items() if _content(folder / name) != text]
    for name in changed:
        write_file(folder / name, rendered[name])
    return bool(changed)


def _items(values: Iterable[dict[str, Any]], indent: str) -> str:
    return "".join(f"{indent}- {json.dumps(value, ensure_ascii=False)}\n" for value in values)


def _content(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
