"""Two real executors under their real server, each a group of processes of its own, to be killed and started again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from common.answers import AccountStatus
from common.client import JsonClient
from common.errors import Unavailable
from common.verifier import verifier_of
from tests.chaos.market import CASH, SYMBOLS
from tests.chaos.ports import free_port
from tests.executor.standin import TOKEN
from tests.repo.layers import ROOT

COUNT = 2
STALE_SECONDS = 2.0
"""The oldest book that an order is filled on: the shorter, the more an over-filled level stands out."""
END_SECONDS, ANSWER_SECONDS = 10.0, 12.0
"""A call is given up later than the executor's own deadlines (lock, pool, statement, market data) take together."""
UNEXPECTED = ("a request failed unexpectedly", "a loop's step failed")
"""What the executor logs when something failed that has no name."""
WIDE = ",".join(f"{currency}:1000000000" for currency in CASH)


class Ledger(Protocol):
    """The place of a ledger; its address is as `SPARK_LEDGER_URL` wants it."""

    @property
    def url(self) -> str: ...

    @property
    def password(self) -> str: ...


class Executor:
    """One executor: the master of its server and the worker."""

    def __init__(self, name: str, port: int, environment: dict[str, str], log: Path, root: Path = ROOT) -> None:
        """`root` is the folder of the code that it runs."""
        self.name, self.peer_port = name, int(environment["SPARK_PEER_PORT"])
        self.client = JsonClient(f"http://127.0.0.1:{port}", ANSWER_SECONDS)
        self._environment, self._log, self._root = environment, log, root
        self._process = self._run()

    def start(self) -> None:
        """Starts it again after a kill."""
        self._process = self._run()

    def kill(self) -> None:
        """SIGKILL for its master and its worker at once."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def hang(self) -> None:
        """Stops its master and its worker, as a machine that hangs does; its sockets stay open."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGSTOP)

    def wake(self) -> None:
        """Lets them go on where they were."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGCONT)

    def worker(self) -> int:
        """Returns the number of its worker's process. Raises `OSError` and `ValueError` while there is none."""
        master = self._process.pid
        return int(Path(f"/proc/{master}/task/{master}/children").read_text().split()[0])

    def kill_worker(self) -> None:
        """SIGKILL for its worker alone; the master starts another. Does nothing while there is none."""
        with suppress(OSError):
            children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
            for worker in children.split():
                os.kill(int(worker), signal.SIGKILL)

    def end(self) -> None:
        """As a container is stopped: SIGTERM, and SIGKILL for what is left."""
        self.wake()
        self._process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)
        self.kill()

    def ready(self) -> bool:
        """Whether it says that all of its parts are."""
        try:
            return self.client.request("GET", "/readyz")[0] == 200
        except Unavailable:
            return False

    def account(self) -> AccountStatus | None:
        """Returns the account as it tells it; None while it can't."""
        try:
            return self.client.get("/v1/account", AccountStatus)
        except Unavailable:
            return None

    def open_orders(self) -> int:
        """Returns how many orders are open; 0 when it does not answer."""
        found = self.account()
        return 0 if found is None else found.open_orders

    def revive(self) -> list[str]:
        """Starts it again if it ended by itself, and says so; nobody may see it end but by a kill."""
        code = self._process.poll()
        if code is None:
            return []
        self.start()
        return [f"{self.name} ended by itself with {code}: {self._lines()[-3:]}"]

    def unexpected(self) -> list[str]:
        """Failures without a name that it logged."""
        return [f"{self.name} logged: {line}" for line in self._lines() if any(text in line for text in UNEXPECTED)]

    def _lines(self) -> list[str]:
        return self._log.read_text(errors="replace").splitlines()

    def _run(self) -> subprocess.Popen[bytes]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
        with self._log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--config", "common/gunicorn.conf.py", "executor.app:serve()"],
                cwd=self._root,
                env=inherited | self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


class Worker:
    """The worker of an executor as something that can be killed by itself."""

    def __init__(self, executor: Executor) -> None:
        self.name = f"worker of {executor.name}"
        self.kill = executor.kill_worker

    def start(self) -> None:
        """Its master does that."""


def environment(database: Ledger, marketdata_url: str, folder: Path) -> dict[str, str]:
    """What both executors are told: limits so wide that they seldom refuse, and production's fees and collar."""
    verifier = folder / "operator-verifier"
    verifier.write_text(verifier_of(TOKEN))
    peers = folder / "peer-secret"
    peers.write_text("the-peers-secret")
    password = folder / "password"
    password.write_text(database.password)
    return {
        "SPARK_SERVICE": "executor",
        "SPARK_LOG_LEVEL": "ERROR",
        "SPARK_LEDGER_URL": database.url,
        "SPARK_LEDGER_PASSWORD_FILE": str(password),
        "SPARK_OPERATOR_VERIFIER_FILE": str(verifier),
        "SPARK_PEER_SECRET_FILE": str(peers),
        "SPARK_MARKETDATA_URL": marketdata_url,
        "SPARK_PEER_HOST": "127.0.0.1",
        "SPARK_STARTING_CASH": ",".join(f"{currency}:{amount}" for currency, amount in CASH.items()),
        "SPARK_MAX_ORDER_NOTIONAL": WIDE,
        "SPARK_MAX_POSITION": WIDE,
        "SPARK_MAX_EXPOSURE": WIDE,
        "SPARK_MAX_ORDER_QUANTITY": ",".join(f"{symbol}=1000000" for symbol in SYMBOLS),
        "SPARK_MAX_ORDERS_PER_SECOND": "100000",
        "SPARK_MAX_EXECUTIONS_PER_MINUTE": "100000",
        "SPARK_MAX_OPEN_ORDERS": "1000000",
        "SPARK_MAX_OPEN_ORDERS_PER_SYMBOL": "1000000",
        "SPARK_MAX_DAILY_LOSS_PERCENT": "100",
        "SPARK_MAX_DRAWDOWN_PERCENT": "100",
        "SPARK_MAX_WRITES_PER_SECOND": "10000",
        "SPARK_QUOTE_STALE_SECONDS": str(STALE_SECONDS),
    }


@contextmanager
def running(
    database: Ledger, marketdata_url: str, folder: Path, rng: random.Random, root: Path = ROOT
) -> Iterator[Sequence[Executor]]:
    """Started, and ended with the block whatever happens. `root` is the folder of the code that they run."""
    shared, made = environment(database, marketdata_url, folder), []
    with ExitStack() as ending:
        for number in range(1, COUNT + 1):
            port = free_port(rng)
            own = {"PORT": str(port), "SPARK_REPLICA": str(number), "SPARK_PEER_PORT": str(free_port(rng))}
            made.append(Executor(f"executor-{number}", port, shared | own, folder / f"log-{number}", root))
            ending.callback(made[-1].end)
        yield made
