"""Targets that somebody else made, tables with odd names and policies, databases with odd settings and encodings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pgbacklog import schema

from support.backfilling import create, plainly, read_parquet, state, work
from support.database import Cluster, Database
from support.places import PLACES, Place, ToMySQL, ToPostgres
from support.stepping import run, step


@pytest.fixture
def conn(db: Database) -> Iterator[psycopg.Connection[Any]]:
    """A database with the pipeline shop."""
    with db.connect() as made:
        prepare(made)
        yield made


def prepare(conn: psycopg.Connection[Any]) -> None:
    """Make the pipeline shop; what fails is tried again at once."""
    conn.execute("set timezone = 'UTC'")
    conn.execute("select backlog.create_pipeline('shop')")
    for kind in PLACES:
        conn.execute("select backlog.set_retry_policy('backfill.' || %s, p_retry_delay_seconds => 0)", [kind])


def refused(conn: psycopg.Connection[Any]) -> set[int]:
    """Return the ids of rows that became incidents."""
    return {x for (x,) in conn.execute("select (i.record ->> 'id')::int from backlog.incidents as i")}


NARROW = {
    "postgres": "id int primary key, n numeric(10, 2), t date, l timestamp(3), s varchar(2), f real, d float8, m int, z timestamp",
    "mysql": "id int primary key, n decimal(10, 2), t date, l datetime(3), s char(5), f float, d double, m int, z datetime(6)",
    "duckdb": "id int primary key, n decimal(10, 2), t date, l timestamp_ms, s text, f real, d double, m int, z timestamp",
}  # fmt: skip


@pytest.mark.parametrize("mode", ["upsert", "append"])
@pytest.mark.parametrize("place", NARROW, indirect=True)
def test_what_a_target_would_bend_is_refused(conn: psycopg.Connection[Any], place: Place, mode: str) -> None:
    conn.execute(
        "create table wide (id int primary key, n numeric, t timestamptz, l timestamp, s text, f float8, d bigint, "
        "m numeric, z timestamptz)"
    )
    conn.execute(
        "insert into wide values (1, 1.50, '2024-01-01', '2024-01-01', 'ab', 0.5, 7, 5, '2024-07-01 12:00+00'), "
        "(2, 1.555, null, null, null, null, null, null, null)"
    )
    conn.execute("insert into wide (id, n) values (12, 1e-100), (13, 1e30)")
    conn.execute("insert into wide (id, t) values (3, '2024-01-01 10:00+00')")
    conn.execute("insert into wide (id, l) values (4, '2024-01-01 00:00:00.0001')")
    conn.execute("insert into wide (id, s) values (5, 'ab   '), (6, 'abcdefg'), (14, 'a')")
    conn.execute("insert into wide (id, f) values (7, 0.1), (15, 1e300)")
    conn.execute("insert into wide (id, d) values (9, 9007199254740993)")
    conn.execute("insert into wide (id, m) values (10, 1.5), (11, 12345678901234567890)")
    place.query(f"create table orders ({NARROW[place.kind]})")
    made = create(conn, place.destination(mode=mode), "public.wide", batch_size=5)
    place.work()
    assert state(conn, made)["state"] == "COMPLETED", conn.execute("select error from backlog.backfill_chunks").fetchall()
    # DuckDB's text has no limit.
    bent = {2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 15} - ({5, 6} if place.kind == "duckdb" else set())
    assert refused(conn) == bent
    ids = {row[0] for row in conn.execute("select id from wide").fetchall()}
    assert {row[0] for row in place.query("select id from orders")} == ids - bent
    (row,) = place.query("select n, s, f, d, m, cast(z as char(19)) from orders where id = 1")
    assert [str(x) for x in row] == ["1.50", "ab", "0.5", "7.0", "5", "2024-07-01 12:00:00"]


def test_a_target_may_be_told_apart_by_more_than_its_key(
    conn: psycopg.Connection[Any], db: Database, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """MySQL takes any unique key, and what a collation finds equal, for the same row."""
    place = ToMySQL(db, tmp_path, request.getfixturevalue)
    conn.execute("create table words (id text primary key, mail text, \"100%\" int)")
    conn.execute("insert into words values ('a', 'x', 1), ('A', 'y', 2), ('b', 'x', 3), ('c', 'z', 4)")
    place.query(
        "create table orders (id varchar(10) collate utf8mb4_general_ci primary key, mail varchar(10) unique, `100%` int)"
    )
    for changed in (0, 10):
        conn.execute("update words set \"100%%\" = \"100%%\" + %s", [changed])
        made = create(conn, place.destination(key=["id"]), "public.words")
        place.work()
        assert state(conn, made)["rows_refused"] == 2
        stored = place.query("select id, mail, `100%` from orders order by mail")
        assert len(stored) == 2
        assert set(stored) <= set(conn.execute('select * from words').fetchall())
    errors = conn.execute("select distinct i.error from backlog.incidents as i").fetchall()
    assert errors == [("another row of the destination has this key, or another unique value",)]


def test_a_key_that_the_destination_finds_equal_is_of_another_row(
    conn: psycopg.Connection[Any], db: Database, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    place = ToPostgres(db, tmp_path, request.getfixturevalue)
    conn.execute("create table words (id text primary key, v int)")
    conn.execute("insert into words values ('a', 1), ('A', 2), ('b', 3)")
    place.query("create collation lenient (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
    place.query("create table orders (id text collate lenient primary key, v int)")
    made = create(conn, place.destination(key=["id"]), "public.words")
    place.work()
    assert state(conn, made)["rows_refused"] == 1
    stored = place.query("select id, v from orders")
    assert len(stored) == 2
    assert set(stored) <= {("a", 1), ("A", 2), ("b", 3)}


def test_a_key_that_looks_different_is_written_so(
    conn: psycopg.Connection[Any], db: Database, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    place = ToPostgres(db, tmp_path, request.getfixturevalue)
    conn.execute("create table numbers (id numeric primary key, v text)")
    conn.execute("insert into numbers values (1.0, 'a')")
    create(conn, place.destination(), "public.numbers", create_target=True)
    place.work()
    conn.execute("update numbers set id = 1.00, v = 'A'")
    # Nor does it matter what the destination finds equal.
    place.query("create collation lenient (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
    place.query("alter table orders alter v type text collate lenient")
    create(conn, place.destination(), "public.numbers")
    place.work()
    assert place.query("select id::text, v from orders") == [("1.00", "A")]


def test_rows_without_a_key_that_are_committed_late(conn: psycopg.Connection[Any], db: Database) -> None:
    """Nobody could tell them from those that were copied, so they are waited for first."""
    conn.execute("create table loose (id int unique, v text)")
    conn.execute("insert into loose values (1, 'a'), (null, 'b'), (5, 'c')")
    conn.execute("create table copied (id int unique, v text)")
    late = db.connect()
    late.execute("begin")
    late.execute("insert into loose values (null, 'late'), (3, 'late')")
    made = create(conn, {"kind": "table", "table": "copied"}, "loose")
    for _ in range(5):
        done = step(conn, made)
        assert (done["action"], done["reason"]) == ("wait", "transactions older than the plan are still open")
    late.execute("commit")
    run(conn, made)
    assert state(conn, made)["state"] == "COMPLETED"
    rows = conn.execute("select * from copied").fetchall()
    assert plainly(rows) == plainly(conn.execute("select * from loose").fetchall())


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_names_and_numbers_of_columns(conn: psycopg.Connection[Any], place: Place) -> None:
    # Of 63 bytes, with everything that quotes and patterns are made of, and as many as there may be in MySQL.
    names = ["id", "s", "t", "q", "r", "select", "a b", 'q"uote', "ba`ck", "per%cent", "%s", "back\\slash", "it's", "a::b",
             "{0}", "$1", "ö" * 31, "x" * 63, "values", "at", "pgbacklog"]  # fmt: skip
    names += [f"c{n}" for n in range(250)]
    quoted = [sql.Identifier(x).as_string() for x in names]
    conn.execute(f"create table odd ({', '.join(f'{x} int' for x in quoted)}, primary key (id))")
    shown = ", ".join(f"i + {n}" for n in range(len(names)))
    conn.execute(f"insert into odd select {shown} from generate_series(1, 30) as i")
    to = place.destination(path=str(place.folder / "lake")) if place.kind == "parquet" else place.destination()
    made = create(conn, to, "public.odd", create_target=True, batch_size=7)
    place.work()
    assert state(conn, made)["state"] == "COMPLETED", conn.execute("select error from backlog.backfill_chunks").fetchall()
    if place.kind == "parquet":
        rows = read_parquet(place.folder / "lake", names)
    else:
        rows = place.query("select * from orders")
    assert plainly(rows) == plainly(conn.execute("select * from odd").fetchall())


def test_rows_that_a_policy_hides_are_no_silent_loss(
    conn: psycopg.Connection[Any], db: Database, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    place = ToPostgres(db, tmp_path, request.getfixturevalue)
    conn.execute("create table secret (id int primary key, owner text)")
    conn.execute("insert into secret select i, case when i % 2 = 0 then 'them' else 'us' end from generate_series(1, 20) as i")
    made = create(conn, place.destination(), "public.secret", create_target=True)
    role = f"reader_{db.name}"
    conn.execute(f"create role {role} login in role backlog_worker, backlog_operator")
    try:
        conn.execute(f"grant select on secret to {role}")
        conn.execute("alter table secret enable row level security")
        conn.execute("create policy ours on secret using (owner = 'us')")
        conn.execute("select backlog.set_retry_policy('backfill.postgres', p_max_retries => 0)")
        work(Database(make_conninfo(db.dsn, options=f"-c role={role}")), "postgres", urls=place.urls)
        assert state(conn, made)["state"] == "FAILED"
        ((error,),) = conn.execute("select c.error from backlog.backfill_chunks as c").fetchall()
        assert "row-level security" in error
        assert place.query("select count(*) from orders") == [(0,)]
        conn.execute("select backlog.retry_backfill(%s)", [made])
        place.work()
        assert place.query("select count(*) from orders") == [(20,)]
    finally:
        conn.execute(f"drop owned by {role}")
        conn.execute(f"drop role {role}")


PLAIN = ["datestyle = 'ISO'", "intervalstyle = 'postgres'", "extra_float_digits = 1", "bytea_output = 'hex'",
         "client_encoding = 'utf8'", "timezone = 'UTC'", "search_path = public"]  # fmt: skip
ODD = {
    "datestyle": "SQL, DMY", "intervalstyle": "sql_standard", "extra_float_digits": "-15", "bytea_output": "escape",
    "timezone": "America/St_Johns", "standard_conforming_strings": "off", "search_path": "nowhere",
    "xmloption": "document", "client_encoding": "LATIN1", "backslash_quote": "off",
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_settings_of_databases_change_nothing(conn: psycopg.Connection[Any], db: Database, place: Place) -> None:
    conn.execute(
        "create table held (id timestamptz, k float8, i interval, b bytea, t text, a text[], x xml, m money, d date, "
        "n text, primary key (id, k))"
    )
    conn.execute(
        "insert into held select timestamptz '2024-03-31 00:00+00' + i * interval '11 min', i / 7.0, '-1 mon 2 days -03:04', "
        "'\\x00ff5c', E'back\\\\slash''s', array['NULL', null, E'\\\\'], 'plain <a/>', 12.5, '2024-05-06', 'é' || i "
        "from generate_series(1, 60) as i"
    )
    conn.execute("analyze held")
    names = [db.name]
    if place.kind == "postgres":
        names.append(place.other.name)  # type: ignore[attr-defined]
    for name in names:
        for setting, value in ODD.items():
            conn.execute(
                sql.SQL("alter database {} set {} = {}").format(
                    sql.Identifier(name), sql.Identifier(setting), sql.Literal(value)
                )
            )
    made = create(conn, place.destination(), "public.held", create_target=True, batch_size=13)
    place.work()
    again = create(conn, place.destination(), "public.held", create_target=True, batch_size=13)
    place.work()
    assert [state(conn, x)["state"] for x in (made, again)] == ["COMPLETED"] * 2, conn.execute(
        "select error from backlog.backfill_chunks"
    ).fetchall()
    shown = "k, t, n, b"
    wanted = conn.execute(f"select {shown} from held").fetchall()
    if place.kind == "parquet":
        rows = read_parquet(place.folder / "lake", shown.split(", "))
        wanted *= 2  # files are appended
    else:
        assert state(conn, again)["rows_written"] == (0 if place.kind != "duckdb" else 60)
        rows = [] if place.kind == "postgres" else place.query(f"select {shown} from orders")
    if place.kind != "postgres":
        assert plainly(rows) == plainly(wanted)
    else:
        whole = "select h::text from {} as h"
        for session in (conn, place.other.connect()):  # type: ignore[attr-defined]
            for setting in PLAIN:
                session.execute(f"set {setting}")
            if session is conn:
                wanted = session.execute(whole.format("held")).fetchall()
            else:
                assert sorted(session.execute(whole.format("orders")).fetchall()) == sorted(wanted)


# In LATIN1 the bytes of the second text would be an ä in UTF-8; SQL_ASCII takes what is no text at all.
ENCODED = {
    "LATIN1": "create table texts (id int primary key, v text); "
    "insert into texts values (1, chr(233) || 'x'), (2, chr(195) || chr(164)), (3, 'plain')",
    "SQL_ASCII": "create table texts (id int primary key, v text); "
    "insert into texts select i, 'ö' || i from generate_series(1, 40) as i; "
    "update texts set v = convert_from('\\xff41', 'SQL_ASCII') where id = 33",
}


@pytest.fixture(scope="module")
def encoded(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database of the encoding that the test's parameter names."""
    dsn = make_conninfo(cluster.dsn, dbname=f"{cluster._stem}_{request.param.lower()}")
    made = Database(make_conninfo(dsn, client_encoding="utf8"))
    with psycopg.connect(cluster.dsn, autocommit=True) as admin:
        admin.execute(
            f"create database {made.name} template template0 encoding '{request.param}' lc_collate 'C' lc_ctype 'C'"
        )
    try:
        schema.migrate(dsn)
        with made.connect() as conn:
            prepare(conn)
            conn.execute(ENCODED[request.param])
        yield Database(dsn)
    finally:
        cluster.drop(dsn)


def texts(place: Place) -> set[tuple[int, str]]:
    """Return what arrived of the table texts."""
    if place.kind == "parquet":
        return set(map(tuple, read_parquet(place.folder / "lake", ["id", "v"])))
    return set(place.query("select id, v from orders"))


@pytest.mark.parametrize("encoded", ["LATIN1"], indirect=True)
@pytest.mark.parametrize("kind", PLACES)
def test_texts_of_another_encoding(
    encoded: Database, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("PGBACKLOG_FILES", str(tmp_path))
    place = PLACES[kind](encoded, tmp_path, request.getfixturevalue)
    with psycopg.connect(encoded.dsn, autocommit=True, client_encoding="utf8") as conn:
        made = create(conn, place.destination(), "public.texts", create_target=True, batch_size=2)
        place.work()
        assert (state(conn, made)["state"], state(conn, made)["rows_refused"]) == ("COMPLETED", 0)
    assert texts(place) == {(1, "éx"), (2, "Ã¤"), (3, "plain")}


@pytest.mark.parametrize("encoded", ["SQL_ASCII"], indirect=True)
@pytest.mark.parametrize("kind", PLACES)
def test_bytes_that_are_no_text_of_any_encoding(
    encoded: Database, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """They are not guessed at: their chunk fails and says so, and what is UTF-8 arrives."""
    monkeypatch.setenv("PGBACKLOG_FILES", str(tmp_path))
    place = PLACES[kind](encoded, tmp_path, request.getfixturevalue)
    with psycopg.connect(encoded.dsn, autocommit=True, client_encoding="utf8") as conn:
        conn.execute("select backlog.set_retry_policy('backfill.' || %s, p_max_retries => 0)", [kind])
        made = create(conn, place.destination(), "public.texts", create_target=True, batch_size=10)
        place.work()
        assert state(conn, made)["state"] == "FAILED"
        errors = conn.execute(
            "select c.error from backlog.backfill_chunks as c where c.backfill_id = %s and c.error is not null", [made]
        ).fetchall()
        assert ["invalid byte sequence" in x for (x,) in errors] == [True]
    assert {(i, f"ö{i}") for i in range(1, 31)} <= texts(place)
    assert 33 not in {i for i, _ in texts(place)}
