"""The failures of orders and corrections that are not about the form of a request: one class for each."""

from __future__ import annotations

from common.errors import NotFound, ServiceError, Unavailable


class UnknownSymbol(NotFound):
    """Market data knows no such symbol."""

    code = "UNKNOWN_SYMBOL"

    def __init__(self, symbol: str) -> None:
        super().__init__(f"symbol: {symbol} is not traded here", field="symbol", symbol=symbol)


class UnknownOrder(NotFound):
    """The ledger has no such order."""

    code = "UNKNOWN_ORDER"

    def __init__(self, order_id: str) -> None:
        super().__init__(f"there is no order {order_id[:80]!r}", field="order_id")


class ClientOrderIdReused(ServiceError):
    """The same client_order_id came with another body. The first order stands."""

    status = 409
    code = "CLIENT_ORDER_ID_REUSED"

    def __init__(self, client_order_id: str, order_id: str, differs: list[str]) -> None:
        super().__init__(
            f"client_order_id {client_order_id} belongs to order {order_id}, which differs in {', '.join(differs)}",
            field="client_order_id",
            order_id=order_id,
            differs=differs,
        )


class OrderFinal(ServiceError):
    """The order has ended, so it can't be cancelled or replaced."""

    status = 409
    code = "ORDER_FINAL"

    def __init__(self, order_id: str, status: str) -> None:
        super().__init__(f"order {order_id} is {status}: it can't be cancelled any more", order_status=status)


class UnknownTrade(NotFound):
    """The ledger has no such fill."""

    code = "UNKNOWN_TRADE"

    def __init__(self, trade_id: str) -> None:
        super().__init__(f"there is no fill {trade_id[:80]!r}", field="trade_id")


class NotReversible(ServiceError):
    """The fill was taken back already, or the account does not hold any more what it brought."""

    status = 409
    code = "NOT_REVERSIBLE"

    def __init__(self, trade_id: str, reason: str) -> None:
        super().__init__(f"fill {trade_id} can't be reversed: {reason}", trade_id=trade_id)


class ClientKeyReused(ServiceError):
    """The same client_key came with another body. What it did first stands."""

    status = 409
    code = "CLIENT_KEY_REUSED"

    def __init__(self, client_key: str, sequence: int, differs: list[str]) -> None:
        super().__init__(
            f"client_key {client_key} belongs to event {sequence}, which differs in {', '.join(differs)}",
            field="client_key",
            sequence=sequence,
            differs=differs,
        )


class NotFree(ServiceError):
    """The account does not hold as much, or open orders hold it back."""

    status = 409
    code = "NOT_FREE"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the account can't give that: {reason}")


class UnknownPosition(NotFound):
    """The account holds nothing of the symbol."""

    code = "UNKNOWN_POSITION"

    def __init__(self, symbol: str) -> None:
        super().__init__(f"symbol: no position in {symbol} is held", field="symbol", symbol=symbol)


class EquityUnknown(ServiceError):
    """The account can't be valued now, so losses could not be measured across a deposit or a withdrawal."""

    status = 409
    code = "EQUITY_UNKNOWN"
    retryable = True

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the account can't be valued at this moment ({reason}), so that losses could not be told from money moved"
        )


class LedgerUnavailable(Unavailable):
    """The database is away or too slow. Nothing is half done: a change is in the ledger whole or not at all."""

    code = "LEDGER_UNAVAILABLE"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the ledger does not answer ({reason}); ask again with the same client_order_id")
        self.reason = reason


class NotWriting(LedgerUnavailable):
    """This executor does not write the account, or not any more. Nothing was done, so another one may do it."""

    def __init__(self, reason: str = "no executor writes the account at this moment") -> None:
        super().__init__(reason)


class UnknownRevision(LedgerUnavailable):
    """The tables are of another version of Spark: a newer one, or one before the first release."""

    def __init__(self, found: str) -> None:
        Unavailable.__init__(
            self,
            f"the ledger's tables are of revision {found}, which this version of Spark can't read: "
            "start the version of Spark that made them, or delete the ledger for good with `make clean`",
        )


class OldRevision(LedgerUnavailable):
    """The tables are not of the newest revision yet: their owner has still to migrate them."""

    def __init__(self, found: str | None, wanted: str) -> None:
        have = "the ledger has no tables yet" if found is None else f"the ledger's tables are of revision {found}"
        Unavailable.__init__(
            self,
            f"{have}, and this version of Spark needs revision {wanted}: `make up` runs the service migrate, "
            "which makes them",
        )
