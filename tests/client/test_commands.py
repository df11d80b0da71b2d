"""The commands that look after items: what they print, and how they fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from pgbacklog.cli import main

from support.database import Database
from support.listening import PATIENCE, enqueue


def bury(db: Database, event_type: str, count: int = 1) -> list[int]:
    """Make dead letters."""
    conn = db.connect()
    ids = enqueue(conn, event_type, count)
    conn.execute(
        "select backlog.fail_retry_items(array_agg(id), array_agg(lock_token),"
        " array_agg('boom'::text), array_agg('PermanentError'::text))"
        " from backlog.acquire_retry_items('test', %s, 60, %s)",
        [count, [event_type]],
    )
    return ids


def test_enqueue_takes_one_document_or_a_line_each(cli, db: Database) -> None:
    one = cli("enqueue", "mail", '{"to": "x"}', "--priority", 9, "--dedupe-key", "k", "--tag", "t",
              "--channel", "smtp", "--json")  # fmt: skip
    again = cli("enqueue", "mail", "--dedupe-key", "k", "--channel", "smtp")
    many = cli("enqueue", "mail", "-", input='{"n": 1}\n\n{"n": 2}\n')

    (row,) = json.loads(one.stdout)
    assert row["outcome"] == "inserted"
    assert "skipped" in again.stdout
    assert many.stdout == "2 inserted\n"
    items = db.connect().execute(
        "select channel_name, priority, tags, event_data from backlog.retry_items"
        " order by channel_name desc, event_data"
    )
    assert items.fetchall() == [
        ("smtp", 9, ["t"], {"to": "x"}), ("", 5, None, {"n": 1}), ("", 5, None, {"n": 2})
    ]  # fmt: skip


def test_bad_json_is_refused_with_a_hint(cli) -> None:
    result = cli("enqueue", "mail", "{to: x}")
    assert result.exit_code == 1
    assert "error: not JSON" in result.stderr
    assert "hint: Quote it" in result.stderr


def test_status_is_a_text_or_the_report(cli, db: Database) -> None:
    enqueue(db.connect(), "mail", 3)
    bury(db, "sms")
    text, report = cli("status"), json.loads(cli("status", "--json").stdout)

    assert "pending" in text.stdout
    assert "PermanentError" in text.stdout
    assert report["retry"]["pending"] == 3
    assert report["retry"]["dead_letters"] == 1


def test_status_shows_backfills(cli, db: Database) -> None:
    with db.connect() as conn:
        conn.execute("create table orders (id int primary key)")
        conn.execute("select backlog.create_pipeline('shop')")
        made = [
            conn.execute(
                "select backlog.create_backfill('shop', 'orders', p_start => false, p_destination => %s)",
                [json.dumps({"kind": "archive", "path": path})],
            ).fetchone()[0]
            for path in "ab"
        ]
        conn.execute(
            "select backlog_internal.end_backfill(%s, 'FAILED', 'the disk is full')", [made[1]]
        )
    text, report = cli("status"), json.loads(cli("status", "--json").stdout)
    assert "paused: not started" in text.stdout
    assert "the disk is full" in text.stdout
    assert [x["backfill_id"] for x in report["backfills"]["live"]] == made[:1]
    assert [x["backfill_id"] for x in report["backfills"]["failures"]] == made[1:]


def test_list_and_show_tell_about_live_and_dead_items(cli, db: Database) -> None:
    (waiting,) = enqueue(db.connect(), "mail")
    (dead,) = bury(db, "sms")

    rows = json.loads(cli("retry", "list", "--json").stdout)
    assert [(row["id"], row["status"]) for row in rows] == [
        (waiting, "pending"), (dead, "dead_letter")
    ]  # fmt: skip
    assert "boom" in cli("retry", "list", "--status", "dead_letter").stdout
    assert cli("retry", "list", "--event-type", "none").stdout == "nothing found\n"
    (shown,) = json.loads(cli("retry", "show", dead, "--json").stdout)
    assert shown["error"] == "boom"
    assert [row["outcome"] for row in shown["history"]] == ["dead_letter"]
    assert "boom" in cli("retry", "show", dead).stdout
    missing = cli("retry", "show", 999999)
    assert missing.exit_code == 1
    assert "no item has the id 999999" in missing.stderr


def test_dead_letters_are_redriven_by_filter(cli, db: Database) -> None:
    bury(db, "sms", 700)
    (other,) = bury(db, "mail")
    refused = cli("retry", "redrive")
    dry = json.loads(
        cli("retry", "redrive", "--event-type", "mail", "--dry-run", "--json").stdout
    )
    done = cli("retry", "redrive", "--event-type", "sms", "--limit", 1000, "--spread-over", 60)

    assert refused.exit_code == 1
    assert "hint: Give a filter, or --all." in refused.stderr
    assert [row["id"] for row in dry] == [other]
    assert "700 redriven" in done.stdout
    left = db.connect().execute("select id from backlog.dead_letters").fetchall()
    assert left == [(other,)]


def test_dead_letters_are_discarded_by_id(cli, db: Database) -> None:
    ids = bury(db, "sms", 3)
    done = cli("retry", "discard", "--id", ids[0], "--id", ids[2], "--note", "obsolete", "--json")

    assert {row["id"] for row in json.loads(done.stdout)} == {ids[0], ids[2]}
    rows = db.connect().execute(
        "select id, error from backlog.retry_history where outcome = 'discarded' order by id"
    )
    assert sorted(rows) == sorted([(ids[0], "obsolete"), (ids[2], "obsolete")])


def test_items_are_cancelled_and_event_types_paused(cli, db: Database) -> None:
    (first,) = enqueue(db.connect(), "mail")
    assert cli("retry", "cancel", first, "--reason", "wrong").exit_code == 0
    assert cli("retry", "cancel", first).exit_code == 1
    assert cli("retry", "pause", "mail", "--reason", "provider down").exit_code == 0
    policies = json.loads(cli("retry", "policies", "--json").stdout)
    assert [p["pause_reason"] for p in policies if p["event_type"] == "mail"] == ["provider down"]
    assert "provider down" in cli("retry", "policies").stdout
    assert cli("retry", "resume", "mail").exit_code == 0
    refused = cli("retry", "resume", "other")
    assert refused.exit_code == 1
    assert "[PB005]" in refused.stderr


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple]:
    """Return every command with the words that call it."""
    found = []
    for name, command in group.commands.items():
        found.append(((*path, name), command))
        if isinstance(command, click.Group):
            found += commands(command, (*path, name))
    return found


@pytest.mark.parametrize(("path", "command"), commands(main), ids=lambda x: str(x))
def test_every_command_and_option_is_explained(path, command) -> None:
    assert command.help, path
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, (path, option.name)


def test_options_can_come_from_the_environment(db: Database, monkeypatch) -> None:
    enqueue(db.connect(), "mail", 3)
    monkeypatch.setenv("DATABASE_URL", db.dsn)
    monkeypatch.setenv("PGBACKLOG_RETRY_LIST_LIMIT", "2")
    result = CliRunner().invoke(main, ["retry", "list", "--json"])
    assert len(json.loads(result.stdout)) == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete_the_command(shell: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from pgbacklog.cli import main; main(prog_name='pgbacklog')"],
        env={**os.environ, "_PGBACKLOG_COMPLETE": f"{shell}_source"}, capture_output=True,
        text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert "pgbacklog" in done.stdout
    assert done.returncode == 0


@pytest.mark.parametrize(
    "dsn", ["postgresql://u:hunter2@127.0.0.1:1/x", "postgresql://u:hunter%zz2@h/x", "hunter2"]
)
def test_addresses_are_never_printed_with_their_password(dsn: str) -> None:
    result = CliRunner().invoke(main, ["--dsn", dsn, "status"])
    assert result.exit_code == 3
    assert "hint:" in result.stderr
    assert "hunter" not in result.output
