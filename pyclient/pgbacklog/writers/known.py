"""The writers by name: those of this package, and those that users mark."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from importlib import import_module
from typing import TypeVar

from pgbacklog.errors import BacklogError
from pgbacklog.registry import BACKFILL, Handler, marking

_Made = TypeVar("_Made", bound=Callable[..., object])

# Name: class and the extra that has what it needs. The modules are imported when asked for.
BUILTIN = {
    "postgres": ("Postgres", None),
    "parquet": ("Parquet", "parquet"),
    "mysql": ("MySQL", "mysql"),
    "duckdb": ("DuckDB", "duckdb"),
    "snowflake": ("Snowflake", "snowflake"),
}
TABLE = "table"  # no writer: the database does the work
TIMEOUT = 3600.0  # seconds for a chunk, unless its writer says


def writer(name: str, *, timeout: float | None = TIMEOUT) -> Callable[[_Made], _Made]:
    """Mark a subclass of Writer, or a function of a Job that returns one, as a writer.

    It takes the chunks of backfills with {"kind": name} as destination. After `timeout` seconds
    a chunk counts as failed.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,49}", name) or name in {"table", "sql", *BUILTIN}:
        raise ValueError(f"{name!r} cannot be the name of a writer, or is taken")
    return marking(lambda make: [handler(name, make, timeout)])


def handler(name: str, make: Callable[..., object], timeout: float | None = TIMEOUT) -> Handler:
    """Return the handler of a writer's chunks."""
    return Handler(BACKFILL + name, make, timeout, writer=True)


def builtin(name: str) -> Handler:
    """Return the handler of a writer of this package; raises BacklogError if it lacks a package."""
    if name == TABLE:
        return Handler(BACKFILL + "sql", object, math.inf, writer=True)
    if name not in BUILTIN:
        raise BacklogError(f"there is no writer {name}", f"Writers are: {', '.join(BUILTIN)}.")
    made, extra = BUILTIN[name]
    try:
        module = import_module(f"pgbacklog.writers.{name}")
    except ImportError as error:
        hint = f"Install it: pip install 'pgbacklog[{extra}]'"
        raise BacklogError(f"the writer {name} needs {error.name}", hint) from error
    return handler(name, getattr(module, made))
