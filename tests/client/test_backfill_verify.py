"""What writers have brought is compared with the source, and repaired."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgbacklog import backfill as runner
from pgbacklog.writers import Chunk, Writer
from pgbacklog.writers.base import Job
from pgbacklog.writers.parquet import manifest

from support.backfilling import create, plainly, state, work
from support.database import Database
from support.places import PLACES, Place, fill, shop, source

Verify = Callable[..., list[dict[str, Any]]]
DATABASES = ["postgres", "duckdb", "mysql"]


@pytest.fixture
def conn(db: Database) -> Iterator[psycopg.Connection[Any]]:
    """A database with the pipeline shop and the table orders."""
    with shop(db) as made:
        yield made


@pytest.fixture
def verify(place: Place, cli) -> Verify:
    """Run the command; return its rows, after a look at its exit status."""

    def run(backfill_id: int, *options: str, equal: bool) -> list[dict[str, Any]]:
        done = cli("backfill", "verify", backfill_id, "--config", place.config(), "--json", *options)
        assert done.exit_code == (0 if equal else 4), done.output
        rows = json.loads(done.stdout)
        assert all(row["is_equal"] for row in rows) is equal
        return rows

    return run


everywhere = pytest.mark.parametrize("place", PLACES, indirect=True)
in_databases = pytest.mark.parametrize("place", DATABASES, indirect=True)
in_files = pytest.mark.parametrize("place", ["parquet"], indirect=True)


def differences(conn: psycopg.Connection[Any]) -> dict[str, str]:
    """Return problems by the key id."""
    return dict(conn.execute(
        "select d.key[1], d.problem from backlog.backfill_differences as d where d.key_columns = '{id}'"
    ).fetchall())  # fmt: skip


def chunks(conn: psycopg.Connection[Any], backfill_id: int) -> list[tuple[Any, ...]]:
    """Return what the chunks of a copy are known to have, by range."""
    return conn.execute(
        "select c.source_rows, c.destination_rows, c.source_checksum = c.destination_checksum, "
        "c.verified_at is not null, c.differences from backlog.backfill_chunks as c "
        "where c.backfill_id = %s and c.kind in ('range', 'whole') order by c.lower_key[1]::int nulls first",
        [backfill_id],
    ).fetchall()


@everywhere
def test_what_differs_is_found_kept_and_repaired(
    conn: psycopg.Connection[Any], place: Place, verify: Verify
) -> None:
    fill(conn, 120)
    conn.execute("update orders set ratio = 1.0 / 3, at = '2024-02-03 04:05:06.123456+00' where id < 50")
    made = create(conn, place.destination(), create_target=True, batch_size=50)
    place.work()
    assert sum(row["source_rows"] for row in verify(made, equal=True)) == 120
    assert [x[2:] for x in chunks(conn, made)] == [(True, True, 0)] * len(chunks(conn, made))
    assert sum(x[0] for x in chunks(conn, made)) == sum(x[1] for x in chunks(conn, made)) == 120

    conn.execute("update orders set note = 'changed' where id in (3, 70)")
    conn.execute("update orders set count = null where id = 4")
    conn.execute("delete from orders where id in (60, 61)")
    conn.execute("insert into orders (id, region) values (0, 'new')")
    rows = verify(made, "--repair", equal=False)
    wanted = {"3": "different", "70": "different", "4": "different", "60": "extra", "61": "extra"}
    wanted |= {"0": "missing"}
    assert sum(row["differences"] for row in rows) == len(wanted)
    assert sum(row["source_rows"] for row in rows) == 119
    assert sum(row["destination_rows"] for row in rows) == 120
    assert state(conn, made)["state"] == "PENDING"
    place.work()
    assert state(conn, made)["state"] == "COMPLETED"
    assert plainly(place.rows()) == plainly(source(conn))
    assert sum(row["destination_rows"] for row in verify(made, equal=True)) == 119
    assert differences(conn) == {}


@everywhere
def test_the_keys_that_differ_are_told(
    conn: psycopg.Connection[Any], place: Place, verify: Verify
) -> None:
    fill(conn, 60)
    made = create(conn, place.destination(), create_target=True, batch_size=25)
    place.work()
    conn.execute("update orders set note = 'changed' where id = 3")
    conn.execute("delete from orders where id = 40")
    conn.execute("insert into orders (id, region) values (-1, 'new')")
    verify(made, equal=False)
    assert differences(conn) == {"3": "different", "40": "extra", "-1": "missing"}
    verify(made, equal=False)
    assert differences(conn) == {"3": "different", "40": "extra", "-1": "missing"}
    assert conn.execute("select backlog.repair_backfill(%s)", [made]).fetchone()[0] > 0
    place.work()
    assert conn.execute("select backlog.repair_backfill(%s)", [made]).fetchone() == (0,)


@in_databases
def test_changes_of_the_destination_are_found(
    conn: psycopg.Connection[Any], place: Place, verify: Verify
) -> None:
    fill(conn, 60)
    made = create(conn, place.destination(), create_target=True, batch_size=25)
    place.work()
    place.query("update orders set note = 'Zeile' where id = 7")
    place.query("update orders set ratio = ratio + 1e-12 where id = 8")
    place.query("delete from orders where id in (20, 21)")
    place.query("insert into orders (id, region) values (-5, 'not ours')")
    place.query("insert into orders (id, region) values (1000, 'beyond the end')")
    verify(made, "--repair", equal=False)
    place.work()
    verify(made, equal=True)
    place.query("delete from orders where id = 1000")
    assert plainly(place.rows()) == plainly(source(conn))


@in_databases
def test_rows_of_others_are_left_alone(
    conn: psycopg.Connection[Any], place: Place, verify: Verify
) -> None:
    fill(conn, 60)
    eu = {"column": "region", "operator": "=", "value": "eu"}
    filtered = create(conn, place.destination(), create_target=True, filters=[eu])
    place.work()
    shared = create(conn, place.destination(shared=True), create_target=True)
    place.work()
    place.query("insert into orders (id, region) values (-5, 'not ours')")
    conn.execute("delete from orders where id = 6")
    verify(filtered, equal=True)
    verify(shared, equal=True)
    for made in (filtered, shared):
        place.query("update orders set note = 'x' where id = 9")
        verify(made, "--repair", equal=False)
        place.work()
        verify(made, equal=True)
    assert {row[0] for row in place.rows()} == {-5, *range(1, 61)}


@everywhere
def test_rows_that_were_refused_are_missing(
    conn: psycopg.Connection[Any], place: Place, verify: Verify
) -> None:
    place.make_target()
    fill(conn, 90)
    conn.execute("update orders set amount = abs(amount) + 1, at = now()")
    conn.execute("update orders set amount = -1, at = 'infinity' where id = 40")
    made = create(conn, place.destination(), batch_size=40, create_target=place.kind == "parquet")
    place.work()
    assert len(place.rows()) == 89
    rows = verify(made, equal=False)
    assert (sum(r["source_rows"] for r in rows), sum(r["destination_rows"] for r in rows)) == (90, 89)
    assert differences(conn) == {"40": "missing"}
    conn.execute("update orders set amount = 1, at = '2024-01-01 00:00:00+00' where id = 40")
    verify(made, "--repair", equal=False)
    place.work()
    verify(made, equal=True)
    assert plainly(place.rows()) == plainly(source(conn))


@everywhere
def test_a_row_that_is_refused_in_a_repair_becomes_an_incident(
    conn: psycopg.Connection[Any], place: Place, verify: Verify
) -> None:
    place.make_target()
    fill(conn, 60)
    conn.execute("update orders set amount = abs(amount) + 1")
    made = create(conn, place.destination(), batch_size=40, create_target=place.kind == "parquet")
    place.work()
    conn.execute("update orders set note = 'new' where id between 5 and 30")
    conn.execute("update orders set amount = -1, at = 'infinity' where id = 17")
    verify(made, "--repair", equal=False)
    place.work()
    found = state(conn, made)
    assert (found["state"], found["rows_refused"]) == ("COMPLETED", 1)
    assert conn.execute(
        "select (i.record ->> 'id')::int from backlog.incidents as i").fetchall() == [(17,)]  # fmt: skip
    verify(made, equal=False)
    assert differences(conn) == {"17": "missing" if place.kind == "parquet" else "different"}


@everywhere
def test_a_crash_in_a_repair_is_harmless(
    conn: psycopg.Connection[Any], place: Place, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker dies at each edge of the chunk that repairs, once."""
    fill(conn, 60)
    made = create(conn, place.destination(), create_target=True, batch_size=30)
    place.work()
    conn.execute("update orders set note = 'new' where id in (5, 50)")
    conn.execute("delete from orders where id in (6, 51)")
    verify(made, "--repair", equal=False)
    died: set[tuple[str, int]] = set()
    copy, complete = runner.Copier._copy, runner.Copier._complete

    def die(edge: str, chunk_id: int) -> None:
        if (edge, chunk_id) not in died:
            died.add((edge, chunk_id))
            raise ConnectionResetError("the worker died")

    def die_after_copy(self: runner.Copier, writer: Writer, job: Job, order: Any, *rest: Any, **more: Any) -> None:
        copy(self, writer, job, order, *rest, **more)
        die("copy", order["chunk_id"])

    def die_before_complete(self: runner.Copier, job: Job, chunk: Chunk, *rest: Any, **facts: Any) -> None:
        die("complete", chunk.chunk_id)
        assert facts["known"] is True
        complete(self, job, chunk, *rest, **facts)

    monkeypatch.setattr(runner.Copier, "_copy", die_after_copy)
    monkeypatch.setattr(runner.Copier, "_complete", die_before_complete)
    place.work(threads=1)
    assert {edge for edge, _ in died} == {"copy", "complete"}
    assert state(conn, made)["state"] == "COMPLETED"
    verify(made, equal=True)
    assert plainly(place.rows()) == plainly(source(conn))


@in_databases
def test_what_only_appends_is_compared_but_not_repaired(
    conn: psycopg.Connection[Any], place: Place, verify: Verify, cli
) -> None:
    fill(conn, 60)
    made = create(conn, place.destination(mode="append"), create_target=True, batch_size=25)
    place.work()
    verify(made, equal=True)
    place.query("update orders set note = 'changed' where id = 7")
    verify(made, equal=False)
    refused = cli("backfill", "verify", made, "--config", place.config(), "--repair")
    assert refused.exit_code == 1
    assert "PB302" in refused.stderr
    assert "only appends" in refused.stderr
    assert "upsert" in refused.stderr
    assert state(conn, made)["state"] == "COMPLETED"


@everywhere
def test_a_row_that_is_there_twice_is_found(
    conn: psycopg.Connection[Any], place: Place, verify: Verify
) -> None:
    """Without any key, rows are found by all that they have."""
    conn.execute("create table bag (id int, note text)")
    conn.execute("insert into bag select i / 2, case when i > 3 then 'x' end from generate_series(1, 9) as i")
    to = place.destination(**({"path": "bag"} if place.kind == "parquet" else {}))
    made = create(conn, to, "public.bag", create_target=True)
    place.work()
    verify(made, equal=True)
    if place.kind == "parquet":
        conn.execute("delete from bag where ctid = (select min(ctid) from bag where id = 4)")
    else:
        place.query("insert into orders (id, note) values (4, 'x')")
    (row,) = verify(made, equal=False)
    assert row["destination_rows"] == row["source_rows"] + 1


@in_files
def test_a_file_that_is_lost_or_broken_is_written_anew(
    conn: psycopg.Connection[Any], place: Place, verify: Verify
) -> None:
    fill(conn, 90)
    made = create(conn, place.destination(partition_by=["region"]), batch_size=40)
    place.work()
    lake = place.folder / "lake"
    files = manifest(lake)
    (lake / files[0]["path"]).unlink()
    (lake / files[-1]["path"]).write_bytes(b"PAR1 broken PAR1")
    rows = verify(made, "--repair", equal=False)
    assert sum(row["differences"] for row in rows) == files[0]["rows"] + files[-1]["rows"]
    place.work()
    verify(made, equal=True)
    assert plainly(place.rows()) == plainly(source(conn))
    conn.execute("update orders set region = 'moved' where id = 5")
    verify(made, "--repair", equal=False)
    place.work()
    assert plainly(place.rows()) == plainly(source(conn))
    assert conn.execute("select count(*) from backlog.backfill_differences").fetchone() == (0,)


@in_files
def test_the_manifest_is_right_at_each_moment(
    conn: psycopg.Connection[Any], place: Place, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow.parquet as pq

    from pgbacklog.writers import parquet

    fill(conn, 30)
    made = create(conn, place.destination(partition_by=["region"]))
    place.work()
    lake, before = place.folder / "lake", plainly(source(conn))
    conn.execute("update orders set note = 'new', region = 'xx' where id < 5")
    after = plainly(source(conn))
    verify(made, "--repair", equal=False)
    seen: list[bool] = []

    def look() -> None:
        rows = []
        for file in manifest(lake):
            table = pq.ParquetFile(lake / file["path"]).read()
            assert table.num_rows == file["rows"]
            rows += table.column("note").to_pylist()
        notes = [sorted(str(row[10]) for row in x) for x in (before, after)]
        seen.append(bool(notes.index(sorted(map(str, rows)))))

    for name in ("_write", "_sync"):
        inner = getattr(parquet, name)

        def observed(*values: Any, inner: Any = inner, **more: Any) -> None:
            look()
            inner(*values, **more)
            look()

        monkeypatch.setattr(parquet, name, observed)
    remove = Path.unlink

    def unlink(self: Path, missing_ok: bool = False) -> None:
        remove(self, missing_ok)
        if self.suffix == ".parquet":
            look()

    monkeypatch.setattr(Path, "unlink", unlink)
    place.work()
    assert seen == sorted(seen)
    assert set(seen) == {False, True}
    monkeypatch.undo()


@in_files
def test_a_crash_at_any_moment_leaves_no_file_too_much(
    conn: psycopg.Connection[Any], place: Place, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pgbacklog.writers import parquet

    fill(conn, 30)
    made = create(conn, place.destination(partition_by=["region"]))
    place.work()
    left = [0]

    def dying(inner: Callable[..., Any]) -> Callable[..., Any]:
        def maybe(*values: Any, **more: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                raise ConnectionResetError("the worker died")
            return inner(*values, **more)

        return maybe

    for owner, name in ((parquet, "_write"), (parquet, "_sync"), (Path, "replace"), (Path, "unlink"),
                        (parquet.Parquet, "_remove")):  # fmt: skip
        monkeypatch.setattr(owner, name, dying(getattr(owner, name)))
    reached, moment = True, 0
    while reached:
        moment += 1
        conn.execute("update orders set note = %s, region = %s where id < 5", [f"new {moment}", f"r{moment % 2}"])
        left[0] = 0
        verify(made, "--repair", equal=False)
        left[0] = moment
        place.work(threads=1)
        reached, left[0] = left[0] <= 0, 0
        assert plainly(place.rows()) == plainly(source(conn)), moment
    assert moment > 12


@pytest.mark.parametrize("place", ["postgres", "parquet"], indirect=True)
def test_what_was_read_in_one_snapshot(
    conn: psycopg.Connection[Any], place: Place, verify: Verify
) -> None:
    """It is compared with the source as it is now, and repaired so that it is like that."""
    fill(conn, 60)
    made = create(conn, place.destination(), create_target=True, batch_size=25, consistency="snapshot")
    place.work()
    verify(made, equal=True)
    conn.execute("update orders set note = 'changed' where id = 7")
    conn.execute("insert into orders (id, region) values (1000, 'new')")
    verify(made, "--repair", equal=False)
    place.work()
    verify(made, equal=True)
    assert plainly(place.rows()) == plainly(source(conn))


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
def test_a_source_that_takes_its_time(
    conn: psycopg.Connection[Any], place: Place, verify: Verify
) -> None:
    """The destination throws out who is idle in a transaction, but waiting for rows is not that."""
    fill(conn, 20)
    place.query("do $$begin execute format('alter database %I set idle_in_transaction_session_timeout = 200', "
                "current_database()); end$$")  # fmt: skip
    conn.execute("create view slow as select o.* from orders as o, lateral (select pg_sleep(o.id * 0 + 0.05)) as s")
    conn.execute("select backlog.register_backfill_view('slow', array['id'])")
    made = create(conn, place.destination(), "public.slow", create_target=True, batch_size=20)
    place.work()
    assert state(conn, made)["state"] == "COMPLETED"
    assert conn.execute("select max(c.attempts) from backlog.backfill_chunks as c").fetchone() == (1,)
    verify(made, equal=True)
    assert plainly(place.rows()) == plainly(source(conn))


@pytest.mark.parametrize(("kind", "told"), [
    ("bigint", True), ("numeric(10, 2)", True), ("date", True), ("timestamp", True),
    ("timestamptz", True), ("uuid", True), ("text", None), ('text collate "C"', True),
    ('varchar(20) collate "POSIX"', True), ("char(20)", False), ("float8", False),
])  # fmt: skip
@in_databases
def test_where_it_can_be_told_what_is_too_much(
    conn: psycopg.Connection[Any], place: Place, verify: Verify, kind: str, told: bool | None
) -> None:
    if told is None:  # as the server's own order is
        (told,) = conn.execute("select backlog_internal.is_bytewise('\"default\"'::regcollation)").fetchone()
    texts = "(array['k', 'K', 'ß', '~', '', ' ', chr(120042), '-'])[1 + i % 8] || i"
    value = {
        "date": "'2024-01-01'::date + i", "timestamp": "'2024-01-01'::timestamp + i * interval '1.000001 s'",
        "timestamptz": "'2024-01-01'::timestamptz + i * interval '1.000001 s'",
        "uuid": "md5(i::text)::uuid", "numeric(10, 2)": "i + 0.25",
    }.get(kind, texts if "char" in kind or "text" in kind else "i")  # fmt: skip
    conn.execute(f"create table keyed (a int, k {kind}, v text, primary key (k, a))")
    conn.execute(f"insert into keyed select i % 3, {value}, 'v' from generate_series(1, 100) as i")
    conn.execute("analyze keyed")
    made = create(conn, place.destination(), "public.keyed", create_target=True, batch_size=40)
    place.work()
    verify(made, equal=True)
    conn.execute("delete from keyed where k in (select k from keyed order by k limit 1 offset 50)")
    told = told and (kind, place.kind) != ("uuid", "mysql")
    verify(made, "--repair", equal=not told)
    if told:
        place.work()
        verify(made, equal=True)
        assert place.query("select count(*) from orders") in ([(99,)], [[99]])


@in_databases
def test_a_target_of_other_types(
    conn: psycopg.Connection[Any], place: Place, verify: Verify
) -> None:
    """Who has values rounded says so; a key that could be rounded tells nothing of others."""
    conn.execute("create table fine (id numeric(12, 4) primary key, v float8, at timestamptz)")
    conn.execute(
        "insert into fine select i + 0.01, i / 7.0, '2024-01-01 00:00:00.1234+00' "
        "from generate_series(1, 50) as i"
    )
    time = {"mysql": "datetime(3)", "postgres": "timestamptz(3)", "duckdb": "timestamptz"}[place.kind]
    real = {"mysql": "float", "postgres": "real", "duckdb": "real"}[place.kind]
    place.query(f"create table orders (id decimal(12, 2) primary key, v {real}, at {time})".replace(
        ", at", ', "at"' if place.kind == "duckdb" else ", at"))  # fmt: skip
    made = create(
        conn, place.destination(key=["id"]), "public.fine", batch_size=20,
        mapping={"v": {"cast": "real"}, "at": {"cast": "timestamptz(3)"}},
    )
    place.work()
    verify(made, equal=True)
    place.query("update orders set v = 0 where id = 7.01")
    verify(made, "--repair", equal=False)
    assert conn.execute("select d.key, d.problem from backlog.backfill_differences as d").fetchall() == [
        (["7.0100"], "different")
    ]
    place.work()
    verify(made, equal=True)


@pytest.mark.parametrize("place", ["parquet"], indirect=True)
def test_a_comparison_is_fenced(
    conn: psycopg.Connection[Any], place: Place, verify: Verify
) -> None:
    fill(conn, 20)
    made = create(conn, place.destination())
    place.work()
    (chunk,) = conn.execute("select c.chunk_id from backlog.backfill_chunks as c").fetchone()
    (order,) = conn.execute("select backlog.backfill_chunk_query(%s)", [chunk]).fetchone()
    conn.execute("update orders set note = 'x' where id = 1")
    verify(made, "--repair", equal=False)
    place.work()
    facts = dict.fromkeys(["source_rows", "source_checksum", "destination_rows", "destination_checksum"], 1)
    (now,) = conn.execute(
        "select c.chunk_id from backlog.backfill_chunks as c where c.kind = 'range'").fetchone()  # fmt: skip
    assert now != chunk
    with pytest.raises(psycopg.Error) as raised:
        conn.execute("select backlog.record_backfill_comparison(%s, %s)", [
            now, json.dumps({**facts, "fence": order["comparison"]["fence"], "differences": []})
        ])  # fmt: skip
    assert raised.value.sqlstate == "PB303"


def test_a_users_writer_compares_with_one_method(
    conn: psycopg.Connection[Any], db: Database, cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shelf_writer.py").write_text('''
from pgbacklog.writers import Batch, Writer, writer

THERE = {}

@writer("shelf")
class Shelf(Writer):
    def write(self, batch):
        THERE.update({row[0]: f"{row[2]:.0f}" for row in batch.rows})

    def stored(self, chunk, keys):
        return [(key[0], None, THERE[key[0]]) for key in keys if key[0] in THERE]

    def as_stored(self, row):
        return (row[0], None, f"{row[2]:.0f}")

@writer("blind")
class Blind(Writer):
    def write(self, batch):
        pass
''')
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    import shelf_writer  # type: ignore[import-not-found]

    fill(conn, 40)
    made = create(conn, {"kind": "shelf"}, batch_size=15, columns=["id", "region", "amount"])
    work(db, shelf_writer.Shelf.__pgbacklog_handlers__[0])
    options = ("--hooks", "shelf_writer")
    done = cli("backfill", "verify", made, *options)
    assert (done.exit_code, "40 rows" in done.stdout) == (0, True), done.output
    shelf_writer.THERE[5] = "wrong"
    del shelf_writer.THERE[30]
    assert cli("backfill", "verify", made, "--repair", *options).exit_code == 4
    assert state(conn, made)["state"] == "PENDING"
    work(db, shelf_writer.Shelf.__pgbacklog_handlers__[0])
    assert cli("backfill", "verify", made, *options).exit_code == 0

    blind = create(conn, {"kind": "blind"}, columns=["id"])
    work(db, shelf_writer.Blind.__pgbacklog_handlers__[0])
    refused = cli("backfill", "verify", blind, *options)
    assert refused.exit_code == 1
    assert "the writer Blind cannot compare" in refused.stderr
    assert "stored()" in refused.stderr


@everywhere
def test_a_row_that_cannot_be_read_is_refused_alone(
    conn: psycopg.Connection[Any], place: Place, verify: Verify
) -> None:
    """A cast fails before the destination sees the row; for whom it is missing is the same."""
    fill(conn, 120)
    conn.execute("update orders set word = case when id in (3, 57, 58, 110) then 'n/a' else id::text end")
    made = create(
        conn, place.destination(), mapping={"word": {"cast": "integer"}}, create_target=True, batch_size=50
    )
    place.work()
    found = state(conn, made)
    assert (found["state"], found["rows_matched"], found["rows_refused"]) == ("COMPLETED", 120, 4)
    refused = conn.execute(
        "select (i.record ->> 'id')::int, i.record ->> 'word', i.error_code from backlog.incidents as i order by 1"
    ).fetchall()
    assert refused == [(x, "n/a", "22P02") for x in (3, 57, 58, 110)]
    assert sorted(x[0] for x in place.rows()) == [x for x in range(1, 121) if x not in (3, 57, 58, 110)]

    rows = verify(made, equal=False)
    assert differences(conn) == dict.fromkeys(["3", "57", "58", "110"], "missing")
    assert [sum(x[side] for x in rows) for side in ("source_rows", "destination_rows")] == [120, 116]
    conn.execute("update orders set word = '0' where id in (3, 57, 58)")
    conn.execute("update orders set word = 'n/a' where id = 4")
    verify(made, equal=False)
    assert differences(conn) == {**dict.fromkeys(["3", "57", "58", "110"], "missing"), "4": "different"}
    verify(made, "--repair", equal=False)
    place.work()
    assert state(conn, made)["state"] == "COMPLETED"
    assert {x[0] for x in place.rows()} - {4} == {x for x in range(1, 121) if x not in (4, 110)}
