"""What every writer must do: copy exactly, refuse bad rows singly, never lose or double a chunk."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgbacklog import backfill as runner
from pgbacklog.writers import Chunk, Fenced, Receipt, Refused, Writer, builtin, known
from pgbacklog.writers.base import Column, Job

from support.backfilling import create, plainly, read_parquet, state, work
from support.database import Database
from support.places import NAMES, PLACES, WITH_CHECKS, Place, ToMySQL, fill, shop, source


@pytest.fixture
def conn(db: Database) -> Iterator[psycopg.Connection[Any]]:
    """A database with the pipeline shop and the table orders."""
    with shop(db) as made:
        yield made


everywhere = pytest.mark.parametrize("place", PLACES, indirect=True)
where_checked = pytest.mark.parametrize("place", WITH_CHECKS, indirect=True)


@everywhere
def test_every_value_arrives_as_it_is(conn: psycopg.Connection[Any], place: Place) -> None:
    fill(conn, 250)
    made = create(conn, place.destination(), create_target=True, batch_size=60)
    place.work()
    found = state(conn, made)
    assert (found["state"], found["rows_refused"]) == ("COMPLETED", 0)
    # While other transactions are open, what is not older than they is read a second time.
    assert found["rows_matched"] >= 250
    assert found["bytes"] > 0
    assert plainly(place.rows()) == plainly(source(conn))
    events = conn.execute(
        "select sum(e.record_count) from backlog_internal.event as e where e.kind = 'checkpoint' "
        "and e.metadata ? 'chunk_id'"
    ).fetchone()
    assert events == (found["rows_matched"],)


@everywhere
def test_filters_mapping_and_columns(conn: psycopg.Connection[Any], place: Place) -> None:
    fill(conn, 90)
    made = create(
        conn, place.destination(), create_target=True, batch_size=20,
        filters=[{"column": "region", "operator": "=", "value": "eu"}],
        mapping={"note": None, "word": {"cast": "text"}},
    )
    place.work()
    assert state(conn, made)["rows_matched"] in (30, 60)
    if place.kind == "parquet":
        rows = read_parquet(place.folder / "lake", ["id", "region", "word"])
        assert plainly(rows) == plainly(
            conn.execute("select id, region, word from orders where region = 'eu'").fetchall()
        )


@where_checked
def test_rows_at_fault_are_refused_singly(conn: psycopg.Connection[Any], place: Place) -> None:
    place.make_target()
    fill(conn, 120)  # amounts of 1 to 39 are negative
    conn.execute("update orders set amount = 1 where amount < 0 and id not in (3, 17, 18)")
    made = create(conn, place.destination(key=["id"]), batch_size=50)
    place.work()
    found = state(conn, made)
    assert (found["state"], found["rows_refused"]) in (("COMPLETED", 3), ("COMPLETED", 6))
    assert plainly(place.rows()) == plainly(source(conn, "id not in (3, 17, 18)"))
    incidents = conn.execute(
        "select (i.record ->> 'id')::int, i.error_code, i.constraint_name from backlog.incidents as i "
        "order by 1"
    ).fetchall()
    assert {x[0] for x in incidents} == {3, 17, 18}
    if place.kind != "duckdb":
        assert {x[2] for x in incidents} == {"not_negative"}


@everywhere
def test_values_that_the_destination_has_no_place_for(
    conn: psycopg.Connection[Any], place: Place
) -> None:
    fill(conn, 60)
    conn.execute("update orders set amount = 'NaN', at = 'infinity' where id = 5")
    conn.execute("update orders set day = '-infinity' where id = 50")
    made = create(conn, place.destination(), create_target=True)
    place.work()
    found = state(conn, made)
    assert found["state"] == "COMPLETED"
    if place.kind == "postgres":
        assert found["rows_refused"] == 0
        with place.other.connect() as other:  # type: ignore[attr-defined]
            assert other.execute("select count(*) from orders where at = 'infinity'").fetchone() == (1,)
    else:
        assert found["rows_refused"] in (2, 4)
        assert plainly(place.rows()) == plainly(source(conn, "id not in (5, 50)"))
        records = conn.execute("select i.record from backlog.incidents as i").fetchall()
        assert {x[0]["id"] for x in records} == {5, 50}


@everywhere
def test_a_chunk_that_was_committed_there_is_not_written_again(
    conn: psycopg.Connection[Any], place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker dies between the two commits: the destination wins."""
    fill(conn, 100)
    made = create(
        conn, place.destination(mode="append"), create_target=True, batch_size=25, workers=2
    )
    died: set[int] = set()
    complete = runner.Copier._complete
    lock = threading.Lock()

    def die(self: runner.Copier, job: Job, chunk: Chunk, *rest: Any, **facts: Any) -> None:
        with lock:
            first = chunk.chunk_id not in died
            died.add(chunk.chunk_id)
        if first:
            conn.execute("delete from orders where id % 10 = 0")  # it would be seen if read again
            raise ConnectionResetError("the worker died")
        assert facts["known"] is True
        complete(self, job, chunk, *rest, **facts)

    monkeypatch.setattr(runner.Copier, "_complete", die)
    before = source(conn)
    place.work(threads=1)
    found = state(conn, made)
    assert (found["state"], len(died)) == ("COMPLETED", found["chunks_completed"])
    there = {row[0] for row in place.rows()}
    assert len(place.rows()) == len(there)  # nothing doubled
    gone = {row[0] for row in before if row[0] % 10 == 0}
    assert there >= {row[0] for row in before} - gone
    # The first chunk was written before the rows were deleted, and not again afterwards.
    assert there & gone


@everywhere
def test_a_stale_worker_is_fenced_off(conn: psycopg.Connection[Any], place: Place) -> None:
    columns = (Column("id", "bigint", True), Column("region", "text", True))

    def writer(fence: int) -> tuple[Writer, Chunk]:
        from pgbacklog.connections import Address, Connections, Lent

        lent = Lent(Connections({k: Address(v) for k, v in place.urls.items()}))
        destination = place.destination(create=True)
        job = Job("r-1", 1, "shop", "orders", columns, ("id",), "append", destination, lend=lent.get)
        made = builtin(place.kind).call(job)
        assert isinstance(made, Writer)
        made.open()
        return made, Chunk(7, fence)

    def batch(made: Writer, *ids: int) -> Any:
        from pgbacklog.writers.reading import Source

        query = f"select i::bigint, 'x'::text from unnest('{{{','.join(map(str, ids))}}}'::int[]) as i"
        (found,) = Source(place.db.dsn).read(query, made.job, made.form, {})
        return found

    slow, early = writer(5)
    assert slow.begin(early) is None
    slow.write(batch(slow, 1, 2))
    quick, late = writer(6)
    assert quick.begin(late) is None
    with pytest.raises(Fenced):
        slow.commit(early, Receipt(2, 2))
    slow.rollback()
    slow.close()
    quick.write(batch(quick, 1, 2))
    quick.commit(late, Receipt(2, 2))
    quick.close()
    again, later = writer(8)
    assert again.begin(later).read == 2  # type: ignore[union-attr]
    again.close()


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_upsert_leaves_equal_rows_alone(
    conn: psycopg.Connection[Any], db: Database, request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    """Only rows that are new or differ count as written, also where one is alone in its chunk."""
    place = PLACES[kind](db, tmp_path, request.getfixturevalue)
    fill(conn, 50)
    create(conn, place.destination(), create_target=True)
    place.work()
    for size, changed in ((50, [4, 9]), (1, [7, 8, 50]), (7, [])):
        conn.execute("update orders set note = %s where id = any (%s)", [f"new {size}", changed])
        conn.execute("insert into orders select (jsonb_populate_record(o, %s)).* from orders as o where id = 3",
                     [json.dumps({"id": 1000 + size})])  # fmt: skip
        again = create(conn, place.destination(), create_target=True, batch_size=size)
        place.work()
        assert state(conn, again)["rows_written"] == len(changed) + 1
        assert plainly(place.rows()) == plainly(source(conn))


def test_rows_that_mysql_takes_in_several_statements_are_counted(
    conn: psycopg.Connection[Any], db: Database, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    place = ToMySQL(db, tmp_path, request.getfixturevalue)
    fill(conn, 60)
    # PyMySQL sends no statement of more than 1 MB.
    conn.execute("update orders set note = repeat('x', 100000)")
    first = create(conn, place.destination(), create_target=True)
    place.work()
    conn.execute("update orders set note = repeat('y', 100000) where id % 3 = 0")
    again = create(conn, place.destination(), create_target=True)
    place.work()
    assert [state(conn, x)["rows_written"] for x in (first, again)] == [60, 20]


def test_partitions_and_replays(
    conn: psycopg.Connection[Any], db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGBACKLOG_FILES", str(tmp_path))
    fill(conn, 90)
    conn.execute("update orders set region = '' where id = 9")
    create(conn, {"kind": "parquet", "path": "lake", "partition_by": ["region", "good"]}, batch_size=40)
    work(db, "parquet")
    folders = {x.parent.relative_to(tmp_path / "lake").as_posix() for x in tmp_path.rglob("*.parquet")}
    assert "region=as ia/good=true" in folders
    assert "region=/good=false" in folders
    rows = read_parquet(tmp_path / "lake", ["id", "region"])
    assert plainly(rows) == plainly(conn.execute("select id, region from orders").fetchall())


@pytest.mark.parametrize("path", ["/etc/lake", "../lake", "a/../../lake"])
def test_files_stay_where_the_operator_allows(
    conn: psycopg.Connection[Any], db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv("PGBACKLOG_FILES", str(tmp_path / "allowed"))
    fill(conn, 3)
    made = create(conn, {"kind": "parquet", "path": path})
    conn.execute("select backlog.set_retry_policy('backfill.parquet', p_max_retries => 0)")
    work(db, "parquet")
    assert state(conn, made)["state"] == "FAILED"
    error = conn.execute("select c.error from backlog.backfill_chunks as c").fetchone()[0]
    assert "is not below" in error


def test_a_users_writer(conn: psycopg.Connection[Any], db: Database) -> None:
    got: list[tuple[Any, ...]] = []

    @known.writer("archive", timeout=60)
    class Archive(Writer):
        def open(self) -> None:
            assert self.job.option("place") == "here"

        def write(self, batch: Any) -> int:
            if any(row[0] == 13 for row in batch.rows):
                raise Refused("unlucky", "13")
            got.extend((row[0], row[2], row[12]["i"]) for row in batch.rows)
            return len(batch)

    fill(conn, 40)
    made = create(conn, {"kind": "archive", "place": "here"}, batch_size=15)
    (handler,) = Archive.__pgbacklog_handlers__  # type: ignore[attr-defined]
    work(db, handler)
    assert state(conn, made)["state"] == "COMPLETED"
    assert sorted(set(got)) == [(i, Decimal(i) * Decimal("1.25") - 50, i) for i in range(1, 41) if i != 13]
    assert set(conn.execute("select i.record ->> 'id', i.error from backlog.incidents as i")) == {
        ("13", "unlucky")
    }


def marked(make: type[Writer]) -> Any:
    """Return the handler of a writer that a test has marked."""
    (handler,) = make.__pgbacklog_handlers__  # type: ignore[attr-defined]
    return handler


def test_a_long_chunk_is_left_when_its_backfill_is_cancelled(
    conn: psycopg.Connection[Any], db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_ASK", 0.0)
    seen: list[str] = []

    @known.writer("archive")
    class Archive(Writer):
        def write(self, batch: Any) -> None:
            seen.append("write")
            if len(seen) == 2:
                conn.execute("select backlog.cancel_backfill(%s, 'enough')", [made])

        def commit(self, chunk: Chunk, receipt: Receipt) -> None:
            seen.append("commit")

        def rollback(self) -> None:
            seen.append("rollback")

    fill(conn, 5000)
    made = create(conn, {"kind": "archive", "batch_bytes": 65536, "mode": "append"})
    work(db, marked(Archive))
    assert state(conn, made)["state"] == "CANCELLED"
    assert seen == ["write", "write", "rollback"]
    conn.execute("select backlog.resume_backfill(%s)", [made])
    work(db, marked(Archive))
    assert state(conn, made)["state"] == "COMPLETED"
    assert state(conn, made)["rows_matched"] == 5000


def test_a_chunk_that_takes_too_long_is_halved(
    conn: psycopg.Connection[Any], db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pgbacklog.writers.reading import Source

    read = Source.read

    def slow(self: Source, query: str, job: Job, *rest: Any, **more: Any) -> Any:
        rows = list(read(self, query, job, *rest, **more))
        if sum(map(len, rows)) > 15:
            raise psycopg.errors.QueryCanceled("canceling statement due to statement timeout")
        yield from rows

    monkeypatch.setattr(Source, "read", slow)
    got: list[int] = []

    @known.writer("archive")
    class Archive(Writer):
        def write(self, batch: Any) -> None:
            got.extend(row[0] for row in batch.rows)

    fill(conn, 60)
    made = create(conn, {"kind": "archive", "mode": "append"})
    work(db, marked(Archive))
    found = state(conn, made)
    assert (found["state"], found["rows_matched"]) == ("COMPLETED", 60)
    assert found["chunks"] >= 4
    assert sorted(got) == list(range(1, 61))


def test_a_slow_predicate_is_stopped(conn: psycopg.Connection[Any], db: Database) -> None:
    """What a condition costs is bounded: the server cancels the reading, and the chunk is halved."""
    conn.execute(
        "create function slowly(bigint) returns boolean immutable language plpgsql"
        " as $$ begin perform pg_sleep(0.02); return true; end $$"
    )
    conn.execute("select backlog.set_setting('backfill_read_seconds', '0.5')")
    got: list[int] = []

    @known.writer("archive")
    class Archive(Writer):
        def write(self, batch: Any) -> None:
            got.extend(row[0] for row in batch.rows)

    fill(conn, 60)
    made = create(conn, {"kind": "archive", "mode": "append"}, predicate="public.slowly(id)")
    work(db, marked(Archive))
    found = state(conn, made)
    assert (found["state"], found["rows_matched"]) == ("COMPLETED", 60)
    assert found["chunks"] >= 4
    assert sorted(got) == list(range(1, 61))


def test_too_many_rows_at_fault_fail_the_chunk(conn: psycopg.Connection[Any], db: Database) -> None:
    @known.writer("archive")
    class Archive(Writer):
        def write(self, batch: Any) -> None:
            raise Refused("never", "never")

    fill(conn, 200)
    conn.execute("select backlog.set_retry_policy('backfill.archive', p_max_retries => 0)")
    made = create(conn, {"kind": "archive", "mode": "append"})
    work(db, marked(Archive))
    assert state(conn, made)["state"] == "FAILED"
    ((code, error),) = conn.execute("select c.error_code, c.error from backlog.backfill_chunks as c")
    assert (code, "more than 100 rows" in error) == ("PB306", True)
    assert conn.execute("select count(*) from backlog.incidents where source = 'backfill' and table_name is not null").fetchone() == (0,)


def test_an_unknown_connection_says_where_to_name_it(
    conn: psycopg.Connection[Any], db: Database
) -> None:
    fill(conn, 3)
    conn.execute("select backlog.set_retry_policy('backfill.postgres', p_max_retries => 0)")
    create(conn, {"kind": "postgres", "connection": "nowhere", "table": "public.x"})
    work(db, "postgres")
    error = conn.execute("select c.error from backlog.backfill_chunks as c").fetchone()[0]
    assert "pgbacklog.toml has no connection nowhere" in error


def test_tables_of_this_database_are_served_too(
    conn: psycopg.Connection[Any], db: Database
) -> None:
    fill(conn, 120)
    conn.execute("create schema archive")
    to = {"kind": "table", "table": "archive.orders"}
    made = create(conn, to, create_target=True, batch_size=20)
    work(db, "table")
    assert state(conn, made)["state"] == "COMPLETED"
    rows = conn.execute(f"select {', '.join(NAMES)} from archive.orders").fetchall()
    assert plainly(rows) == plainly(source(conn))
