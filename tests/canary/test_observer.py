"""One whole look at a small stack."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path

from canary.baseline_file import BaselineFile
from canary.containers import Containers
from canary.observer import Observer
from canary.percentile import MINIMUM_SAMPLES
from canary.probes.prober import Prober
from canary.probes.source import ProbeSource
from canary.verdict import VerdictLimits, judge
from canary.window import SampleWindow
from common.clock import SYSTEM_CLOCK
from tests.canary.build import LOOSE, SMALL_TEXT, answer
from tests.canary.servers import Engine, Site, closed_port

WELL: dict[str, str | None] = {"loop": None}
_KEPT: list[tempfile.TemporaryDirectory[str]] = []


@lru_cache
def small_file() -> Path:
    """The file of probes of a small stack, in a folder that lasts as long as the tests."""
    folder = tempfile.TemporaryDirectory()
    _KEPT.append(folder)
    path = Path(folder.name) / "probes.toml"
    path.write_text(SMALL_TEXT)
    return path


def observer(
    engine_url: str,
    targets: dict[str, str],
    timeout: float = 10.0,
    window: SampleWindow | None = None,
    file: Path | None = None,
) -> Observer:
    return Observer(
        ProbeSource(file or small_file(), LOOSE.constants(), targets, "simulated"),
        Prober(timeout, SYSTEM_CLOCK, lambda _answer: None),
        Containers(engine_url.replace("http://", "tcp://"), "spark", "host", timeout, SYSTEM_CLOCK.monotonic),
        BaselineFile(Path("no-such-folder")),
        window or SampleWindow(120),
        SYSTEM_CLOCK,
        timeout,
    )


def test_the_very_first_look_at_a_healthy_stack_is_a_pass(site: Site, engine: Engine) -> None:
    seen = observer(engine.url, {"web": site.url, "marketdata": site.url}).look(WELL).observation
    judgement = judge(seen, LOOSE)
    assert (judgement.verdict, judgement.reasons) == ("PASS", ())
    assert judgement.samples >= 40


def test_each_look_takes_enough_samples_to_judge_now_by_itself(site: Site, engine: Engine) -> None:
    looking = observer(engine.url, {"web": site.url})
    looking.look(WELL)
    before = len(site.asked)
    looking.look(WELL)
    assert len(site.asked) - before == 4 + MINIMUM_SAMPLES


def test_a_slow_start_is_out_of_the_percentile_after_two_more_looks(site: Site, engine: Engine) -> None:
    window = SampleWindow(120)
    window.add(answer("web", seconds=9.0, asked_at=SYSTEM_CLOCK.now()) for _ in range(40))
    looking = observer(engine.url, {"web": site.url}, window=window)
    limits = VerdictLimits(p95_seconds=8.0, restart_budget=10)
    assert judge(looking.look(WELL).observation, limits).verdict == "FAIL"
    looking.look(WELL)
    assert judge(looking.look(WELL).observation, limits).verdict == "PASS"


def test_a_stopped_web_is_a_fail_that_names_it(site: Site, engine: Engine) -> None:
    down = f"http://127.0.0.1:{closed_port()}"
    seen = observer(engine.url, {"web": down, "marketdata": site.url}).look(WELL).observation
    judgement = judge(seen, LOOSE)
    assert judgement.verdict == "FAIL"
    assert judgement.reasons[0] == "web healthz: [ANSWER] (connection refused) == whole"
    assert {one.target for one in seen.samples if one.outcome == "answered"} == {"marketdata"}


def test_a_target_that_comes_back_has_its_samples_at_once(engine: Engine) -> None:
    port = closed_port()
    looking = observer(engine.url, {"web": f"http://127.0.0.1:{port}"})
    assert judge(looking.look(WELL).observation, LOOSE).verdict == "FAIL"
    back = Site(port)
    try:
        assert judge(looking.look(WELL).observation, LOOSE).verdict == "PASS"
    finally:
        back.stop()


def test_an_engine_that_is_away_makes_a_healthy_stack_inconclusive(site: Site) -> None:
    seen = observer(f"http://127.0.0.1:{closed_port()}", {"web": site.url}).look(WELL).observation
    judgement = judge(seen, LOOSE)
    assert judgement.verdict == "INCONCLUSIVE"
    assert len(judgement.reasons) == 1
    assert "does not answer" in judgement.reasons[0]


def test_a_part_that_is_not_ready_fails_with_its_reason(site: Site, engine: Engine) -> None:
    body = b'{"ready":false,"parts":{"ledger":{"ready":false,"reason":"no connection"}}}'
    site.routes["/readyz"] = (503, "application/json", body)
    judgement = judge(observer(engine.url, {"web": site.url}).look(WELL).observation, LOOSE)
    assert judgement.verdict == "FAIL"
    assert 'web readyz: [UNREADY] (ledger: no connection) == "none"' in judgement.reasons
