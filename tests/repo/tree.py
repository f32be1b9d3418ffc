"""The repository's files as git sees them: tracked, or new and not ignored."""

import ast
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def paths() -> list[Path]:
    """Paths relative to the root, sorted; without what git ignores or what was deleted."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return sorted({Path(name) for name in listed.split("\0") if name and (ROOT / name).exists()})


def parsed(source: str) -> ast.Module:
    """The tree of a module. CPython 3.11 counts its depth in one place for all threads: one that tells a traceback
    meanwhile, as a server of another test may, spoils it. It is then made again."""
    for _ in range(9):
        try:
            return ast.parse(source)
        except SystemError:
            continue
    return ast.parse(source)
