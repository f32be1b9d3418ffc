"""An image says the commit that it was built from, and two trees never share one under a wrong name."""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest

from tests.repo import compose
from tests.scripts.test_modes import is_here
from tests.scripts.test_revision import commit, git

ROOT = Path(__file__).parents[2]
BASE = compose.services()["venue"]["build"]["args"]["BASE_IMAGE"]
SAY = "from common.build import build_of; b = build_of('venue'); print(b.revision, b.source)"
pytestmark = [pytest.mark.engine, pytest.mark.skipif(not is_here(BASE), reason=f"no engine, or not here: {BASE}")]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with what the venue's image is built from, all committed."""
    for name in ("common", "venue", "scripts"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("docker-compose.yml", ".dockerignore", ".gitignore"):
        shutil.copy(ROOT / name, tmp_path)
    commit(tmp_path)
    return tmp_path


def built(place: Path, project: str) -> tuple[str, str, str]:
    """Builds the image as the scripts do. Returns the commit on its label, and the commit and digest that it says."""
    script = ". scripts/lib.sh; . scripts/host.sh; use_revision; docker compose build --quiet venue"
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "COMPOSE_PROJECT_NAME": project, "HOME": str(place)}
    subprocess.run(["bash", "-ec", script], cwd=place, env=environment, check=True, capture_output=True)
    image = f"{project}-venue"
    told = subprocess.run(["docker", "image", "inspect", image], check=True, capture_output=True).stdout
    command = ["docker", "run", "--rm", "--network=none", image, "python", "-c", SAY]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return json.loads(told)[0]["Config"]["Labels"]["org.opencontainers.image.revision"], said[0], said[1]


def test_each_tree_has_an_image_that_says_what_it_was_built_from(checkout: Path) -> None:
    project = f"spark-test-revision-{uuid.uuid4().hex[:8]}"
    clean = git(checkout, "rev-parse", "HEAD")
    try:
        label, revision, source = built(checkout, project)
        assert label == revision == clean
        (checkout / "venue/new.py").write_text("")
        label, revision, other = built(checkout, project)
        assert label == revision == f"{clean}-dirty"
        assert other != source
        (checkout / "venue/new.py").unlink()
        git(checkout, "commit", "--quiet", "--allow-empty", "--message", "The same files")
        label, revision, same = built(checkout, project)
        assert label == revision == git(checkout, "rev-parse", "HEAD") != clean
        assert same == source
    finally:
        subprocess.run(["docker", "image", "rm", "--force", f"{project}-venue"], capture_output=True, check=False)
