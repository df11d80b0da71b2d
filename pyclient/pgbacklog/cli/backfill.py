"""Commands for backfills."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from io import StringIO
from shutil import get_terminal_size
from typing import Any, TextIO

import click
import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from pgbacklog.backfill import STEP
from pgbacklog.cli import FAILED, FOUND, address, connection, json_option, show
from pgbacklog.cli.selection import add_list, query, show_wide
from pgbacklog.comparison import Comparer
from pgbacklog.connections import FILE, Connections, Lent
from pgbacklog.errors import BacklogError, translated
from pgbacklog.listener import Listener
from pgbacklog.logs import set_up_logging
from pgbacklog.registry import BACKFILL, Registry, RetryLater
from pgbacklog.worker import Settings
from pgbacklog.writers.base import Job
from pgbacklog.writers.known import BUILTIN, builtin

_LIST = """
select b.backfill_id, b.pipeline, b.table_name, b.destination ->> 'kind' as "to", b.state,
  b.percent::float8, b.rows_matched, b.rows_refused, b.rows_per_second, b.time_left::text,
  coalesce('paused: ' || b.pause_reason, b.throttle_reason, b.reason) as reason
from backlog.backfills as b
where b.pipeline = coalesce(%(pipeline)s, b.pipeline)
  and b.table_name = coalesce(%(table)s, b.table_name)
  and b.state = coalesce(upper(%(state)s), b.state)
order by b.backfill_id desc limit %(limit)s
"""
_ONE = "select to_json(b) as facts from backlog.backfills as b where b.backfill_id = %s"
_TROUBLE = """
select c.state, c.error from backlog.backfill_chunks as c
where c.backfill_id = %s and c.error is not null and c.state <> 'COMPLETED'
order by c.state = 'FAILED' desc, c.chunk_id desc limit 1
"""
_VERIFY = "select * from backlog.verify_backfill(%s, 20, %s)"
_ENDED = ("COMPLETED", "FAILED", "CANCELLED")
_GOES_ON = {
    "CANCELLED": "To let it go on: pgbacklog backfill resume {0}",
    "FAILED": "To try failed chunks again: pgbacklog backfill retry {0}",
}
_OPERATORS = (
    "is not distinct from", "is distinct from", "is not null", "is null", "not in", "between",
    "ilike", "like", "in", "!=", "<>", ">=", "<=", "=", ">", "<",
)  # fmt: skip
_FILTER = re.compile(
    r'\s*("(?:[^"]|"")+"|\w+)\s*('
    + "|".join(rf"\b{x}\b".replace(" ", r"\s+") if x[0].isalpha() else x for x in _OPERATORS)
    + r")(?:\s*(.*?))?\s*", re.I | re.S,
)  # fmt: skip
# What may follow a kind and a colon.
_PLACES = {
    "table": ("table",), "parquet": ("path",), "duckdb": ("path", "table"),
    "postgres": ("connection", "table"), "mysql": ("connection", "table"),
    "snowflake": ("connection", "table"),
}  # fmt: skip
_PREVIEWED = ("pipeline", "table_name", "filters", "destination", "columns", "mapping", "predicate",
              "consistency", "batch_size", "scan_size", "workers", "create_target", "incremental",
              "key")  # fmt: skip


@click.group()
def backfill() -> None:
    """Copy rows that are there already to a destination, and look after it."""


@backfill.command()
@click.argument("pipeline")
@click.argument("table")
@click.option("--to", "to", required=True, metavar="DESTINATION",
              help="table:SCHEMA.TABLE, parquet:PATH, duckdb:PATH:TABLE, postgres:CONNECTION:TABLE "
              "(likewise mysql, snowflake), or the name of your writer.")
@click.option("--set", "more", multiple=True, metavar="NAME=VALUE",
              help="More about the destination, such as mode=append; repeatable.")
@click.option("--filter", "filters", multiple=True, metavar="CONDITION",
              help="'region = eu', 'id in [1, 2]', 'note is null'; all must hold; repeatable.")
@click.option("--where", metavar="SQL", help="A condition in SQL over the columns besides.")
@click.option("--columns", help="Only these, with commas.")
@click.option("--map", "mapping", multiple=True, metavar="COLUMN=NAME[::TYPE]",
              help="Rename or cast a column; COLUMN= leaves it out; repeatable.")
@click.option("--key", help="Columns to cut chunks by, with commas.  [default: the primary key]")
@click.option("--batch-size", type=click.IntRange(1),
              help="Rows of a chunk.  [default: 10,000; for Parquet 250,000]")
@click.option("--scan-size", type=click.IntRange(1), help="Rows that a chunk may read.")
@click.option("--workers", default=2, type=click.IntRange(1, 64), help="Chunks at a time.")
@click.option("--priority", default=5, type=click.IntRange(1, 10), help="10 goes first.")
@click.option("--on-error", default="bisect", type=click.Choice(["bisect", "fail"]),
              help="Refuse the rows at fault, or the chunk.")
@click.option("--consistency", default="chunk",
              type=click.Choice(["chunk", "snapshot", "converge"]),
              help="Each chunk as it is at its time; all as of one moment; until both are equal.")
@click.option("--create-target", is_flag=True, help="Make the target unless it is there.")
@click.option("--incremental", metavar="COLUMN", help="Only what is new there since the last run.")
@click.option("--overlap", type=click.IntRange(0), help="Seconds to reach back before it.")
@click.option("--paused", is_flag=True, help="Do not start before it is resumed.")
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@json_option
def create(
    pipeline: str, table: str, to: str, more: tuple[str, ...], filters: tuple[str, ...],
    where: str | None, columns: str | None, mapping: tuple[str, ...], key: str | None,
    incremental: str | None, overlap: int | None, paused: bool, dry_run: bool, as_json: bool,
    **plain: Any,
) -> None:  # fmt: skip
    """Make a backfill of TABLE within PIPELINE."""
    options: dict[str, Any] = {
        "pipeline": pipeline, "table_name": table,
        "filters": Jsonb([_filter(x) for x in filters], _json),
        "destination": Jsonb(_destination(to, more), _json),
        "predicate": None if where is None else _checked(where),
        "columns": _names("--columns", columns),
        "mapping": Jsonb(dict(map(_mapped, mapping))) if mapping else None,
        "key": _names("--key", key), **plain,
    }  # fmt: skip
    if overlap is not None and incremental is None:
        raise click.UsageError("--overlap needs --incremental.")
    if incremental is not None:
        reach = {} if overlap is None else {"overlap": overlap}
        options["incremental"] = Jsonb({"column": incremental, **reach})
    if dry_run:
        chosen = {name: options[name] for name in _PREVIEWED if name in options}
        (row,) = _call("preview_backfill", chosen)
        return show([row["result"]], True) if as_json else _show_preview(row["result"])
    (row,) = _call("create_backfill", options | {"start": not paused})
    if as_json:
        return show([{"backfill_id": row["result"]}], True)
    click.echo(row["result"])
    kind = to.split(":")[0]
    how = f"run {row['result']}" if kind == "table" else f"run {row['result']}, or: pgbacklog " \
        f"listen --writer {kind}"  # fmt: skip
    click.echo(f"to copy: pgbacklog backfill {how}", err=True)
    return None


add_list(backfill, _LIST, ["pipeline", "table", "state"], "List backfills, the newest first.")


@backfill.command("show")
@click.argument("backfill_id", type=int)
@click.option("--chunks", is_flag=True, help="Its chunks instead.")
@json_option
def show_(backfill_id: int, chunks: bool, as_json: bool) -> None:
    """Show all about one backfill."""
    facts = _one(backfill_id)
    if chunks:
        statement = "select c.chunk_id, c.kind, c.state, c.attempts, c.rows_matched, " \
            "c.rows_written, c.rows_refused, c.bytes, c.differences, c.error " \
            "from backlog.backfill_chunks as c where c.backfill_id = %s order by 1"  # fmt: skip
        return show(query(statement, [backfill_id]), as_json)
    return show([facts], True) if as_json else show_wide([facts], "backfill_id")


@backfill.command()
@click.argument("backfill_id", type=int)
@click.option("--interval", default=1.0, type=click.FloatRange(0.1), help="Seconds between looks.")
@click.pass_context
def watch(ctx: click.Context, backfill_id: int, interval: float) -> None:
    """Show the progress of a backfill until it ends.

    Exit status 1 unless it is COMPLETED.
    """
    with connection(ctx) as conn:
        ended = _follow(conn, backfill_id, lambda: time.sleep(interval))
    if ended["state"] != "COMPLETED":
        ctx.exit(FAILED)


@backfill.command()
@click.argument("backfill_id", type=int)
@click.option("--threads", default=4, type=click.IntRange(1, 64), help="Chunks at a time here.")
@click.option("--config", metavar="FILE", envvar="PGBACKLOG_CONFIG", show_envvar=True,
              help="Where connections are named.  [default: pgbacklog.toml, if it is here]")
@click.option("--hooks", multiple=True, metavar="MODULE", help="Module with your writer.")
@click.pass_context
def run(
    ctx: click.Context, backfill_id: int, threads: int, config: str | None, hooks: tuple[str, ...]
) -> None:
    """Work on a backfill here and now until it ends.

    Exit status 1 unless it is COMPLETED. A writer also works on other backfills to its kind of
    destination meanwhile.
    """
    facts = _one(backfill_id)
    kind = facts["destination"]["kind"]
    if facts["paused_at"] and facts["state"] not in _ENDED:
        hint = f"To let it go on: pgbacklog backfill resume {backfill_id}"
        raise BacklogError(f"backfill {backfill_id} is paused: {_pause(facts)}", hint)
    try:
        with (
            address(ctx) as dsn,
            psycopg.connect(dsn, autocommit=True, client_encoding="utf8") as conn,
        ):
            if kind == "table":
                ended = _follow(conn, backfill_id, lambda: _step(conn, backfill_id))
            else:
                with _listening(_listener(dsn, facts, threads, config, hooks)) as look:
                    ended = _follow(conn, backfill_id, look)
    except KeyboardInterrupt:
        click.echo(f"\nto go on where it stopped: pgbacklog backfill run {backfill_id}", err=True)
        raise
    if ended["state"] != "COMPLETED":
        ctx.exit(FAILED)


_REASON = "p_reason", click.option("--reason", "value", help="Why; shown with it.")
_FORCE = "p_force", click.option(
    "--force", "value", is_flag=True, help="Even the run from which the next one would go on."
)


def _change(name: str, text: str, done: str, more: tuple[str, Any] | None = None) -> None:
    def change(backfill_id: int, value: str | bool | None = None) -> None:
        given = {"id": backfill_id} if more is None else {"id": backfill_id, more[0]: value}
        named = "".join(f", {key} => %({key})s" for key in given if key != "id")
        query(f"select backlog.{name}_backfill(%(id)s{named})", given)
        click.echo(f"backfill {backfill_id} {done}")

    command: Any = click.argument("backfill_id", type=int)(change)
    backfill.command(name, help=text)(command if more is None else more[1](command))


_change("pause", "Begin no more chunks until it is resumed.", "paused", _REASON)
_change("resume", "Let a backfill that was paused, cancelled or failed go on.", "goes on")
_change("cancel", "End a backfill at the edge of a batch.", "cancelled", _REASON)
_change("retry", "Try failed chunks again.", "tries its failed chunks again")
_change("delete", "Delete a backfill that has ended; what it copied stays.", "deleted", _FORCE)


@backfill.command()
@click.argument("backfill_id", type=int)
@click.option("--repair", is_flag=True, help="Have copied again what differs.")
@click.option("--config", metavar="FILE", envvar="PGBACKLOG_CONFIG", show_envvar=True,
              help="Where connections are named.  [default: pgbacklog.toml, if it is here]")
@click.option("--hooks", multiple=True, metavar="MODULE", help="Module with your writer.")
@json_option
@click.pass_context
def verify(
    ctx: click.Context, backfill_id: int, repair: bool, config: str | None,
    hooks: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Compare source and destination, chunk by chunk.

    Exit status 4 if they differ. They are compared by count and checksum, and which keys differ is
    kept: see the view
    backlog.backfill_differences. With --repair these are copied again by the next `run`.
    """
    facts = _one(backfill_id)
    kind = facts["destination"]["kind"]
    with address(ctx) as dsn, psycopg.connect(dsn, autocommit=True, client_encoding="utf8") as conn:
        listener = None if kind == "table" else _listener(dsn, facts, 1, config, hooks)
        if not facts["chunks_completed"] and facts["chunks"]:
            hint = f"To copy it: pgbacklog backfill run {backfill_id}"
            raise BacklogError(f"backfill {backfill_id} has copied nothing yet", hint)
        if listener is None:
            rows = _verified(conn, backfill_id, facts["chunks"])
        else:
            rows = _compared(listener, kind, backfill_id)
        if repair and not all(row["is_equal"] for row in rows):
            with translated():
                ((count,),) = conn.execute("select backlog.repair_backfill(%s)", [backfill_id])
            what = "chunks" if kind == "parquet" else "keys"
            command = f"pgbacklog backfill run {backfill_id}"
            click.echo(f"{count} {what} to copy again: {command}", err=True)
    if facts["chunks"] > facts["chunks_completed"]:
        left = facts["chunks"] - facts["chunks_completed"]
        click.echo(f"not copied yet, and not compared: {_chunks(left)}", err=True)
    return _conclude(ctx, rows, as_json)


def _chunks(count: int) -> str:
    return f"{count:,} chunk{'' if count == 1 else 's'}"


def _conclude(ctx: click.Context, rows: list[dict[str, Any]], as_json: bool) -> None:
    differing = [row for row in rows if not row["is_equal"]]
    if as_json:
        show(rows, as_json)
    elif differing:
        show(differing, as_json)
    else:
        click.echo(f"equal: {_chunks(len(rows))}, {sum(r['source_rows'] for r in rows)} rows")
    if differing:
        ctx.exit(FOUND)


def _verified(
    conn: psycopg.Connection[Any], backfill_id: int, chunks: int
) -> list[dict[str, Any]]:
    """Have the database compare every chunk of a table."""
    cursor = conn.cursor(row_factory=dict_row)
    since = cursor.execute("select now() as since").fetchall()[0]["since"]
    rows: list[dict[str, Any]] = []
    with translated(), click.progressbar(length=chunks, file=_screen()) as bar:
        while True:
            cursor.execute(_VERIFY, [backfill_id, since])
            found = cursor.fetchall()
            bar.update(len(found))
            left = [row.pop("chunks_left") for row in found]
            rows += found
            if not left or not left[-1]:
                return rows


def _compared(listener: Listener, kind: str, backfill_id: int) -> list[dict[str, Any]]:
    """Let a writer compare every chunk that it has brought."""
    link, lent = listener.open_link("verify"), Lent(listener.connections, listener.dsn)
    comparer = Comparer(listener.registry[BACKFILL + kind], link, lent)
    rows = []
    try:
        with translated(), click.progressbar(comparer.chunks(backfill_id), file=_screen()) as bar:
            for chunk_id in bar:
                found = comparer.compare(chunk_id)
                rows.append({
                    "chunk_id": chunk_id, "source_rows": found.source_rows,
                    "destination_rows": found.destination_rows, "is_equal": found.is_equal,
                    "differences": len(found.differences),
                })  # fmt: skip
    except RetryLater as error:
        raise BacklogError(str(error), "Try again when it has ended.") from error
    finally:
        comparer.close()
        link.close()
    return rows


def _call(name: str, options: dict[str, Any]) -> list[dict[str, Any]]:
    named = ", ".join(f"p_{option} => %({option})s" for option in options)
    return query(f"select backlog.{name}({named}) as result", options)


def _one(backfill_id: int) -> dict[str, Any]:
    rows = query(_ONE, [backfill_id])
    if not rows:
        raise _unknown(backfill_id)
    return dict(rows[0]["facts"])


def _unknown(backfill_id: int) -> BacklogError:
    hint = "See: pgbacklog backfill list"
    return BacklogError(f"there is no backfill {backfill_id}", hint, "PB301")


def _destination(to: str, more: tuple[str, ...]) -> dict[str, Any]:
    kind, _, place = to.partition(":")
    names = _PLACES.get(kind, ())
    parts = place.rsplit(":", len(names) - 1) if place and names else []
    wanted = f"Write {':'.join([kind, *(x.upper() for x in names)])}."
    if place and (not names or len(parts) != len(names)):
        raise BacklogError(f"the destination {to} is not understood", wanted)
    facts: dict[str, Any] = {"kind": kind, **dict(zip(names, parts, strict=False))}
    for each in more:
        name, equals, value = each.partition("=")
        if not equals or not name or name == "kind":
            hint = "Write --set NAME=VALUE; the kind is in --to."
            raise BacklogError(f"{each!r} sets nothing", hint)
        facts[name] = _value(value)
    if missing := [name for name in names if not facts.get(name)]:
        raise BacklogError(f"the destination {to!r} has no {missing[0]}", wanted)
    return facts


def _names(option: str, text: str | None) -> list[str] | None:
    if text is None:
        return None
    found = [x.strip() for x in text.split(",") if x.strip()]
    if not found:
        raise click.BadParameter("it names no column.", param_hint=option)
    return found


def _checked(where: str) -> str:
    # Nothing else needs the parser, and every command would wait for its import.
    from pgbacklog.predicate import checked

    return checked(where)


def _filter(text: str) -> dict[str, Any]:
    found = _FILTER.fullmatch(text)
    if found is None:
        hint = f"Write COLUMN OPERATOR VALUE; operators: {', '.join(_OPERATORS)}."
        raise BacklogError(f"the filter {text!r} is not understood", hint)
    column = found[1][1:-1].replace('""', '"') if found[1].startswith('"') else found[1]
    operator = " ".join(found[2].upper().split()).replace("<>", "!=")
    given = {"column": column, "operator": operator}
    if not operator.endswith("NULL"):
        return {**given, "value": _value(found[3] or "")}
    if found[3]:
        raise BacklogError(f"the filter {text!r} is not understood", f"{operator} takes no value.")
    return given


def _mapped(text: str) -> tuple[str, Any]:
    column, equals, rest = text.partition("=")
    name, casts, cast = rest.partition("::")
    if not column or not equals or (casts and not cast):
        hint = "Write COLUMN=NAME, COLUMN=NAME::TYPE or COLUMN=::TYPE; COLUMN= leaves it out."
        raise BacklogError(f"the mapping {text!r} is not understood", hint)
    if not cast:
        return column, name or None
    return column, {"cast": cast, **({"column": name} if name else {})}


def _value(text: str) -> Any:
    """Read JSON, or a string as SQL writes it; what is neither is text."""
    if re.fullmatch("'(?:[^']|'')*'", text):
        return text[1:-1].replace("''", "'")
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=str)
    except ValueError:
        return text


def _json(value: Any) -> str:
    """Write JSON with all digits that were given."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


def _show_preview(facts: dict[str, Any]) -> None:
    for name in ("first", "last"):
        sample = facts.pop(name, None)
        if sample:
            facts[f"{name} rows"] = "\n".join(json.dumps(row) for row in sample)
    for name, value in facts.items():
        for number, line in enumerate(_lines(value)):
            click.echo(f"{name.replace('_', ' ') if not number else '':16}  {line}")


def _lines(value: Any) -> list[str]:
    if isinstance(value, list) and all(isinstance(x, str) for x in value):
        return value or ["-"]
    text = value if isinstance(value, str) else "-" if value is None else json.dumps(value)
    return text.splitlines() or [""]


def _follow(
    conn: psycopg.Connection[Any], backfill_id: int, between: Callable[[], object]
) -> dict[str, Any]:
    """Show progress until a backfill ends, calling `between` after each look."""
    said = ""
    facts = _looked(conn, backfill_id)
    with click.progressbar(
        length=1000, file=_screen(), show_eta=False, show_percent=True, width=20,
        item_show_func=_cut,
    ) as bar:  # fmt: skip
        while True:
            text = _progress(facts)
            bar.update(int(float(facts["percent"]) * 10) - bar.pos, text)
            if not sys.stderr.isatty() and text != said:
                click.echo(f"{facts['percent']} % {text}", err=True)
                said = text
            if facts["state"] in _ENDED:
                break
            between()
            facts = _looked(conn, backfill_id)
    click.echo(f"{facts['state']}: {_progress(facts)}")
    if facts["state"] in _GOES_ON:
        hint = _GOES_ON[facts["state"]].format(backfill_id)
        click.echo(f"hint: {hint}", err=True)
    return facts


def _looked(conn: psycopg.Connection[Any], backfill_id: int) -> dict[str, Any]:
    rows = conn.execute(_ONE, [backfill_id]).fetchall()
    if not rows:
        raise _unknown(backfill_id)
    trouble = conn.execute(_TROUBLE, [backfill_id]).fetchone()
    return {**rows[0][0], "trouble": trouble}


def _screen() -> TextIO:
    """Return where a bar is drawn: nowhere if nobody would see it move."""
    return sys.stderr if sys.stderr.isatty() else StringIO()


def _cut(text: str | None) -> str:
    # A line that is longer than the screen could not be drawn over.
    return (text or "")[: max(10, get_terminal_size().columns - 33)]


def _pause(facts: dict[str, Any]) -> str:
    return facts["pause_reason"] or "no reason given"


def _progress(facts: dict[str, Any]) -> str:
    parts = [f"{facts['rows_matched']:,} of {facts['rows_scanned']:,} rows read"]
    if facts["rows_per_second"]:
        parts.append(f"{facts['rows_per_second']:,}/s, {facts['megabytes_per_second']} MB/s")
    if facts["time_left"]:
        parts.append(f"{facts['time_left']} left")
    if facts["rows_refused"]:
        parts.append(f"{facts['rows_refused']:,} refused")
    if facts["paused_at"] and facts["state"] not in _ENDED:
        parts.append(f"paused: {_pause(facts)}")
    elif reason := facts["throttle_reason"] or facts["reason"]:
        parts.append(reason)
    if facts["trouble"] and facts["state"] != "CANCELLED":
        state, error = facts["trouble"]
        parts.append(f"{'failed' if state == 'FAILED' else 'to be tried again'}: {error}")
    return ", ".join(parts)


def _step(conn: psycopg.Connection[Any], backfill_id: int) -> None:
    (done,) = conn.execute(STEP, [backfill_id]).fetchall()[0]
    if done["action"] == "wait":
        time.sleep(done.get("wait_seconds") or 1)


def _listener(
    dsn: str, facts: dict[str, Any], threads: int, config: str | None, hooks: tuple[str, ...]
) -> Listener:
    """Return a listener for one backfill; raises BacklogError for what it could never do."""
    set_up_logging("text", "warning")
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - as `pgbacklog listen` does
    kind = facts["destination"]["kind"]
    registry = Registry.from_names(hooks) if hooks else Registry()
    if kind in BUILTIN:
        registry[BACKFILL + kind] = builtin(kind)
    elif BACKFILL + kind not in registry:
        hint = "Name the module that defines it: --hooks MODULE."
        raise BacklogError(f"there is no writer {kind} here", hint)
    registry.keep([BACKFILL + kind])
    connections = Connections.read(config)
    _check_place(facts, connections)
    name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}"
    settings = Settings(name, threads=threads, poll_interval=1)
    return Listener(dsn, registry, settings, connections, sql_hooks=False)


def _check_place(facts: dict[str, Any], connections: Connections) -> None:
    destination = facts["destination"]
    names = _PLACES.get(destination["kind"], ())
    job = Job("", 0, facts["pipeline"], facts["table_name"], (), (), "append", destination)
    try:
        for name in names:
            job.option(name)
        if "path" in names:
            job.path()
    except ValueError as error:
        hint = "Work on it where that is possible, or create another backfill."
        raise BacklogError(str(error), hint) from None
    if "connection" in names and destination["connection"] not in connections.addresses:
        hint = "Give it a section [connections.NAME] with a url; see --config."
        raise BacklogError(f"{FILE} has no connection {destination['connection']}", hint)


@contextmanager
def _listening(listener: Listener) -> Iterator[Callable[[], None]]:
    """Let a listener work beside; yield what waits a moment, and raises the listener's error."""
    failures: list[BaseException] = []

    def work() -> None:
        try:
            listener.run()
        except BaseException as error:
            failures.append(error)

    def look() -> None:
        thread.join(0.3)
        if not thread.is_alive():
            raise failures[0] if failures else BacklogError("the listener has stopped", None)

    thread = threading.Thread(target=work, name="listener")
    thread.start()
    try:
        yield look
    finally:
        listener.stop()
        thread.join()
