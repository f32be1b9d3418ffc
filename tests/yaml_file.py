"""YAML files of the repository, each parsed once in a process and by the parser in C: the other is ten times slower."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def parsed(file: Path) -> Any:
    """Returns the content of the file, one value for all who ask: nobody may change it."""
    return yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
