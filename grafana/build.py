"""Writes the dashboards' JSON files: run `python -m grafana.build` after a change of a dashboard."""

from __future__ import annotations

import json
from pathlib import Path

from grafana.overview import overview
from grafana.trading import trading

FOLDER = Path(__file__).parent / "dashboards"


def dashboards() -> dict[str, str]:
    """Returns the content of every dashboard file, by the file's name."""
    boards = (overview(), trading())
    return {f"{board['uid']}.json": json.dumps(board, indent=2, ensure_ascii=False) + "\n" for board in boards}


def main() -> None:
    """Writes the files."""
    for name, content in dashboards().items():
        (FOLDER / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
