"""The dashboard "Spark overview": the state of the stack first, then what each part does."""

from __future__ import annotations

from grafana.panels import SELECTED as S
from grafana.panels import DashboardPanel, DashboardRow, Json, dashboard

RATE = "$__rate_interval"
GOOD_OR_BAD = ((None, "red"), (1.0, "green"))
BAD_WHEN_SET = ((None, "green"), (1.0, "red"))

ALRIGHT = DashboardRow(
    "Is it alright?",
    (
        DashboardPanel(
            "Services",
            "Up when Prometheus reached the target at its last scrape.",
            "none",
            {"{{service}} {{replica}}": f"up{{{S}}}"},
            kind="stat",
            width=24,
            height=4,
            colours=GOOD_OR_BAD,
            words={"0": "down", "1": "up"},
        ),
        DashboardPanel(
            "Canary verdict",
            "The canary's verdict over everything that it probes.",
            "none",
            {"{{verdict}}": f"canary_verdict{{{S}}} == 1"},
            kind="stat",
            width=4,
            height=4,
            names={"PASS": "green", "FAIL": "red", "INCONCLUSIVE": "orange"},
        ),
        DashboardPanel(
            "Since the last PASS",
            "Time since the canary's last verdict PASS.",
            "s",
            {"last PASS": f"time() - (canary_last_pass_timestamp_seconds{{{S}}} > 0)"},
            kind="stat",
            width=5,
            height=4,
            colours=((None, "green"), (60.0, "orange"), (300.0, "red")),
            when_empty="never",
        ),
        DashboardPanel(
            "Oldest quote",
            "Age of the oldest quote; orders in a stale symbol are denied.",
            "s",
            {"oldest": f"max(marketdata_quote_age_seconds{{{S}}})"},
            kind="stat",
            width=5,
            height=4,
            colours=((None, "green"), (5.0, "orange"), (20.0, "red")),
        ),
        DashboardPanel(
            "Ledger",
            "Reachable when every executor reaches the ledger's database.",
            "none",
            {"ledger": f"min(executor_ledger_up{{{S}}})"},
            kind="stat",
            width=5,
            height=4,
            colours=GOOD_OR_BAD,
            words={"0": "unreachable", "1": "reachable"},
        ),
        DashboardPanel(
            "Kill switch",
            "Engaged when an operator has stopped trading.",
            "none",
            {"kill switch": f"max(executor_kill_switch{{{S}}})"},
            kind="stat",
            width=5,
            height=4,
            colours=BAD_WHEN_SET,
            words={"0": "released", "1": "ENGAGED"},
        ),
    ),
)

REQUESTS = DashboardRow(
    "Requests",
    (
        DashboardPanel(
            "Requests",
            "Requests a second, by service. Health checks and scrapes are not counted.",
            "reqps",
            {"{{service}}": f"sum by (service) (rate(flask_http_request_total{{{S}}}[{RATE}]))"},
        ),
        DashboardPanel(
            "p95 latency",
            "95 % of the requests took at most this long. The line is the alert's limit of 1 s.",
            "s",
            {
                "{{service}}": "histogram_quantile(0.95, sum by (service, le) "
                f"(rate(flask_http_request_duration_seconds_bucket{{{S}}}[{RATE}])))"
            },
            colours=((None, "green"), (1.0, "red")),
        ),
        DashboardPanel(
            "Errors",
            "Answers with a 5xx status a second, by service. The line is the alert's limit of 0.01.",
            "reqps",
            {"{{service}}": f'sum by (service) (rate(flask_http_request_total{{{S}, status=~"5.."}}[{RATE}]))'},
            colours=((None, "green"), (0.01, "red")),
        ),
    ),
)

MARKET = DashboardRow(
    "Market data",
    (
        DashboardPanel(
            "Quote age",
            "Time since the feed last proved each quote. The line is the alert's limit of 20 s.",
            "s",
            {"{{symbol}}": f"max by (symbol) (marketdata_quote_age_seconds{{{S}}})"},
            colours=((None, "green"), (20.0, "red")),
        ),
        DashboardPanel(
            "Frames",
            "Frames a second from the venue, by type.",
            "cps",
            {"{{venue}} {{type}}": f"sum by (venue, type) (rate(marketdata_frames_total{{{S}}}[{RATE}]))"},
        ),
        DashboardPanel(
            "Stale books",
            "1 while a symbol's book must not be traded on.",
            "none",
            {"{{symbol}}": f"max by (symbol) (marketdata_book_stale{{{S}}})"},
        ),
    ),
)

FEEDS = DashboardRow(
    "Feeds",
    (
        DashboardPanel(
            "Feed state",
            "1 for the state that each venue's feed is in. Only live is normal.",
            "none",
            {"{{venue}} {{state}}": f"max by (venue, state) (marketdata_feed_state{{{S}}}) == 1"},
        ),
        DashboardPanel(
            "Resyncs",
            "Order books that were asked for anew a second, by venue.",
            "cps",
            {"{{venue}}": f"sum by (venue) (rate(marketdata_resyncs_total{{{S}}}[{RATE}]))"},
        ),
        DashboardPanel(
            "Calls to venues",
            "REST calls a second, by venue and outcome.",
            "reqps",
            {"{{venue}} {{outcome}}": f"sum by (venue, outcome) (rate(marketdata_rest_requests_total{{{S}}}[{RATE}]))"},
        ),
    ),
)

TRADING = DashboardRow(
    "Trading",
    (
        DashboardPanel(
            "Orders by status",
            "Orders a second that reached each status, both executors together.",
            "cps",
            {"{{status}}": f"sum by (status) (rate(executor_orders_total{{{S}}}[{RATE}]))"},
        ),
        DashboardPanel(
            "Denials by code",
            "Guardrail refusals a second, by code.",
            "cps",
            {"{{code}}": f"sum by (code) (rate(executor_denials_total{{{S}}}[{RATE}]))"},
        ),
        DashboardPanel(
            "Fills by side",
            "Paper fills a second, by side.",
            "cps",
            {"{{side}}": f"sum by (side) (rate(executor_fills_total{{{S}}}[{RATE}]))"},
        ),
        DashboardPanel(
            "Order duration, p95",
            "From the request to the durable answer, per executor.",
            "s",
            {
                "{{instance}}": "histogram_quantile(0.95, sum by (instance, le) "
                f"(rate(executor_order_duration_seconds_bucket{{{S}}}[{RATE}])))"
            },
        ),
        DashboardPanel(
            "Ledger sequence",
            "Sequence of the ledger's latest event, as each executor sees it. It never falls.",
            "none",
            {"{{instance}}": f"executor_ledger_sequence{{{S}}}"},
        ),
        DashboardPanel(
            "Open orders",
            "Orders that can still be filled.",
            "none",
            {"open": f"max(executor_open_orders{{{S}}})"},
        ),
    ),
)

CANARY = DashboardRow(
    "Canary, containers and loops",
    (
        DashboardPanel(
            "Restarts",
            "Restarts of each service's containers, counted by the engine. The line is the canary's budget of ten.",
            "none",
            {"{{container}}": f"max by (container) (canary_container_restarts{{{S}}})"},
            colours=((None, "green"), (10.0, "red")),
        ),
        DashboardPanel(
            "Failed probes",
            "Checks with a condition that is not met, by target.",
            "none",
            {"{{target}}": f"sum by (target) (canary_probe_success{{{S}}} == bool 0)"},
        ),
        DashboardPanel(
            "p95 of the canary's probes",
            "95 % of the canary's probes took at most this long. The line is the canary's limit of 1 s.",
            "s",
            {"p95": f"canary_p95_seconds{{{S}}}"},
            colours=((None, "green"), (1.0, "red")),
        ),
        DashboardPanel(
            "Size of /metrics",
            "Size of each service's /metrics. Steady growth means a label without bounds.",
            "bytes",
            {"{{target}}": f"canary_metrics_bytes{{{S}}}"},
        ),
        DashboardPanel(
            "Memory",
            "Resident memory of each service's process.",
            "bytes",
            {"{{instance}}": f"process_resident_memory_bytes{{{S}}}"},
        ),
        DashboardPanel(
            "Late loops",
            "Time since each loop's step was due. The line is the alert's limit of 60 s.",
            "s",
            {"{{instance}} {{loop}}": f"spark_loop_overdue_seconds{{{S}}}"},
            colours=((None, "green"), (60.0, "red")),
        ),
        DashboardPanel(
            "Failures of loops",
            "Steps of loops that failed a second.",
            "cps",
            {"{{instance}} {{loop}}": f"rate(spark_loop_failures_total{{{S}}}[{RATE}])"},
        ),
        DashboardPanel(
            "Open streams",
            "Browsers that are connected to a live stream.",
            "none",
            {"{{instance}}": f"web_streams_open{{{S}}}"},
        ),
    ),
)


def overview() -> Json:
    """Returns the dashboard."""
    return dashboard(
        "spark-overview",
        "Spark overview",
        "The whole stack on one page: its state, its answers, the market and the orders.",
        (ALRIGHT, REQUESTS, MARKET, FEEDS, TRADING, CANARY),
    )
