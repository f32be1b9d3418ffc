"""The file of probes: the one that the canary comes with, files of users, and every fault of a wrong one."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.probes.declared import ProbeFileError, read_file
from canary.probes.names import WITHOUT_REQUEST
from tests.canary.build import LIMITS, OWN_TEXT, plan, probe_file
from tests.repo.promql import ALERTS

ROOT = Path(__file__).parents[2]
HEAD = '[targets]\nweb = "http://web:1"\n[[probe]]\n'
GOOD = {
    "name": '"mine"',
    "targets": '["web"]',
    "path": '"/x"',
    "conditions": """['[STATUS] == 200']""",
}


def text(**fields: str | None) -> str:
    rows = {**GOOD, **fields}
    return HEAD + "".join(f"{name} = {value}\n" for name, value in rows.items() if value is not None)


def faults(content: str) -> tuple[str, ...]:
    with pytest.raises(ProbeFileError) as refused:
        read_file(content, LIMITS.constants())
    return refused.value.faults


def test_every_service_of_ours_is_asked_for_health_and_metrics_and_the_console_for_its_page_and_its_files() -> None:
    asked = {(one.target, one.check) for one in plan(text=OWN_TEXT).probes}
    for target in (
        "marketdata",
        "executor-1",
        "executor-2",
        "web",
        "canary",
        "venue",
        "docker-proxy",
        "executor-canary",
    ):
        assert {(target, "healthz"), (target, "metrics")} <= asked
    assert {("web", "page"), ("web", "assets"), ("marketdata", "quotes"), ("prometheus", "rules")} <= asked


def test_all_probes_are_critical_but_those_of_the_canary_and_of_what_serves_it_alone() -> None:
    file = probe_file(OWN_TEXT)
    uncritical = {target for one in file.probes if not one.critical for target in one.targets}
    assert uncritical == {"canary", "docker-proxy", "executor-canary"}


def test_every_probe_that_can_make_a_fail_says_what_a_user_can_not_do_and_leads_to_the_runbook() -> None:
    for probe in probe_file(OWN_TEXT).probes:
        assert probe.runbook in ALERTS, probe.name
        assert probe.look, probe.name
        assert probe.cannot or not probe.critical, probe.name


def test_what_is_repeated_is_neither_large_nor_counted_by_the_one_who_answers() -> None:
    for probe in probe_file(OWN_TEXT).probes:
        assert not probe.often or probe.kind == "http"


def test_a_users_probe_is_read_with_its_defaults() -> None:
    (probe,) = read_file(text(), {}).probes
    assert (probe.kind, probe.every, probe.timeout, probe.critical, probe.dry_run) == ("http", None, None, True, False)
    assert (probe.failure_limit, probe.success_limit) == (1, 1)


def test_a_users_probe_has_what_it_says() -> None:
    fields = {"every": '"5m"', "timeout": '"250ms"', "failure_limit": "3", "success_limit": "2", "critical": "false"}
    (probe,) = read_file(text(**fields), {}).probes
    assert (probe.every, probe.timeout, probe.failure_limit, probe.success_limit) == (300.0, 0.25, 3, 2)
    assert not probe.critical


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": None}, "probe 1 has name = ''; right would be a-z, 0-9 and -"),
        ({"name": '"My probe"'}, "has name = 'My probe'"),
        ({"kind": '"tcp"'}, "has the kind 'tcp'; known are http, readiness,"),
        ({"targets": None}, "has no targets"),
        ({"targets": "[]"}, "has no targets"),
        ({"targets": '["wbe"]'}, "asks 'wbe', which is not in [targets]: web"),
        ({"targets": '["web", "web"]'}, "asks web twice"),
        ({"targets": '["*"]'}, "asks '*', which is not in [targets]"),
        ({"path": None}, "has path = ''; right would be a path that begins with /"),
        ({"path": '"x"'}, "has path = 'x'"),
        ({"path": '"/a b"'}, "has path = '/a b'"),
        ({"every": "15"}, "has every = 15; right would be 1s to 86400s, such as '15s'"),
        ({"every": '"0s"'}, "has every = '0s'"),
        ({"timeout": '"31s"'}, "has timeout = '31s'; right would be 0.05s to 30s"),
        ({"failure_limit": "0"}, "has failure_limit = 0; right would be a whole number from 1 to 10"),
        ({"failure_limit": "true"}, "has failure_limit = True"),
        ({"critical": '"yes"'}, "has critical = 'yes'; right would be true or false"),
        ({"conditions": None}, "has no list of 1 to 20 conditions"),
        ({"conditions": "[]"}, "has no list of 1 to 20 conditions"),
        ({"conditions": """['[STATUS] is 200']"""}, "has a condition that can't be read: '[STATUS] is 200'"),
        ({"conditions": """['[FELL] == "none"']"""}, "[FELL], which this kind of probe has not"),
        ({"conditons": "[]"}, "has 'conditons', which a probe of the kind http has not"),
        ({"cannot": "7"}, "has cannot that is no line"),
        ({"runbook": '"../x"'}, "has runbook = '../x'"),
        ({"series": '["up"]'}, "has 'series', which a probe of the kind http has not"),
        ({"symbol": '"BTCTURK:BTCTRY"'}, "has 'symbol', which a probe of the kind http has not"),
        ({"kind": '"order"'}, "has symbol = ''; right would be a symbol, such as BTCTURK:BTCTRY"),
        ({"kind": '"order"', "quantity": "0.1"}, "has quantity = 0.1; right would be a text such as '0.0001'"),
        ({"kind": '"order"', "quantity": '"0.10"'}, "has quantity = '0.10'"),
        ({"kind": '"order"', "quantity": '"0"'}, "has quantity = '0'"),
        ({"kind": '"order"', "often": "true"}, "has 'often', which a probe of the kind order has not"),
        ({"kind": '"latency"', "conditions": """['[P95] < 1s']"""}, "has 'path', which a probe of the kind latency"),
    ],
)
def test_a_fault_is_told_with_its_place_and_what_would_be_right(fields: dict[str, str | None], told: str) -> None:
    assert any(told in fault for fault in faults(text(**fields))), faults(text(**fields))


def test_all_faults_are_told_together() -> None:
    assert len(faults(text(name=None, critical="3", every="7", conditions="[1, 2]"))) == 5


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "has no list of 1 to 200 [[probe]]"),
        ("[targets\n", "the file is no TOML"),
        ("probe = 7\n", "has no list"),
        ("probe = [7]\n", "has no list"),
        ("targets = 7\n" + text().replace("[targets]", "[t]"), "targets must be a table"),
        (text().replace("http://web:1", "https://web:1"), "targets has web = 'https://web:1'"),
        (text().replace("http://web:1", "http://web:1/path"), "must be http://host:port"),
        ("[more]\n" + text(), "the file has 'more', but only where_running, targets, probe are known"),
        ('where_running = "web"\n' + text(), "where_running is 'web'; right would be a list of names of [targets]"),
        ('where_running = ["wiki"]\n' + text(), "where_running is ['wiki']"),
        ("# " + "x" * 300_000, "the file has more than"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_is_refused(content: str, told: str) -> None:
    assert any(told in fault for fault in faults(content)), faults(content)


@given(st.text(max_size=80), st.integers(0, len(OWN_TEXT)))
def test_no_damage_to_the_file_makes_the_reader_fail_in_another_way(junk: str, at: int) -> None:
    with suppress(ProbeFileError):
        assert read_file(OWN_TEXT[:at] + junk + OWN_TEXT[at + len(junk) :], LIMITS.constants()).probes


def test_the_kinds_that_ask_nothing_have_no_address() -> None:
    assert {one.kind for one in probe_file(OWN_TEXT).probes if not one.path and not one.query} == WITHOUT_REQUEST | {
        "order"
    }
