"""The dashboard "Spark trading": what the account may do, what it is worth, and how its orders fare."""

from __future__ import annotations

from grafana.panels import SELECTED as S
from grafana.panels import Json, Panel, Row, Steps, dashboard
from grafana.queries import RATE, quantile, shown, summed

BAD_WHEN_SET: Steps = ((None, "green"), (1.0, "red"))
NEAR_AND_FULL: Steps = ((None, "green"), (0.8, "orange"), (1.0, "red"))
LOSSES = 'code=~"DAILY_LOSS|DRAWDOWN"'


def fallen(anchor: str) -> str:
    """How far the equity is below an anchor, as a part of it."""
    return f"clamp_min(1 - {shown('executor_equity', 'currency')} / {shown(anchor, 'currency')}, 0)"


STATE = Row(
    "May it trade?",
    (
        Panel(
            "Trading state",
            "What the account may do: everything, only sell, or nothing; `GET /v1/trading-state` has the reason.",
            "none",
            {
                "account": shown("executor_trading_state", where='state="REDUCING"')
                + " + 2 * "
                + shown("executor_trading_state", where='state="HALTED"')
            },
            kind="state-timeline",
            width=12,
            height=4,
            colours=((None, "green"), (1.0, "orange"), (2.0, "red")),
            words={"0": "ACTIVE", "1": "REDUCING", "2": "HALTED"},
        ),
        Panel(
            "Who matches",
            "The executor that leads: it matches resting orders and judges losses. One without the ledger is left out.",
            "none",
            {"{{instance}}": shown("executor_matcher_holder", "instance")},
            kind="state-timeline",
            width=12,
            height=4,
            colours=((None, "text"), (1.0, "green")),
            words={"0": "waits", "1": "matches"},
        ),
        Panel(
            "Kill switches",
            "How many are engaged: for all accounts, for this one, and for symbols.",
            "none",
            {"engaged": shown("executor_kill_switches")},
            kind="stat",
            width=6,
            height=4,
            colours=BAD_WHEN_SET,
        ),
        Panel(
            "Worth",
            "Whether everything that the account holds has a price; losses are not judged while something has none.",
            "none",
            {"worth": f"min(executor_equity_known{{{S}}} and on (instance) executor_ledger_up{{{S}}} == 1)"},
            kind="stat",
            width=6,
            height=4,
            colours=((None, "red"), (1.0, "green")),
            words={"0": "UNKNOWN", "1": "known"},
        ),
        Panel(
            "Open orders",
            "Orders that are neither filled nor ended.",
            "none",
            {"open": shown("executor_open_orders")},
            kind="stat",
            width=6,
            height=4,
        ),
        Panel(
            "Failed matching passes",
            "Passes a second that failed; what is shown of the account gets old while they fail.",
            "cps",
            {"{{instance}}": f'rate(spark_loop_failures_total{{{S}, loop="matcher"}}[{RATE}])'},
            width=6,
            height=4,
        ),
    ),
)

WORTH = Row(
    "Valuation",
    (
        Panel(
            "Equity",
            "The equity, the equity as the day began in Istanbul, and the highest equity so far.",
            "locale",
            {
                "equity, {{currency}}": shown("executor_equity", "currency"),
                "day start, {{currency}}": shown("executor_equity_day_start", "currency"),
                "peak, {{currency}}": shown("executor_equity_peak", "currency"),
            },
            width=12,
            height=8,
            from_zero=False,
        ),
        Panel(
            "Loss and drawdown",
            "How far the equity is below the day's start, and below its peak.",
            "percentunit",
            {"loss of the day": fallen("executor_equity_day_start"), "drawdown": fallen("executor_equity_peak")},
            width=6,
            height=8,
        ),
        Panel(
            "Limits on losses",
            "The part of each limit that is lost. The lines are the alert's 80 %, and where the account is held.",
            "percentunit",
            {"{{code}}": shown("executor_limit_use_ratio", "code", LOSSES)},
            width=6,
            height=8,
            colours=NEAR_AND_FULL,
        ),
        Panel(
            "Exposure",
            "The value of the positions at their marks.",
            "locale",
            {"{{currency}}": shown("executor_exposure", "currency")},
            width=6,
        ),
        Panel(
            "Unrealised profit and loss",
            "The value of the positions less their cost; without fees.",
            "locale",
            {"{{currency}}": shown("executor_unrealised_pnl", "currency")},
            width=6,
            from_zero=False,
        ),
        Panel(
            "Realised profit and loss",
            "Proceeds of sales less the cost of the sold, since the account was opened; without fees.",
            "locale",
            {"{{currency}}": shown("executor_realised_pnl", "currency")},
            width=6,
            from_zero=False,
        ),
        Panel(
            "Fees",
            "Fees since the account was opened.",
            "locale",
            {"{{currency}}": shown("executor_fees_paid", "currency")},
            width=6,
        ),
    ),
)

ORDERS = Row(
    "Orders and guardrails",
    (
        Panel(
            "Orders by status",
            "Orders a second that reached each status, over both executors.",
            "cps",
            {"{{status}}": summed("executor_orders_total", "status")},
        ),
        Panel(
            "Denials by code",
            "Guardrail refusals a second, by code; one order can have several.",
            "cps",
            {"{{code}}": summed("executor_denials_total", "code")},
        ),
        Panel(
            "Fills by side",
            "Paper fills a second, by side.",
            "cps",
            {"{{side}}": summed("executor_fills_total", "side")},
        ),
        Panel(
            "Use of limits",
            "The part of a limit that the latest accepted order used, or that is lost; the higher of both executors.",
            "percentunit",
            {"{{code}}": shown("executor_limit_use_ratio", "code")},
            kind="bargauge",
            width=12,
            height=9,
            colours=NEAR_AND_FULL,
        ),
        Panel(
            "Near a limit",
            "Orders a second that passed with 80 % of a limit used or more, and times that losses came so far.",
            "cps",
            {"{{code}}": summed("executor_near_limits_total", "code")},
            width=12,
            height=9,
        ),
    ),
)

SPEED = Row(
    "How quickly",
    (
        Panel(
            "Order duration",
            "From the request to the durable answer, over both executors.",
            "s",
            {
                "p50": quantile(0.5, "executor_order_duration_seconds"),
                "p95": quantile(0.95, "executor_order_duration_seconds"),
                "p99": quantile(0.99, "executor_order_duration_seconds"),
            },
        ),
        Panel(
            "Stages, median",
            "Half of the orders (quote, queue) or of the transactions (the rest) took at most this long in a stage.",
            "s",
            {"{{stage}}": quantile(0.5, "executor_order_stage_seconds", "stage")},
        ),
        Panel(
            "Stages, p95",
            "95 % of the orders (quote, queue) or of the transactions (the rest) took at most this long in a stage.",
            "s",
            {"{{stage}}": quantile(0.95, "executor_order_stage_seconds", "stage")},
        ),
        Panel(
            "Works per commit",
            "Orders, cancels and the like that shared a commit: on average, and in the fullest 5 % of commits.",
            "none",
            {
                "average": f"sum(rate(executor_commit_works_sum{{{S}}}[{RATE}]))"
                f" / sum(rate(executor_commit_works_count{{{S}}}[{RATE}]))",
                "p95": f"ceil({quantile(0.95, 'executor_commit_works')})",
            },
        ),
        Panel(
            "Commits",
            "Commits a second that works shared, per executor.",
            "cps",
            {"{{instance}}": summed("executor_commit_works_count", "instance")},
        ),
        Panel(
            "Ledger events",
            "Events a second that the ledger gains, whichever executor writes them.",
            "cps",
            # A gauge that both executors show: its slope, and once.
            {"events": f"max(deriv(executor_ledger_sequence{{{S}}}[{RATE}]))"},
        ),
    ),
)

STREAMS = Row(
    "Streams of orders",
    (
        Panel(
            "Open streams",
            "Who is told of orders as they change, per executor.",
            "none",
            {"{{instance}}": f"executor_order_streams{{{S}}}"},
        ),
        Panel(
            "Lag",
            "Seconds from the record of an order's change to its event, while a stream is open. "
            "The line is the alert's limit.",
            "s",
            {
                "p50": quantile(0.5, "executor_stream_lag_seconds"),
                "p95": quantile(0.95, "executor_stream_lag_seconds"),
                "p99": quantile(0.99, "executor_stream_lag_seconds"),
            },
            colours=((None, "green"), (1.0, "red")),
        ),
        Panel(
            "Refused and failed",
            "Streams a second that were refused since all places were taken, and looks for changes that failed.",
            "cps",
            {
                "refused, {{instance}}": summed("executor_order_streams_refused_total", "instance"),
                "failed, {{instance}}": f'rate(spark_loop_failures_total{{{S}, loop="tail"}}[{RATE}])',
            },
        ),
    ),
)


def trading() -> Json:
    """The whole dashboard."""
    return dashboard(
        "spark-trading",
        "Spark trading",
        "The account and its orders: may it trade, what is it worth, what is refused, and how quickly it goes.",
        (STATE, WORTH, ORDERS, SPEED, STREAMS),
    )
