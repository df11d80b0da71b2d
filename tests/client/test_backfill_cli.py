"""The command pgbacklog backfill."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgbacklog.cli import backfill as commands
from pgbacklog.errors import BacklogError

from support.backfilling import url
from support.database import Database


@pytest.fixture
def conn(db: Database) -> Iterator[psycopg.Connection[Any]]:
    """A database with the pipeline shop and the table orders."""
    with db.connect() as made:
        made.execute("select backlog.create_pipeline('shop')")
        made.execute("create table orders (id int primary key, region text not null, amount numeric(10, 2))")
        made.execute(
            "insert into orders select i, (array['eu', 'us'])[1 + i % 2], i from generate_series(1, 100) as i"
        )
        made.execute("analyze orders")
        made.execute("create schema archive")
        yield made


def test_a_table_is_copied_and_verified(conn: psycopg.Connection[Any], cli) -> None:
    done = cli("backfill", "create", "shop", "public.orders", "--to", "table:archive.orders",
               "--create-target", "--filter", "region = eu", "--where", "amount > 10 and id % 2 = 0",
               "--batch-size", 20)  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "pgbacklog backfill run 1" in done.stderr
    ran = cli("backfill", "run", 1)
    assert ran.exit_code == 0, ran.output
    assert "COMPLETED" in ran.stdout
    rows = conn.execute("select count(*), min(id), max(id) from archive.orders").fetchone()
    assert rows == (45, 12, 100)
    assert "equal" in cli("backfill", "verify", 1).stdout

    conn.execute("update archive.orders set amount = 0 where id = 14")
    conn.execute("delete from archive.orders where id = 16")
    conn.execute("update backlog_internal.backfill_chunk set verified_at = null")
    found = cli("backfill", "verify", 1, "--repair")
    assert found.exit_code == 4
    assert "2 keys to copy again" in found.stderr
    assert cli("backfill", "run", 1).exit_code == 0
    assert "equal" in cli("backfill", "verify", 1).stdout


def test_files_are_written_by_run(
    conn: psycopg.Connection[Any], cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGBACKLOG_FILES", str(tmp_path))
    cli("backfill", "create", "shop", "orders", "--to", "parquet:lake", "--set", 'partition_by=["region"]',
        "--map", "amount=price::float8", "--batch-size", 30)  # fmt: skip
    ran = cli("backfill", "run", 1)
    assert ran.exit_code == 0, ran.output
    import pyarrow.parquet as pq

    tables = [pq.ParquetFile(x).read() for x in tmp_path.rglob("*.parquet")]
    assert sum(x.num_rows for x in tables) == 100
    assert tables[0].schema.names == ["id", "price"]
    assert str(tables[0].schema.field("price").type) == "double"


def test_another_postgres_by_its_name(
    conn: psycopg.Connection[Any], db: Database, empty_db: Database, cli, tmp_path: Path
) -> None:
    config = tmp_path / "pgbacklog.toml"
    config.write_text(f'[connections.warehouse]\nurl = "{url(empty_db.dsn)}"\n')
    cli("backfill", "create", "shop", "orders", "--to", "postgres:warehouse:public.orders", "--create-target")
    ran = cli("backfill", "run", 1, "--config", config)
    assert ran.exit_code == 0, ran.output
    with empty_db.connect() as other:
        assert other.execute("select count(*), sum(amount) from orders").fetchone() == (100, 5050)


def test_life_and_views(conn: psycopg.Connection[Any], cli) -> None:
    cli("backfill", "create", "shop", "orders", "--to", "table:archive.orders", "--create-target", "--paused")
    (shown,) = json.loads(cli("backfill", "show", 1, "--json").stdout)
    assert (shown["state"], shown["pause_reason"]) == ("PENDING", "not started")
    assert "not started" in cli("backfill", "list").stdout
    assert cli("backfill", "resume", 1).exit_code == 0
    assert cli("backfill", "pause", 1, "--reason", "lunch").exit_code == 0
    assert "lunch" in cli("backfill", "show", 1).stdout
    assert cli("backfill", "cancel", 1, "--reason", "enough").exit_code == 0
    watched = cli("backfill", "watch", 1)
    assert watched.exit_code == 1
    assert "CANCELLED" in watched.stdout
    assert "enough" in watched.stdout
    assert cli("backfill", "resume", 1).exit_code == 0
    assert cli("backfill", "run", 1).exit_code == 0
    chunks = json.loads(cli("backfill", "show", 1, "--chunks", "--json").stdout)
    assert {x["state"] for x in chunks} == {"COMPLETED"}
    assert cli("backfill", "retry", 1).exit_code == 1
    assert cli("backfill", "delete", 1).exit_code == 0
    gone = cli("backfill", "show", 1)
    assert (gone.exit_code, "PB301" in gone.stderr) == (1, True)


@pytest.mark.usefixtures("conn")
def test_the_run_from_which_the_next_one_goes_on_is_not_deleted_unawares(cli) -> None:
    to = ("--to", "table:archive.orders", "--create-target", "--incremental", "id")
    assert cli("backfill", "create", "shop", "orders", *to).exit_code == 0
    assert cli("backfill", "run", 1).exit_code == 0
    refused = cli("backfill", "delete", 1)
    assert (refused.exit_code, "knows how far its series has come" in refused.stderr) == (1, True)
    assert cli("backfill", "delete", 1, "--force").exit_code == 0
    assert json.loads(cli("backfill", "list", "--json").stdout) == []


def test_a_dry_run_makes_nothing(conn: psycopg.Connection[Any], cli) -> None:
    shown = cli("backfill", "create", "shop", "orders", "--to", "table:archive.orders", "--create-target",
                "--filter", "region = eu", "--dry-run")  # fmt: skip
    assert shown.exit_code == 0, shown.output
    assert "first rows" in shown.stdout
    (facts,) = json.loads(cli(
        "backfill", "create", "shop", "orders", "--to", "table:archive.orders", "--create-target",
        "--dry-run", "--json",
    ).stdout)  # fmt: skip
    assert facts["rows_estimated"] == 100
    assert conn.execute("select count(*) from backlog.backfills").fetchone() == (0,)


@pytest.mark.parametrize(("text", "wanted"), [
    ("region = eu", ("region", "=", "eu")),
    ("amount >= 10.5", ("amount", ">=", 10.5)),
    ('"Weird ""Col" is  not null', ('Weird "Col', "IS NOT NULL", None)),
    ("id in [1, 2]", ("id", "IN", [1, 2])),
    ("id not in [1, 2]", ("id", "NOT IN", [1, 2])),
    ("day between [\"2026-01-01\", \"2026-02-01\"]", ("day", "BETWEEN", ["2026-01-01", "2026-02-01"])),
    ("region is not distinct from null", ("region", "IS NOT DISTINCT FROM", None)),
    ("note like 'a b%'", ("note", "LIKE", "a b%")),
    ("id<>3", ("id", "!=", 3)),
    ("region = 'o''k'", ("region", "=", "o'k")),
    ("region = \"'eu'\"", ("region", "=", "'eu'")),
    ("code = '10'", ("code", "=", "10")),
    ("code = 010", ("code", "=", "010")),
    ("price = NaN", ("price", "=", "NaN")),
    ("amount = 12345678901234567.10", ("amount", "=", Decimal("12345678901234567.10"))),
    ("origin in [1]", ("origin", "IN", [1])),
])  # fmt: skip
def test_filters_are_read(text: str, wanted: tuple[str, str, Any]) -> None:
    found = commands._filter(text)
    assert (found["column"], found["operator"], found.get("value")) == wanted


@pytest.mark.parametrize(
    "text",
    ["", "region", "region ~ x", "= 3", "region is null x", "origin 3", "id inside", "region likely"],
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(BacklogError, match="not understood"):
        commands._filter(text)


def test_destinations_are_read() -> None:
    read = commands._destination
    assert read("duckdb:a/b.duckdb:main.t", ("mode=append",)) == {
        "kind": "duckdb", "path": "a/b.duckdb", "table": "main.t", "mode": "append",
    }  # fmt: skip
    assert read("archive", ('key=["id"]',)) == {"kind": "archive", "key": ["id"]}
    assert read("parquet", ("path=lake",)) == {"kind": "parquet", "path": "lake"}
    for wrong in ("postgres:t", "archive:x"):
        with pytest.raises(BacklogError, match="not understood"):
            read(wrong, ())
    for wrong in ("parquet", "parquet:", "table:", "duckdb::t", "postgres:warehouse:"):
        with pytest.raises(BacklogError, match="has no"):
            read(wrong, ())
    for nothing in ("mode", "=append", "kind=table"):
        with pytest.raises(BacklogError, match="sets nothing"):
            read("archive", (nothing,))


def test_mappings_are_read() -> None:
    read = commands._mapped
    assert read("amount=price") == ("amount", "price")
    assert read("amount=price::float8") == ("amount", {"cast": "float8", "column": "price"})
    assert read("amount=::float8") == ("amount", {"cast": "float8"})
    assert read("amount=") == ("amount", None)
    for wrong in ("amount", "=price", "amount=price::"):
        with pytest.raises(BacklogError, match="not understood"):
            read(wrong)


def test_numbers_keep_their_digits(conn: psycopg.Connection[Any], cli) -> None:
    conn.execute("create table digits (id int primary key, code text, amount numeric, doc jsonb)")
    conn.execute(
        "insert into digits values (1, '1.10', 12345678901234567.10, '5'), (2, '1.1', 12345678901234568, '\"5\"')"
    )
    for condition in ("code = 1.10", "amount = 12345678901234567.10", "doc = 5"):
        shown = cli("backfill", "create", "shop", "digits", "--to", "archive", "--filter", condition, "--dry-run",
                    "--json")  # fmt: skip
        (facts,) = json.loads(shown.stdout)
        assert [row["id"] for row in facts["first"]] == [1], condition


@pytest.mark.parametrize(("options", "status", "said"), [
    (("--columns", " , "), 2, "names no column"),
    (("--key", ""), 2, "names no column"),
    (("--overlap", 5), 2, "--overlap needs --incremental"),
    (("--where", ""), 1, "it is empty"),
    (("--where", "nope = 1"), 1, "PB302"),
    (("--filter", "nope = 1"), 1, "PB305"),
    (("--filter", "id in (1, 2)"), 1, "Write it as JSON, [1, 2]"),
    (("--map", "amount"), 1, "Write COLUMN=NAME"),
    (("--batch-size", 0), 2, "--batch-size"),
    (("--batch-size", 100, "--scan-size", 10), 1, "scan_size"),
])  # fmt: skip
def test_wrong_input_makes_nothing(
    conn: psycopg.Connection[Any], cli, options: tuple[Any, ...], status: int, said: str
) -> None:
    done = cli("backfill", "create", "shop", "orders", "--to", "parquet:lake", *options)
    assert (done.exit_code, said in done.stderr) == (status, True), done.output
    assert conn.execute("select count(*) from backlog.backfills").fetchone() == (0,)


@pytest.mark.parametrize("command", ["show", "watch", "run", "pause", "resume", "cancel", "retry", "delete", "verify"])
def test_an_id_that_does_not_exist(conn: psycopg.Connection[Any], cli, command: str) -> None:
    done = cli("backfill", command, 99)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("error: there is no backfill 99 [PB301]\nhint: ")


@pytest.mark.parametrize(("to", "said"), [
    ("postgres:warehouse:public.t", "pgbacklog.toml has no connection warehouse"),
    ("parquet:../elsewhere", "is not below"),
    ("duckdb:/tmp/a.duckdb:t", "is not below"),
    ("archive", "there is no writer archive here"),
])  # fmt: skip
@pytest.mark.parametrize("command", ["run", "verify"])
def test_what_cannot_be_reached_from_here_is_said_at_once(
    conn: psycopg.Connection[Any], cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, to: str,
    said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    cli("backfill", "create", "shop", "orders", "--to", to)
    done = cli("backfill", command, 1)
    assert (done.exit_code, said in done.stderr, "hint: " in done.stderr) == (1, True, True), done.output
    assert conn.execute("select state from backlog.backfills").fetchone() == ("PENDING",)


def test_a_paused_one_is_not_waited_for(conn: psycopg.Connection[Any], cli) -> None:
    cli("backfill", "create", "shop", "orders", "--to", "table:archive.orders", "--create-target", "--paused")
    done = cli("backfill", "run", 1)
    assert done.exit_code == 1
    assert done.stderr == (
        "error: backfill 1 is paused: not started\nhint: To let it go on: pgbacklog backfill resume 1\n"
    )


def test_why_it_failed_is_said(conn: psycopg.Connection[Any], cli) -> None:
    conn.execute("create table archive.small (id int primary key, amount numeric check (amount < 50))")
    cli("backfill", "create", "shop", "orders", "--to", "table:archive.small", "--columns", "id,amount",
        "--on-error", "fail")  # fmt: skip
    ran = cli("backfill", "run", 1)
    assert ran.exit_code == 1
    assert "violates check constraint" in ran.stdout
    assert "pgbacklog backfill retry 1" in ran.stderr
    assert not ran.stderr.startswith("\n")


def test_nothing_is_not_called_equal(conn: psycopg.Connection[Any], cli) -> None:
    cli("backfill", "create", "shop", "orders", "--to", "table:archive.orders", "--create-target", "--batch-size", 60)
    done = cli("backfill", "verify", 1)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "backfill 1 has copied nothing yet\nhint: " in done.stderr
    done = {"action": "planned"}
    while done["action"] == "planned":
        (done,) = conn.execute("select backlog.run_backfill_step(1)").fetchone()
    half = cli("backfill", "verify", 1)
    assert (half.exit_code, half.stdout) == (0, f"equal: 1 chunk, {done['rows']} rows\n")
    assert half.stderr.startswith("not copied yet, and not compared: ")


def test_who_stops_it_hears_how_to_go_on(
    conn: psycopg.Connection[Any], cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("backfill", "create", "shop", "orders", "--to", "table:archive.orders", "--create-target")

    def stop(conn: psycopg.Connection[Any], backfill_id: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(commands, "_step", stop)
        stopped = cli("backfill", "run", 1)
    assert stopped.exit_code == 1
    assert "to go on where it stopped: pgbacklog backfill run 1\n" in stopped.stderr
    cli("backfill", "cancel", 1)
    cancelled = cli("backfill", "run", 1)
    assert (cancelled.exit_code, "pgbacklog backfill resume 1" in cancelled.stderr) == (1, True)
    cli("backfill", "resume", 1)
    assert cli("backfill", "run", 1).exit_code == 0


def test_a_server_that_goes_away_is_named_in_one_line(
    conn: psycopg.Connection[Any], cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("backfill", "create", "shop", "orders", "--to", "table:archive.orders", "--create-target")

    def lose(other: psycopg.Connection[Any], backfill_id: int) -> None:
        conn.execute("select pg_terminate_backend(%s)", [other.info.backend_pid])
        other.execute("select backlog.run_backfill_step(1)")

    monkeypatch.setattr(commands, "_step", lose)
    lost = cli("backfill", "run", 1)
    assert lost.exit_code == 3
    assert lost.stderr.splitlines()[-2:] == [
        "error: terminating connection due to administrator command",
        "hint: Check --dsn, DATABASE_URL and the PG* variables.",
    ]


def test_no_name_of_a_column_leads_out_of_the_folder(
    conn: psycopg.Connection[Any], cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "files"
    root.mkdir()
    monkeypatch.setenv("PGBACKLOG_FILES", str(root))
    conn.execute('create table climbing (id int primary key, "../../../up" text, "a/b" text)')
    conn.execute("insert into climbing values (1, '../../x', '..'), (2, null, '/etc')")
    cli("backfill", "create", "shop", "climbing", "--to", "parquet:lake",
        "--set", 'partition_by=["../../../up", "a/b"]')  # fmt: skip
    ran = cli("backfill", "run", 1)
    assert ran.exit_code == 0, ran.output
    assert len(list(root.rglob("*.parquet"))) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["files"]
    assert [path.name for path in root.iterdir()] == ["lake"]
    assert "equal: 1 chunk, 2 rows" in cli("backfill", "verify", 1).stdout


def test_a_link_does_not_lead_out_of_the_folder(
    conn: psycopg.Connection[Any], cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, outside = tmp_path / "files", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "link").symlink_to(outside)
    monkeypatch.setenv("PGBACKLOG_FILES", str(root))
    cli("backfill", "create", "shop", "orders", "--to", "parquet:link/lake")
    assert "is not below" in cli("backfill", "run", 1).stderr
    assert list(outside.iterdir()) == []
