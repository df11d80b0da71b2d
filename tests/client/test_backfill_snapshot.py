"""All chunks of a backfill are read in one snapshot, while the table changes under it."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pgbacklog import Connections, Listener, Registry, Settings
from pgbacklog.connections import Address
from pgbacklog.registry import Handler
from pgbacklog.writers import Batch, Writer, builtin
from pgbacklog.writers.known import handler

from support.backfilling import Rows, create, read_parquet, state, url
from support.database import Database
from support.listening import eventually

ACCOUNTS, BALANCE = 2000, 1000
TOTAL = ACCOUNTS * BALANCE
ROWS = "select id, balance, note from accounts"


@pytest.fixture
def conn(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection[Any]]:
    """A database with the table accounts; files are written in the test's folder."""
    monkeypatch.setenv("PGBACKLOG_FILES", str(tmp_path))
    with db.connect() as made:
        made.execute("select backlog.create_pipeline('shop')")
        make_accounts(made)
        yield made


def make_accounts(conn: psycopg.Connection[Any], key: str = "primary key") -> None:
    """Make the table accounts; what is on it in all never changes."""
    conn.execute(f"create table accounts (id bigint {key}, balance int not null, note text)")
    conn.execute(
        "insert into accounts select n * 10, %s, md5(n::text) from generate_series(1, %s) as n", [BALANCE, ACCOUNTS]
    )
    conn.execute("analyze accounts")


@contextmanager
def unrest(db: Database, seed: int) -> Iterator[list[int]]:
    """Move money, keys and rows about until the end; yield a list whose length counts transactions."""
    stop, done, chance = threading.Event(), [], random.Random(seed)
    some = "(select a.id from accounts as a order by a.id offset %s limit 1)"

    def change() -> None:
        with db.connect() as other:
            while not stop.is_set():
                kind, where = chance.randrange(4), chance.randrange(ACCOUNTS - 200)
                new = chance.randrange(1, 400_000)
                with other.transaction():
                    other.execute("lock table accounts in share row exclusive mode")  # no money gets lost
                    if kind == 0:
                        other.execute(f"update accounts set balance = balance - 7 where id = {some}", [where])
                        other.execute(f"update accounts set balance = balance + 7 where id = {some}", [where // 2])
                    elif kind == 1:  # an account moves far away by its key
                        other.execute(
                            f"update accounts set id = %s, note = 'moved' where id = {some} "
                            "and not exists (select from accounts as b where b.id = %s)",
                            [new, where, new],
                        )
                    elif kind == 2:  # a new account, even above all others, gets some of another
                        other.execute(
                            f"with given as (update accounts set balance = balance - 3 where id = {some} "
                            "and not exists (select from accounts as b where b.id = %s) returning 1) "
                            "insert into accounts select %s, 3, 'new' from given",
                            [where, new, new],
                        )
                    else:  # one is closed, and another takes what it had
                        other.execute(
                            f"with closed as (delete from accounts where id = {some} returning id, balance) "
                            "update accounts as a set balance = a.balance + c.balance from closed as c "
                            "where a.id = (select min(b.id) from accounts as b where b.id <> c.id)",
                            [where],
                        )
                done.append(1)

    threads = [threading.Thread(target=change) for _ in range(2)]
    for each in threads:
        each.start()
    try:
        yield done
    finally:
        stop.set()
        for each in threads:
            each.join()


@contextmanager
def listening(
    db: Database, *handlers: Handler | str, urls: dict[str, str] | None = None, threads: int = 3,
    dsn: str | None = None, until_idle: bool = False,
) -> Iterator[Listener]:  # fmt: skip
    """Let a listener work in this process meanwhile."""
    registry = Registry()
    registry.update((x.event_type, x) for x in (builtin(x) if isinstance(x, str) else x for x in handlers))
    connections = Connections({name: Address(each) for name, each in (urls or {}).items()})
    settings = Settings("tester", threads=threads, poll_interval=1)
    listener = Listener(dsn or db.dsn, registry, settings, connections)
    thread = threading.Thread(target=listener.run, args=(until_idle,))
    thread.start()
    try:
        yield listener
    finally:
        listener.stop()
        thread.join()


def as_of_snapshot(db: Database, conn: psycopg.Connection[Any], made: int) -> Rows:
    """Return the rows that the backfill's snapshot sees, once there is one."""
    name = eventually(lambda: conn.execute(
        "select snapshot_name from backlog_internal.backfill where backfill_id = %s and snapshot_name is not null",
        [made],
    ).fetchone())  # fmt: skip
    with db.connect(autocommit=False) as other:
        other.execute("set transaction isolation level repeatable read, read only")
        other.execute(f"set transaction snapshot '{name[0]}'")
        return other.execute(ROWS).fetchall()


def ended(conn: psycopg.Connection[Any], made: int) -> dict[str, Any]:
    """Wait for the end of a backfill and return it."""
    eventually(lambda: state(conn, made)["state"] not in ("PENDING", "EXECUTING"))
    return state(conn, made)


def place(kind: str, empty_db: Database, folder: Path) -> tuple[dict[str, Any], dict[str, str], Any]:
    """Return a destination, its connections, and what reads it."""
    if kind == "parquet":
        return {"kind": kind, "path": "lake"}, {}, lambda: read_parquet(folder / "lake", ["id", "balance", "note"])
    to = {"kind": kind, "connection": "there", "table": "public.accounts"}
    return to, {"there": url(empty_db.dsn)}, lambda: empty_db.connect().execute(ROWS).fetchall()


@pytest.mark.parametrize(("kind", "mode"), [("parquet", "append"), ("postgres", "append"), ("postgres", "upsert")])
def test_a_copy_is_exactly_what_the_snapshot_saw(
    db: Database, conn: psycopg.Connection[Any], empty_db: Database, tmp_path: Path, kind: str, mode: str
) -> None:
    to, urls, read = place(kind, empty_db, tmp_path)
    to["mode"] = mode
    with unrest(db, 1) as done:
        made = create(
            conn, to, "accounts", consistency="snapshot", batch_size=40, workers=3, create_target=True
        )
        before = len(done)
        # Rows that are committed after the plan and before the snapshot belong to it, wherever they are.
        eventually(lambda: len(done) > before + 20)
        slow, release = slowly(kind)
        with listening(db, slow, urls=urls):
            expected = as_of_snapshot(db, conn, made)
            release.set()
            found = ended(conn, made)
    assert found["state"] == "COMPLETED", found
    assert sorted(read()) == sorted(expected)
    assert sum(row[1] for row in expected) == TOTAL
    assert sorted(conn.execute(ROWS).fetchall()) != sorted(expected), "nothing changed meanwhile"
    assert found["chunks"] > 20
    assert (found["rows_matched"], found["phase"]) == (len(expected), "done")


@pytest.mark.parametrize("kind", ["parquet", "postgres"])
def test_a_table_without_a_key_is_cut_by_its_blocks(
    db: Database, conn: psycopg.Connection[Any], empty_db: Database, tmp_path: Path, kind: str
) -> None:
    """A row that changes moves to another block, but the snapshot sees it where it was."""
    to, urls, read = place(kind, empty_db, tmp_path)
    conn.execute("drop table accounts")
    make_accounts(conn, key="")
    with unrest(db, 2) as done:
        made = create(
            conn, to, "accounts", consistency="snapshot", batch_size=40, workers=3, create_target=True
        )
        before = len(done)
        eventually(lambda: len(done) > before + 20)
        slow, release = slowly(kind)
        with listening(db, slow, urls=urls):
            expected = as_of_snapshot(db, conn, made)
            release.set()
            found = ended(conn, made)
    assert found["state"] == "COMPLETED", found
    assert sorted(read()) == sorted(expected)
    assert sum(row[1] for row in expected) == TOTAL
    assert sorted(conn.execute(ROWS).fetchall()) != sorted(expected), "nothing changed meanwhile"
    assert (found["plan_kind"], found["chunks"] > 10) == ("blocks", True)
    plan = conn.execute(
        "select backlog.backfill_chunk_query(c.chunk_id) ->> 'query' from backlog.backfill_chunks as c "
        "where c.lower_key is not null limit 1"
    ).fetchone()[0]
    assert "Tid Range Scan" in "".join(x[0] for x in conn.execute(f"explain {plan}"))


def test_what_is_committed_between_plan_and_snapshot_belongs_to_it(
    db: Database, conn: psycopg.Connection[Any], empty_db: Database, tmp_path: Path
) -> None:
    to, urls, read = place("postgres", empty_db, tmp_path)
    made = create(conn, to, "accounts", consistency="snapshot", batch_size=300, create_target=True)
    conn.execute("insert into accounts values (-5, 1, 'below'), (15, 2, 'between'), (99999999, 3, 'above')")
    conn.execute("delete from accounts where id = 20")
    with listening(db, "postgres", urls=urls):
        assert ended(conn, made)["state"] == "COMPLETED"
    assert sorted(read()) == sorted(conn.execute(ROWS).fetchall())


def test_an_empty_table_may_fill_before_the_snapshot(
    db: Database, conn: psycopg.Connection[Any], empty_db: Database, tmp_path: Path
) -> None:
    """No chunk at all would be right for a plan with a frozen end only."""
    to, urls, read = place("postgres", empty_db, tmp_path)
    conn.execute("truncate accounts")
    made = create(conn, to, "accounts", consistency="snapshot", create_target=True)
    conn.execute("insert into accounts values (1, 1, 'late')")
    with listening(db, "postgres", urls=urls):
        assert ended(conn, made)["state"] == "COMPLETED"
    assert read() == [(1, 1, "late")]


def test_rows_that_must_be_read_again_as_text_are_read_in_the_snapshot(
    db: Database, conn: psycopg.Connection[Any], empty_db: Database, tmp_path: Path
) -> None:
    """NaN fits into no decimal: its chunk is read twice, and the row is refused alone."""
    conn.execute("create table prices (id int primary key, price numeric(10, 2))")
    conn.execute("insert into prices select n, n from generate_series(1, 100) as n")
    conn.execute("update prices set price = 'NaN' where id = 50")
    made = create(
        conn, {"kind": "parquet", "path": "lake"}, "prices", consistency="snapshot", batch_size=20, start=False
    )
    slow, release = slowly("parquet")
    conn.execute("select backlog.resume_backfill(%s)", [made])
    with listening(db, slow):
        eventually(lambda: state(conn, made)["snapshot_held"])
        conn.execute("update prices set price = price + 0.5")
        release.set()
        found = ended(conn, made)
    assert (found["state"], found["rows_refused"]) == ("COMPLETED", 1)
    assert sorted(x[0] for x in read_parquet(tmp_path / "lake", ["price"])) == [n for n in range(1, 101) if n != 50]


def slowly(kind: str) -> tuple[Handler, threading.Event]:
    """Return a writer like another that waits before each chunk until it is released."""
    release, plain = threading.Event(), builtin(kind)

    def make(job: Any) -> Any:
        made = plain.call(job)
        begin = made.begin

        def wait(chunk: Any) -> Any:
            assert release.wait(60)
            return begin(chunk)

        made.begin = wait
        return made

    return replace(plain, call=make), release


def test_it_is_held_while_it_is_paused_and_let_go_when_it_is_cancelled(
    db: Database, conn: psycopg.Connection[Any], empty_db: Database, tmp_path: Path
) -> None:
    to, urls, _ = place("postgres", empty_db, tmp_path)
    slow, release = slowly("postgres")
    made = create(conn, to, "accounts", consistency="snapshot", batch_size=100, create_target=True)
    with listening(db, slow, urls=urls):
        # Before a chunk has begun there would be none to be completed in spite of the pause.
        begun = "select exists (select from backlog.backfill_chunks as c where c.attempts > 0)"
        eventually(lambda: conn.execute(begun).fetchone()[0])
        assert state(conn, made)["snapshot_held"]
        conn.execute("select backlog.pause_backfill(%s)", [made])
        release.set()
        eventually(lambda: state(conn, made)["chunks_completed"] > 0)
        # Longer than the holder takes to look.
        looked = conn.execute("select clock_timestamp()").fetchone()[0]
        eventually(lambda: (conn.execute("select clock_timestamp()").fetchone()[0] - looked).seconds > 4)
        found = state(conn, made)
        assert (found["snapshot_held"], found["state"]) == (True, "EXECUTING")
        assert found["snapshot_at"] is not None
        conn.execute("select backlog.cancel_backfill(%s)", [made])
        assert eventually(lambda: not holders(conn))
    with pytest.raises(psycopg.errors.Error) as raised:
        conn.execute("select backlog.resume_backfill(%s)", [made])
    assert raised.value.sqlstate == "PB304"


def holders(conn: psycopg.Connection[Any]) -> list[int]:
    """Return the server processes that hold snapshots, as anybody can see them."""
    rows = conn.execute(
        "select l.pid from pg_locks as l where l.locktype = 'advisory' and l.classid = 1346522182 "
        "and l.database = (select d.oid from pg_database as d where d.datname = current_database())"
    )
    return [row[0] for row in rows]


def test_a_stopped_listener_lets_go(
    db: Database, conn: psycopg.Connection[Any], empty_db: Database, tmp_path: Path
) -> None:
    """Nothing was copied: the next listener takes another snapshot."""
    to, urls, read = place("postgres", empty_db, tmp_path)
    slow, release = slowly("postgres")
    made = create(conn, to, "accounts", consistency="snapshot", batch_size=500, create_target=True)
    with listening(db, slow, urls=urls) as listener:
        eventually(lambda: state(conn, made)["snapshot_held"])
        listener.stop()
        eventually(lambda: not holders(conn))
        release.set()
    conn.execute("update accounts set note = 'later' where id <= 5000")
    with listening(db, slow, urls=urls):
        assert ended(conn, made)["state"] == "COMPLETED"
    assert sorted(read()) == sorted(conn.execute(ROWS).fetchall())


def test_who_ends_when_idle_stays_while_a_chunk_waits_for_a_moment(
    db: Database, conn: psycopg.Connection[Any], empty_db: Database, tmp_path: Path
) -> None:
    """Without the snapshot, which goes with its last holder, the chunk could never be read."""
    to, urls, read = place("postgres", empty_db, tmp_path)
    slow, release = slowly("postgres")
    conn.execute("create table busy as select 'the shop is busy'::text as reason limit 0")
    conn.execute("select backlog.set_setting('backfill_throttle_seconds', '0')")
    conn.execute("select backlog.set_backfill_condition('busy', 'select b.reason from public.busy as b')")
    made = create(conn, to, "accounts", consistency="snapshot", batch_size=500, workers=1, create_target=True)
    with listening(db, slow, urls=urls, threads=1, until_idle=True):
        eventually(lambda: conn.execute("select from backlog.backfill_chunks where attempts > 0").fetchone() is not None)
        conn.execute("insert into busy values ('the shop is busy')")
        release.set()
        eventually(lambda: state(conn, made)["throttle_reason"])
        assert state(conn, made)["chunks_completed"] == 1
        conn.execute("delete from busy")
        assert ended(conn, made)["state"] == "COMPLETED"
    assert sorted(read()) == sorted(conn.execute(ROWS).fetchall())


def test_own_snapshots_do_not_throttle_backfills(
    db: Database, conn: psycopg.Connection[Any], empty_db: Database, tmp_path: Path
) -> None:
    to, urls, _ = place("postgres", empty_db, tmp_path)
    slow, release = slowly("postgres")
    made = create(conn, to, "accounts", consistency="snapshot", batch_size=500, create_target=True)
    with listening(db, slow, urls=urls):
        eventually(lambda: state(conn, made)["snapshot_held"])
        conn.execute("select backlog.set_setting('backfill_max_snapshot_seconds', '0.2')")
        (pid,) = holders(conn)
        age = "select clock_timestamp() - a.xact_start > '1 second' from pg_stat_activity as a where a.pid = %s"
        eventually(lambda: conn.execute(age, [pid]).fetchone()[0])
        assert f"session {pid} " not in (conn.execute("select backlog.backfill_throttle()").fetchone()[0] or "")
        with db.connect(autocommit=False) as other:
            other.execute("set transaction isolation level repeatable read")
            (mine,) = other.execute("select pg_backend_pid()").fetchone()
            eventually(lambda: conn.execute(age, [mine]).fetchone()[0])
            assert f"session {mine} " in conn.execute("select backlog.backfill_throttle()").fetchone()[0]
        conn.execute("select backlog.set_setting('backfill_max_snapshot_seconds', '0')")
        release.set()
        assert ended(conn, made)["state"] == "COMPLETED"


def test_a_truncated_table_fails_the_backfill(
    db: Database, conn: psycopg.Connection[Any], empty_db: Database, tmp_path: Path
) -> None:
    """A truncated table looks empty to older snapshots: the copy would lack rows."""
    to, urls, _ = place("postgres", empty_db, tmp_path)
    slow, release = slowly("postgres")
    made = create(conn, to, "accounts", consistency="snapshot", batch_size=500, workers=1, create_target=True)
    with listening(db, slow, urls=urls, threads=1):
        eventually(lambda: state(conn, made)["snapshot_held"])
        eventually(lambda: conn.execute("select 1 from backlog.backfill_chunks where attempts > 0").fetchone())
        conn.execute("truncate accounts")
        release.set()
        found = ended(conn, made)
    assert found["state"] == "FAILED"
    assert "truncated, rewritten, attached or detached since its snapshot" in found["reason"]


def test_a_writer_without_receipts_gets_no_second_snapshot(
    db: Database, conn: psycopg.Connection[Any]
) -> None:
    """It cannot tell whether rows of the first one have arrived."""
    got: list[int] = []

    class Plain(Writer):
        def write(self, batch: Batch) -> None:
            got.extend(row[0] for row in batch.rows)
            end_holders(conn)
            raise RuntimeError("half-way")

    conn.execute("select backlog.set_retry_policy('backfill.plain', p_retry_delay_seconds => 0)")
    made = create(conn, {"kind": "plain"}, "accounts", consistency="snapshot", batch_size=500, workers=1)
    with listening(db, handler("plain", Plain), threads=1):
        found = ended(conn, made)
    assert found["state"] == "FAILED"
    errors = conn.execute("select distinct error from backlog.backfill_chunks where error is not null").fetchall()
    assert any("cannot tell whether rows of it have arrived" in row[0] for row in errors)
    assert got == list(range(10, 5001, 10)), "rows of two snapshots"


def end_holders(conn: psycopg.Connection[Any]) -> None:
    """End the sessions that hold snapshots, as an operator would who needs vacuum."""
    for pid in holders(conn):
        conn.execute("select pg_terminate_backend(%s, 5000)", [pid])


@pytest.mark.parametrize("kind", ["parquet", "postgres"])
def test_behind_a_pooler_that_pools_transactions(
    db: Database, conn: psycopg.Connection[Any], empty_db: Database, tmp_path: Path, pgbouncer, kind: str
) -> None:
    to, urls, read = place(kind, empty_db, tmp_path)
    made = create(conn, to, "accounts", consistency="snapshot", batch_size=100, create_target=True)
    slow, release = slowly(kind)
    with listening(db, slow, urls=urls, dsn=pgbouncer("transaction").dsn(db.name)):
        expected = as_of_snapshot(db, conn, made)
        conn.execute("update accounts set balance = balance + 1")
        release.set()
        assert ended(conn, made)["state"] == "COMPLETED"
    assert sorted(read()) == sorted(expected)


def test_a_worker_needs_no_more_rights_than_others(
    db: Database, conn: psycopg.Connection[Any], empty_db: Database, tmp_path: Path
) -> None:
    to, urls, read = place("postgres", empty_db, tmp_path)
    name = f"{db.name}_worker"
    conn.execute(f'create role "{name}" login in role backlog_worker')
    try:
        conn.execute(f'grant select on accounts to "{name}"')
        made = create(conn, to, "accounts", consistency="snapshot", batch_size=100, create_target=True)
        with listening(db, "postgres", urls=urls, dsn=make_conninfo(db.dsn, user=name)):
            assert ended(conn, made)["state"] == "COMPLETED"
        assert sorted(read()) == sorted(conn.execute(ROWS).fetchall())
        eventually(lambda: not holders(conn))
    finally:
        conn.execute(f'drop owned by "{name}"')
        conn.execute(f'drop role "{name}"')


def test_only_a_transaction_that_keeps_its_snapshot_can_export_it(conn: psycopg.Connection[Any]) -> None:
    made = create(conn, {"kind": "postgres", "connection": "there", "table": "x"}, "accounts", consistency="snapshot")
    with pytest.raises(psycopg.errors.Error, match="read committed keeps no snapshot") as raised:
        conn.execute("select backlog.export_backfill_snapshot(%s, 1)", [made])
    assert raised.value.sqlstate == "PB303"
    with pytest.raises(psycopg.errors.Error) as raised:
        conn.execute("select backlog.export_backfill_snapshot(-1, 1)")
    assert raised.value.sqlstate == "PB301"


@pytest.mark.parametrize("key", ["primary key", ""])
def test_a_repair_brings_rows_of_now_and_says_so(
    db: Database, conn: psycopg.Connection[Any], empty_db: Database, tmp_path: Path, cli, key: str
) -> None:
    """Rows that have left their blocks cannot be brought by them."""
    to, _, read = place("parquet", empty_db, tmp_path)
    conn.execute("drop table accounts")
    make_accounts(conn, key)
    made = create(conn, to, "accounts", consistency="snapshot", batch_size=500)
    with listening(db, "parquet"):
        assert ended(conn, made)["state"] == "COMPLETED"
    conn.execute("update accounts set note = 'later' where id between 5000 and 6000")
    assert cli("backfill", "verify", made).exit_code == 4
    done = cli("backfill", "verify", made, "--repair")
    if not key:
        assert (done.exit_code, "was cut by blocks" in done.output) == (1, True), done.output
        return
    with listening(db, "parquet"):
        assert ended(conn, made)["state"] == "COMPLETED"
    assert state(conn, made)["snapshot_at"] is None
    assert sorted(read()) == sorted(conn.execute(ROWS).fetchall())
