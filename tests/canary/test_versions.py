"""Each part is told with the version that it gives itself, and a name that says otherwise is told as such."""

from __future__ import annotations

import pytest

from canary.observation import Running
from canary.versions import running_parts, shown
from tests.canary.build import answer, container

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SOURCE = "f" * 64
WEB = (
    f'spark_build_info{{market="simulated",replica="1",revision="{COMMIT}-dirty",service="web",source="{SOURCE}",'
    'version="0.1.0"} 1.0\n'
)
PROMETHEUS = 'prometheus_build_info{branch="HEAD",goversion="go1.24",revision="8be3a91",version="3.5.3+ds1"} 1\n'
DATABASE = 'executor_database_info{version="17.12 (Debian 17.12-0+deb13u1)"} 1.0\n'


def row(service: str, body: str, target: str = "", **image: object) -> Running:
    """The row of a part, from what a target's /metrics says, and what its image is."""
    answers = [answer(target or service, "metrics", body=body)]
    return next(one for one in running_parts([container(service, **image)], answers) if one.service == service)


def test_an_own_service_tells_version_commit_and_digest_of_its_files() -> None:
    web = row("web", WEB, base="python:3.13-slim-trixie", revision=f"{COMMIT}-dirty", digests=("a@sha256:2",))
    assert (web.version, web.revision, web.source) == ("0.1.0", f"{COMMIT}-dirty", SOURCE)
    assert (web.image, web.image_id, web.digests) == ("spark-web", "sha256:" + "1" * 64, ("a@sha256:2",))
    assert web.notes == ()


def test_a_stand_in_is_told_with_the_version_that_runs() -> None:
    postgres = row("postgres", DATABASE, "executor-1", image="postgres:17.6-trixie", standin=True)
    assert postgres.version == "17.12 (Debian 17.12-0+deb13u1)"
    assert postgres.standin
    assert postgres.notes == ("a stand-in, not postgres:17.6-trixie", "17.6 was asked for, 17.12 runs")


@pytest.mark.parametrize(
    ("base", "version", "notes"),
    [
        ("prom/prometheus:v3.5.3", "3.5.3", ()),
        ("prom/prometheus:v3.5", "3.5.3+ds1", ()),
        ("prom/prometheus:v3.5.0", "3.5.3+ds1", ("3.5.0 was asked for, 3.5.3 runs",)),
        ("prom/prometheus:v3.5.30", "3.5.3", ("3.5.30 was asked for, 3.5.3 runs",)),
        ("prom/prometheus:latest", "3.5.3", ()),
        ("localhost:5000/prometheus", "3.5.3", ()),
        (None, "3.5.3", ()),
    ],
)
def test_a_version_that_was_not_asked_for_is_told(base: str | None, version: str, notes: tuple[str, ...]) -> None:
    body = PROMETHEUS.replace("3.5.3+ds1", version)
    prometheus = row("prometheus", body, base=base, image="spark-prometheus")
    assert (prometheus.version, prometheus.revision, prometheus.notes) == (version, None, notes)


def test_an_image_that_claims_another_commit_is_told() -> None:
    assert row("web", WEB, revision=COMMIT).notes == (f"its image says commit {COMMIT}",)


def test_an_own_service_on_a_stand_in_is_told() -> None:
    assert row("web", WEB, base="python:3.13-slim-trixie", standin=True).notes == (
        "on a stand-in, not on python:3.13-slim-trixie",
    )


@pytest.mark.parametrize("body", ["", "up 1\n", "web_build_info{} 1\n", f"# {WEB}", 'spark_build_info{version="1} 1\n'])
def test_a_part_that_tells_no_version_has_none(body: str) -> None:
    assert row("web", body).version is None


def test_an_answer_that_failed_tells_nothing() -> None:
    (web,) = running_parts([container("web")], [answer("web", "metrics", body=WEB, status=500)])
    assert web.version is None


def test_without_the_engine_the_parts_still_tell_their_versions() -> None:
    rows = running_parts(None, [answer("web", "metrics", body=WEB), answer("executor-1", "metrics", body=DATABASE)])
    assert [(one.service, one.version, one.image) for one in rows] == [
        ("postgres", "17.12 (Debian 17.12-0+deb13u1)", ""),
        ("web", "0.1.0", ""),
    ]


def test_what_a_part_says_is_one_short_line() -> None:
    told = row("prometheus", 'prometheus_build_info{version="1\\u0007' + "9" * 500 + '\x1b[2J"} 1\n').version
    assert told is not None
    assert len(told) <= 160
    assert told.isprintable()


def test_the_table_shows_everything_in_columns() -> None:
    rows = [
        row(
            "postgres",
            DATABASE,
            "executor-1",
            image="postgres:17.6-trixie",
            image_id="sha256:" + "a" * 64,
            standin=True,
        ),
        row("web", WEB, base="python:3.13"),
        Running(service="docker-proxy"),
    ]
    assert shown(rows) == [
        "part          version                         commit              image",
        "postgres      17.12 (Debian 17.12-0+deb13u1)  -                   postgres:17.6-trixie (aaaaaaaaaaaa) "
        "[a stand-in, not postgres:17.6-trixie] [17.6 was asked for, 17.12 runs]",
        "web           0.1.0                           0123456789ab-dirty  python:3.13 (111111111111)",
        "docker-proxy  not told                        -                   -",
    ]
