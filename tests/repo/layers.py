"""The line of every module in the table "who may import whom", and how to read a module's imports."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.repo.tree import parsed

ROOT = Path(__file__).parents[2]

# Line 1 is pure, 2 keeps state or talks to the outside, 3 does the work, 4 is a door, 5 joins the parts. A folder
# stands for all of its modules but those that are named. `metrics` is on line 2 where it is told what happens, and a
# door where it reads at each scrape.
LINES: dict[str, dict[int, str]] = {
    "marketdata": {
        1: "events lenient listed numbers refusals link.failures rest.replies state.bars state.book state.candles "
        "state.kept state.listing state.packed state.rowbook state.selection state.shelf state.spans state.symbol "
        "state.told state.trades state.witness tape.secrets "
        "venues.btcturk.answers venues.btcturk.bar_answers venues.btcturk.claims venues.btcturk.diffs "
        "venues.btcturk.frames venues.btcturk.known_pairs "
        "venues.btcturk.oddframes venues.btcturk.pair_answers venues.btcturk.pair_states venues.btcturk.pairs "
        "venues.btcturk.readings venues.btcturk.resync venues.btcturk.shapes venues.btcturk.steps "
        "venues.btcturk.subscriptions "
        "venues.algolab.answers venues.algolab.credentials venues.algolab.endpoints venues.algolab.frames "
        "venues.algolab.instruments venues.algolab.readings venues.algolab.shapes venues.algolab.share "
        "venues.algolab.signing venues.algolab.steps venues.algolab.subscriptions venues.algolab.ticks",
        2: "settings counters metric_table nets outbound followed.file keeping.barfile link.dial_limits link.inbox "
        "link.readahead rest state stream tape "
        "venues.btcturk.endpoints venues.btcturk.instrument_file venues.btcturk.notes venues.btcturk.settings "
        "venues.algolab.counters venues.algolab.equity_requests venues.algolab.hours venues.algolab.settings "
        "venues.algolab.vault",
        3: "examples followed keeping link messages openapi parts venues",
        4: "api cli followed.api metrics tape.cli",
        5: "app",
    },
    "venue": {
        1: "counters invented oddities btcturk.answers btcturk.bars btcturk.charts btcturk.day btcturk.frames "
        "btcturk.history btcturk.ladder btcturk.listing btcturk.market btcturk.odd_answers btcturk.pairs "
        "btcturk.prices btcturk.rules btcturk.subscriptions btcturk.views algolab.depth algolab.frames algolab.grid "
        "algolab.indicator algolab.listing algolab.market algolab.stock algolab.subscriptions algolab.views",
        2: "armed_faults lies settings btcturk.faults btcturk.odd_frames btcturk.frame_faults btcturk.ratelimits "
        "algolab.accounts algolab.crypto algolab.faults algolab.frame_faults replay.calls replay.script",
        3: "admin algolab btcturk connection marketserver replay socket_faults",
        4: "metrics btcturk.admin btcturk.api btcturk.chart_api algolab.admin algolab.api replay.api",
        5: "app parts",
    },
    "executor": {
        1: "account adjustment_messages arrival batch_messages equity errors examples guardrails largest "
        "listing_messages losses messages openapi orders paper preview_messages rates valuation "
        "ledger.adjustments ledger.events ledger.payload ledger.replay market.symbol_view "
        "writer.journal writer.level_uses writer.open_orders writer.recent writer.state writer.view",
        2: "context gauges health kept_marks ledger market metrics peers quotes rate_limit settings steady store "
        "timing writer",
        3: "adjustments api.answering backups batches cancel command_messages commands controls desk forwarded leading "
        "loss_monitor matching parts preview rehearsal reversals step stream submit "
        "verifying",
        4: "api",
        5: "app",
    },
    "web": {
        1: "canary_answers expressions plot prometheus_answers view alerts.acts alerts.alert alerts.answers "
        "alerts.heartbeat alerts.history alerts.judge "
        "alerts.sent alerts.tables",
        2: "cells clients orders prometheus quotes readiness related runbook settings streams undrawn "
        "alerts.address alerts.alertmanager alerts.inbox alerts.outside alerts.rows alerts.upgrade",
        3: "charts following metrics panels readers rows state alerts",
        4: "api",
        5: "app parts",
    },
    "canary": {
        1: "archive attestation badge baseline chain comparison conditions latency observation percentile prediction "
        "page.judging "
        "ranks report restarts run_latency seal spelling statement timestamp timestamped trust verdict versions window "
        "words x509 history.cursor history.entries history.messages history.tables history.uptime "
        "probes.body probes.checks probes.declared probes.exposition probes.http_values probes.judging "
        "probes.metric_text probes.metric_values probes.names probes.order_values probes.orders probes.plan "
        "probes.sentences probes.streaks "
        "trial.books trial.judge trial.offers trial.plan trial.record trial.results",
        2: "baseline_file certificate chainfolder containers deadline downloads evidence files history.reads "
        "history.store history.writes keys listing memory package page.chromium probes.exchange probes.pool "
        "probes.source sealing settings stamping trial.side",
        3: "card fresh_run history keeping monitor observer packing page past_runs probes trial verifying",
        4: "api history_api metrics",
        5: "__main__ app cli commands page.__main__ parts",
    },
    "window": {
        1: "shown",
        2: "engine metrics settings",
        3: "project",
        4: "api",
        5: "app parts",
    },
}

PURE_LIBRARY = {
    *("__future__", "abc", "collections", "contextlib", "copy", "dataclasses", "enum", "functools", "itertools"),
    *("operator", "types", "typing", "bisect", "heapq", "graphlib", "datetime", "decimal", "fractions", "math"),
    *("statistics", "random", "zoneinfo", "hashlib", "json", "msgspec", "re", "string", "xml"),
    *("array", "base64", "binascii", "cryptography", "struct", "email", "io", "prometheus_client", "tomllib", "urllib"),
    *("rfc3161_client", "securesystemslib"),
}
CLOCKS = frozenset({"now", "utcnow", "today", "monotonic", "perf_counter", "time_ns", "uuid1", "uuid4"})


def line_of(module: str) -> int | None:
    """The line of `service.part…`; None for a module that has no line yet, 0 for the service's own package."""
    service, _, rest = module.partition(".")
    if not rest:
        return 0
    parts = rest.split(".")
    for count in range(len(parts), 0, -1):
        for line, named in LINES.get(service, {}).items():
            if ".".join(parts[:count]) in named.split():
                return line
    return None


def modules(service: str) -> dict[str, Path]:
    """Dotted name to file of every module of a service."""
    found = {}
    for file in sorted((ROOT / service).rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imports(file: Path) -> set[str]:
    """Dotted names that a file imports, at the top, inside functions or for types; of a package, the modules in it."""
    found: set[str] = set()
    for node in ast.walk(parsed(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {_module_or_home(node.module, alias.name) for alias in node.names}
    return found


def _module_or_home(home: str, name: str) -> str:
    path = ROOT / home.replace(".", "/") / name
    return f"{home}.{name}" if path.with_suffix(".py").exists() or path.is_dir() else home
