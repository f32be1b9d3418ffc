"""/metrics: whole, one registry for each app, by rule and not by path, errors there before they happen."""

from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from common.build import ROOT, source_digest
from common.loop import Loop, Stop, Supervisor
from common.ops import BUCKETS
from tests.common.app import make


def _samples(app: Flask) -> dict[str, float]:
    """Every series of /metrics, written as `name{label="value",…}` with labels in alphabetical order."""
    answer = app.test_client().get("/metrics")
    assert answer.status_code == 200
    found = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def _total(method: str, status: int) -> str:
    return f'flask_http_request_total{{method="{method}",status="{status}"}}'


def test_server_errors_are_there_at_zero_before_the_first_one() -> None:
    samples = _samples(make())
    for method in ("GET", "POST"):
        for status in (500, 503):
            assert samples[_total(method, status)] == 0


def test_a_server_error_is_counted_once() -> None:
    app = make()
    app.test_client().get("/broken")
    app.test_client().get("/away")
    samples = _samples(app)
    assert (samples[_total("GET", 500)], samples[_total("GET", 503)]) == (1, 1)


def test_requests_are_counted_by_rule_and_never_by_path() -> None:
    app = make()
    for name in ("you", "me", "them"):
        app.test_client().get(f"/hello/{name}")
    counts = {name: value for name, value in _samples(app).items() if "duration_seconds_count" in name}
    assert counts == {
        'flask_http_request_duration_seconds_count{method="GET",status="200",url_rule="/hello/<name>"}': 3
    }


def test_paths_that_do_not_exist_make_one_series_together() -> None:
    app = make()
    for number in range(5):
        app.test_client().get(f"/nowhere/{number}")
    assert len([name for name in _samples(app) if "duration_seconds_count" in name]) == 1


def test_methods_that_clients_make_up_count_as_one() -> None:
    app = make()
    app.test_client().open("/hello/you", method="MADEUP")
    before = _samples(app)
    for number in range(90):
        answer = app.test_client().open("/hello/you", method=f"MADEUP{number}")
        assert answer.status_code == 405
    assert set(_samples(app)) == set(before)
    assert _samples(app)[_total("UNKNOWN", 405)] == 91


def test_each_loop_has_its_state_in_the_metrics() -> None:
    def fail() -> float:
        raise RuntimeError("no")

    stop = Stop()
    loops = Supervisor(stop)
    works, fails = loops.add(Loop("works", lambda: 60.0)), loops.add(Loop("fails", fail, retry=(60.0, 60.0)))
    app = make(loops=loops)
    before = _samples(app)
    for name in ("works", "fails"):
        assert before[f'spark_loop_up{{loop="{name}"}}'] == 0
        assert before[f'spark_loop_failures_total{{loop="{name}"}}'] == 0
        assert before[f'spark_loop_overdue_seconds{{loop="{name}"}}'] == 0
    works.start(stop)
    for _ in range(3):
        fails.run_once()
    after = _samples(app)
    assert (after['spark_loop_up{loop="works"}'], after['spark_loop_up{loop="fails"}']) == (1, 0)
    assert after['spark_loop_failures_total{loop="fails"}'] == 3
    loops.stop()
    assert _samples(app)['spark_loop_up{loop="works"}'] == 0


def test_a_loop_that_does_not_run_makes_the_service_not_ready() -> None:
    stop = Stop()
    loops = Supervisor(stop)
    loop = loops.add(Loop("works", lambda: 60.0))
    http = make(loops=loops).test_client()
    answer = http.get("/readyz")
    assert (answer.status_code, answer.get_json()["parts"]["loops"]["reason"]) == (503, "the loop works does not run")
    loop.start(stop)
    assert http.get("/readyz").status_code == 200
    loops.stop()


def test_probes_do_not_dilute_the_durations() -> None:
    app = make()
    for path in ("/healthz", "/readyz", "/metrics"):
        app.test_client().get(path)
    samples = _samples(app)
    assert [name for name in samples if "duration_seconds" in name] == []
    assert samples.get(_total("GET", 200), 0) == 0


def test_buckets_have_edges_around_the_limit_of_one_second() -> None:
    assert {1.0, 1.5, 2.0} <= set(BUCKETS)
    app = make()
    app.test_client().get("/hello/you")
    edges = {name.split('le="')[1].split('"')[0] for name in _samples(app) if "duration_seconds_bucket" in name}
    assert {"1.0", "1.5", "2.0", "+Inf"} <= edges


def test_two_apps_in_one_process_both_record_and_only_their_own() -> None:
    first, second = make(service="first"), make(service="second")
    first.test_client().get("/hello/you")
    second.test_client().get("/broken")
    assert _samples(first)[_total("GET", 200)] == 1
    assert _samples(first)[_total("GET", 500)] == 0
    assert _samples(second)[_total("GET", 500)] == 1


def test_the_process_is_described_too() -> None:
    names = {name.partition("{")[0] for name in _samples(make())}
    assert {
        "process_start_time_seconds",
        "process_resident_memory_bytes",
        "python_info",
        "python_gc_collections_total",
    } <= names


def test_what_runs_here_is_told_with_its_market() -> None:
    info = next(name for name in _samples(make()) if name.startswith("spark_build_info"))
    assert 'market="simulated"' in info
    assert 'service="tiny"' in info
    assert 'revision="unknown"' in info
    assert f'source="{source_digest(ROOT, "tiny")}"' in info


def test_readiness_failures_are_counted_by_part_from_zero_on() -> None:
    app = make({"feed": lambda: "no quote yet", "ledger": lambda: None})
    assert _samples(app)['readiness_failures_total{part="feed"}'] == 0
    app.test_client().get("/readyz")
    samples = _samples(app)
    assert samples['readiness_failures_total{part="feed"}'] == 1
    assert samples['readiness_failures_total{part="ledger"}'] == 0
