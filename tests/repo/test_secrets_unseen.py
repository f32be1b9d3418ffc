"""No document and no script puts a secret where a list of processes shows it: in an argument or an environment."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SUFFIXES = {".md", ".sh", ".yml", ".yaml", ".html", ".js", ".toml", ".tmpl", ""}
SHOWN = {
    "a header in an argument": re.compile(r"(?:-H|--header)[ =]*[\"']?Authorization:", re.IGNORECASE),
    "a password in an argument": re.compile(
        r"\b(?:curl|wget|http|mc)\b[^|#`\n]*\s(?:-u|--user|--password|--oauth2-bearer)[ =]"
    ),
    "an address with a password": re.compile(r"\w+://(?!user:password@host)[^\s/:@<>$]+:[^\s/@]+@"),
    "a secret in a variable": re.compile(
        r"(?:^|[\s;(\"'])[A-Z_]*(?:TOKEN|PASSWORD|SECRET)=[\"']?\$|\bPGPASSWORD\b"
        r"|--env[= ]\S*(?:TOKEN|PASSWORD|SECRET)="
    ),
}
WRONG = [
    'curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1',
    "curl --header='authorization: Bearer x' http://127.0.0.1",
    'curl -s -u "admin:$(make secrets)" http://127.0.0.1:3000',
    "curl http://admin:secret@127.0.0.1:3000/",
    "export TOKEN=$(docker compose exec -T executor-1 cat token)",
    'PGPASSWORD=$(cat "$FILE") psql',
    "docker run --env SPARK_TOKEN=x image",
]


def files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and Path(name).suffix in SUFFIXES]


def shown(text: str) -> list[str]:
    return [
        f"{what}: {line.strip()}" for line in text.splitlines() for what, form in SHOWN.items() if form.search(line)
    ]


def test_no_document_and_no_script_shows_a_secret() -> None:
    texts = {path.relative_to(ROOT): path.read_text() for path in files() if path.is_file()}
    found = [f"{path}: {line}" for path, text in texts.items() for line in shown(text)]
    assert found == []


@pytest.mark.parametrize("line", WRONG)
def test_each_way_to_show_one_is_found(line: str) -> None:
    assert shown(line)
