"""A restored ledger is the one of the backup; a dump that somebody prepared is refused, or brings its rows alone."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from executor.errors import LedgerUnavailable, UnknownRevision
from executor.ledger.__main__ import main
from executor.ledger.dump import DumpRefused
from tests.executor import postgres
from tests.executor.books import environment_of
from tests.executor.conftest import MakeExecutor
from tests.executor.dumps import database_of, dump_of, load, put_in_place, written_out
from tests.executor.proved import proved
from tests.executor.standin import Executor, Place, having_traded
from tests.executor.test_ledger_migrations import statements_of

pytestmark = pytest.mark.slow

ALL_OF_IT = ("/v1/account", "/v1/positions", "/v1/orders?limit=500", "/v1/events?limit=500", "/v1/limits")
INERT = "CREATE FUNCTION {} RETURNS {} LANGUAGE plpgsql AS 'BEGIN END'"
OTHERS = {
    "TABLE public evil": ["CREATE TABLE evil (number int)"],
    "TABLE DATA public evil": ["CREATE TABLE evil (number int)"],
    "FUNCTION public evil()": [INERT.format("evil()", "int")],
    "FUNCTION public ledger_append(text)": [INERT.format("ledger_append(text)", "int")],
    "TRIGGER public orders evil": [
        INERT.format("evil()", "trigger"),
        "CREATE TRIGGER evil BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION evil()",
    ],
    "EVENT TRIGGER - evil": [
        INERT.format("evil()", "event_trigger"),
        "CREATE EVENT TRIGGER evil ON sql_drop EXECUTE FUNCTION evil()",
    ],
    "FOREIGN TABLE public evil": [
        "CREATE FOREIGN DATA WRAPPER evil",
        "CREATE SERVER evil FOREIGN DATA WRAPPER evil",
        "CREATE FOREIGN TABLE evil (number int) SERVER evil",
    ],
    "SERVER - evil": ["CREATE FOREIGN DATA WRAPPER evil", "CREATE SERVER evil FOREIGN DATA WRAPPER evil"],
    "RULE public events evil": ["CREATE RULE evil AS ON INSERT TO events DO INSTEAD NOTHING"],
    "POLICY public events evil": ["CREATE POLICY evil ON events USING (false)"],
    "VIEW public evil": ["CREATE VIEW evil AS SELECT 1"],
    "MATERIALIZED VIEW public evil": ["CREATE MATERIALIZED VIEW evil AS SELECT 1"],
    "INDEX public evil": ["CREATE INDEX evil ON events (upper(payload))"],
    "CONSTRAINT public events evil": ["ALTER TABLE events ADD CONSTRAINT evil UNIQUE (hash)"],
    "SCHEMA - evil": ["CREATE SCHEMA evil"],
    "SEQUENCE public evil": ["CREATE SEQUENCE evil"],
    "TYPE public evil": ["CREATE TYPE evil AS (number int)"],
    "DOMAIN public evil": ["CREATE DOMAIN evil AS int"],
    "BLOB": ["SELECT lo_from_bytea(0, 'x')"],
    "PUBLICATION - evil": ["CREATE PUBLICATION evil"],
    "CAST - CAST (bigint AS date)": [
        INERT.format("evil(bigint)", "date"),
        "CREATE CAST (bigint AS date) WITH FUNCTION evil(bigint) AS IMPLICIT",
    ],
}


@pytest.fixture
def traded(place: Place) -> Place:
    with having_traded(place):
        pass
    return place


def books(executor: Executor) -> list[Any]:
    """The answers of an executor about all that the ledger holds."""
    return [executor.get(path) for path in ALL_OF_IT]


def change(server: postgres.Server, place: Place, *statements: str) -> None:
    """Runs statements as the superuser."""
    with server.connect(database_of(place)) as superuser:
        for statement in statements:
            superuser.execute(statement.encode())


def test_a_restored_ledger_is_as_at_the_backup_and_is_traded_on(
    make: MakeExecutor, place: Place, postgres_server: postgres.Server
) -> None:
    executor = make(place)
    executor.order(client_order_id="kept")
    executor.limit("rests", "buy", "1", "99")
    before, text = books(executor), written_out(dump_of(postgres_server, place))
    executor.order(client_order_id="lost")
    [proof] = load(place, text)
    assert (proof.account, proof.orders) == ("paper", 2)
    executor.order(client_order_id="lost too")
    executor.close()
    change(postgres_server, place, "CREATE TABLE of_a_later_version (number int)")

    put_in_place(place)

    again = make(place)
    assert books(again) == before
    assert again.order(client_order_id="lost")[0] == 201
    assert proved(place).orders == 3
    with postgres_server.connect(database_of(place)) as superuser:
        left = b"SELECT to_regclass('of_a_later_version'), to_regnamespace('restored')"
        assert superuser.execute(left).fetchone() == (None, None)


def test_a_backup_of_the_version_before_is_brought_up_to_date(
    make: MakeExecutor, traded: Place, postgres_server: postgres.Server
) -> None:
    old = postgres_server.new_place(empty=True)
    change(postgres_server, old, *statements_of("postgresql_0003.sql"), *statements_of("traded_0003.sql"))
    [proof] = load(traded, written_out(dump_of(postgres_server, old)))
    assert (proof.events, proof.orders) == (23, 6)
    put_in_place(traded)
    executor = make(traded)
    assert executor.get("/v1/kill-switch")["switches"] == {"BTCTURK:ETHTRY": "drill"}
    assert executor.order(client_order_id="new")[1]["status"] == "filled"


@pytest.mark.parametrize("name", OTHERS)
def test_a_dump_with_anything_that_is_no_part_of_a_ledger_is_refused_by_its_name(
    traded: Place, postgres_server: postgres.Server, name: str
) -> None:
    foreign = postgres_server.new_place()
    change(postgres_server, foreign, *OTHERS[name])
    with pytest.raises(DumpRefused) as caught:
        load(traded, written_out(dump_of(postgres_server, foreign)))
    assert str(caught.value).startswith("it has what no ledger has: ")
    assert name in str(caught.value)
    change(postgres_server, foreign, *(["DROP EVENT TRIGGER evil"] if "EVENT" in name else []))


def test_code_under_a_name_of_ours_does_not_come_along(
    make: MakeExecutor, traded: Place, postgres_server: postgres.Server
) -> None:
    ours = (
        b"SELECT array_agg(proname || prosrc || prosecdef ORDER BY proname), "
        b"(SELECT array_agg(DISTINCT relrowsecurity) FROM pg_class "
        b"WHERE relnamespace = 'public'::regnamespace) FROM pg_proc WHERE proname LIKE 'ledger%'"
    )
    with postgres_server.connect(database_of(traded)) as superuser:
        before = superuser.execute(ours).fetchone()
    change(
        postgres_server,
        traded,
        "DROP FUNCTION ledger_append",
        "CREATE FUNCTION ledger_append(text, bigint, text[], json, json, json, json, json, json) RETURNS text[] "
        "LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN DELETE FROM events; RETURN NULL; END'",
        "ALTER TABLE orders ALTER replaces SET DEFAULT pg_read_file('/etc/passwd')",
        "ALTER TABLE events ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE events OWNER TO spark",
        "GRANT ALL ON events TO PUBLIC",
    )
    load(traded, written_out(dump_of(postgres_server, traded)).replace(b"ROW SECURITY public", b"TABLE public"))
    put_in_place(traded)
    with postgres_server.connect(database_of(traded)) as superuser:
        assert superuser.execute(ours).fetchone() == before
    assert make(traded).order(client_order_id="after")[1]["status"] == "filled"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b"COPY public.events (", b"COPY public.events FROM PROGRAM 'touch x' --(", "a form that is not known"),
        (b"COPY public.events (", b"COPY pg_catalog.pg_authid (", "a form that is not known"),
        (b"COPY public.events (", b"COPY public.pg_authid (", "the table pg_authid, which is not known"),
        (b"COPY public.events (", b"COPY public.fills (", "its table fills has other columns"),
        (b"COPY public.events (account,", b"COPY public.events (tableoid,", "its table events has other columns"),
        (b"COPY public.events (", b"DROP TABLE events; COPY public.events (", "it has no rows of events"),
        (b"\\.\n\n\n--\n-- Data for Name: fills", b"", "its rows are not those of a ledger"),
        (b"5000000", b"6000000", "it is not proved: paper: event 1 was changed"),
        (b"FROM stdin;\n0005\n", b"FROM stdin;\n0005\n0003\n", "of which revision"),
        (b"FROM stdin;\n0005\n", b"FROM stdin;\n", "of which revision"),
    ],
)
def test_a_dump_that_was_tampered_with_is_refused(
    traded: Place, postgres_server: postgres.Server, old: bytes, new: bytes, told: str
) -> None:
    text = written_out(dump_of(postgres_server, traded))
    assert old in text
    with pytest.raises(DumpRefused) as caught:
        load(traded, text.replace(old, new))
    assert told in str(caught.value)


def test_rows_that_come_twice_are_refused(traded: Place, postgres_server: postgres.Server) -> None:
    text = written_out(dump_of(postgres_server, traded))
    with pytest.raises(DumpRefused, match="the table accounts, which is not known, or has them twice"):
        load(traded, text + text[text.index(b"COPY public.accounts") :])


def test_statements_between_the_rows_are_not_executed(traded: Place, postgres_server: postgres.Server) -> None:
    text = written_out(dump_of(postgres_server, traded))
    between = b"\nDROP SCHEMA public CASCADE;\n\\! touch /tmp/evil\nCOMMIT;\nCREATE TABLE evil (number int);\n"
    load(traded, text.replace(b"\nCOPY ", between + b"COPY "))
    put_in_place(traded)
    assert proved(traded).orders == 2
    with postgres_server.connect(database_of(traded)) as superuser:
        assert superuser.execute(b"SELECT to_regclass('evil')").fetchone() == (None,)


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9, 0.999])
def test_a_dump_that_ends_early_changes_nothing(
    make: MakeExecutor, traded: Place, postgres_server: postgres.Server, part: float
) -> None:
    text = written_out(dump_of(postgres_server, traded))
    before = books(make(traded))
    end = int(len(text) * part)
    if part == 0.999:
        end = text.rindex(b"\\.\n")
    with pytest.raises(DumpRefused):
        load(traded, text[:end])
    with pytest.raises(DumpRefused, match="no dump was loaded"):
        put_in_place(traded)
    assert books(make(traded)) == before


@pytest.mark.parametrize("revision", [b"0001", b"0099", b"head"])
def test_a_dump_of_another_version_is_refused_with_the_way_out(
    traded: Place, postgres_server: postgres.Server, revision: bytes
) -> None:
    text = written_out(dump_of(postgres_server, traded))
    with pytest.raises(UnknownRevision, match=f"revision {revision.decode()}, which this version"):
        load(traded, text.replace(b"FROM stdin;\n0005\n", b"FROM stdin;\n" + revision + b"\n"))


def test_a_row_that_no_executor_could_load_is_refused(traded: Place, postgres_server: postgres.Server) -> None:
    change(postgres_server, traded, "INSERT INTO anchors VALUES ('paper', 'someday', 1, 1, now())")
    with pytest.raises(DumpRefused, match="an executor can't load it"):
        load(traded, written_out(dump_of(postgres_server, traded)))


def test_nobody_holds_a_lease_of_the_past(traded: Place, postgres_server: postgres.Server) -> None:
    change(postgres_server, traded, "UPDATE leases SET epoch = 9223372036854775807")
    load(traded, written_out(dump_of(postgres_server, traded)))
    put_in_place(traded)
    with postgres_server.connect(database_of(traded)) as superuser:
        assert superuser.execute(b"SELECT count(*) FROM leases").fetchone() == (0,)


def test_a_ledger_that_is_in_use_is_not_replaced(traded: Place, postgres_server: postgres.Server) -> None:
    load(traded, written_out(dump_of(postgres_server, traded)))
    hurried = replace(traded, timings=replace(traded.timings, lock=1))
    with postgres_server.connect(database_of(traded)) as reader, reader.transaction():
        reader.execute(b"TABLE events")
        with pytest.raises(LedgerUnavailable, match="lock timeout"):
            put_in_place(hurried)
    assert proved(traded).orders == 2


def test_the_commands_print_the_proof_or_the_reason(
    traded: Place,
    postgres_server: postgres.Server,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text, owner = written_out(dump_of(postgres_server, traded)), traded.as_owner()

    def command(name: str, given: bytes = b"", place: Place = owner) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        code = main([name], environment_of(place, tmp_path))
        said = capsys.readouterr()
        return code, said.out, said.err

    assert command("swap") == (2, "", "swap: not done: no dump was loaded\n")
    assert command("load") == (2, "", "load: not done: it does not say of which revision its tables are\n")
    code, out, err = command("load", text)
    assert (code, err) == (0, "")
    assert out.startswith("verify: clean account=paper events=")
    code, _, err = command("swap", place=traded)
    assert code == 2
    assert "InsufficientPrivilege" in err
    assert command("swap") == (0, "", "")
