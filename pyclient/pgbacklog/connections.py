"""The databases that hooks use, by the names of pgbacklog.toml.

    [connections.mysql]
    url = "mysql://app:${MYSQL_PASSWORD}@db.example.org/audit?charset=utf8mb4"
    autocommit = false

    [pipelines.orders]
    source = "shop"
    destination = "warehouse"
    auxiliary = ["mysql"]

A variable of the environment stands for a whole url or for one part of it, whatever characters it
holds. Schemes: postgresql, mysql (also mariadb), sqlite (sqlite:///relative, sqlite:////absolute),
duckdb and snowflake (snowflake://user:password@account/database/schema?warehouse=...&role=...).
"""

from __future__ import annotations

import os
import re
import sqlite3
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from pgbacklog.errors import AuxiliaryUnavailable, BacklogError
from pgbacklog.link import with_defaults
from pgbacklog.logs import hide

FILE = "pgbacklog.toml"
_FRESH = 1.0  # seconds after its last use for which a connection is taken to be alive
_SECRET = re.compile(r"(?i)pass|secret|token")


@dataclass(frozen=True, slots=True)
class Address:
    """One table [connections.NAME]; the url holds secrets, so it is never shown."""

    url: str = field(repr=False)
    autocommit: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """One table [pipelines.NAME]: names of connections; no list of auxiliary ones means all."""

    source: str | None = None
    destination: str | None = None
    auxiliary: Sequence[str] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.auxiliary, str):
            raise ValueError("auxiliary is a list of names")


class Connections:
    """What the configuration says; opens nothing."""

    def __init__(
        self, addresses: Mapping[str, Address] = {}, flows: Mapping[str, Flow] = {}
    ) -> None:
        self.addresses, self.flows = addresses, flows
        for pipeline, flow in self.flows.items():
            named = {flow.source, flow.destination, *(flow.auxiliary or ())} - {None}
            if unknown := named - self.addresses.keys():
                raise BacklogError(
                    f"pipeline {pipeline} uses unknown connections: {', '.join(map(str, unknown))}",
                    f"Name each in {FILE}: [connections.NAME] with a url.",
                )
        for address in self.addresses.values():
            for secret in _secrets(address.url):
                hide(secret)

    @classmethod
    def read(cls, path: str | None, environ: Mapping[str, str] = os.environ) -> Connections:
        """Read a configuration file, or pgbacklog.toml if it is here; raises BacklogError."""
        if path is None and not Path(FILE).exists():
            return cls()
        place = Path(path or FILE)
        try:
            facts = tomllib.loads(place.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BacklogError(f"{place} cannot be read: {error}", "See --config.") from error
        try:
            if unknown := facts.keys() - {"connections", "pipelines"}:
                raise ValueError(f"it has a section {min(unknown)}")
            addresses = {}
            for name, given in facts.get("connections", {}).items():
                address = Address(**given)
                where = f"connections.{name}"
                url = _interpolated(address.url, where, environ)
                _check_url(url, where)
                addresses[name] = Address(url, address.autocommit)
            flows = {name: Flow(**given) for name, given in facts.get("pipelines", {}).items()}
        except (TypeError, ValueError) as error:
            hint = "The sections are [connections.NAME] and [pipelines.NAME]."
            raise BacklogError(f"{place} is not understood: {error}", hint) from None
        return cls(addresses, flows)


class Lent:
    """The connections of one thread, opened when a hook asks for them, kept for the next call.

    What a hook did is committed when it returns and rolled back when it raises, unless the
    connection is configured as autocommit.
    """

    def __init__(self, connections: Connections, own_dsn: str = "", keep: bool = True) -> None:
        self.connections = connections
        self._keep = keep  # False rolls back what a hook did, however it ends
        self._own = Address(own_dsn)  # where pgbacklog itself lives; the usual destination
        self._open: dict[str, tuple[Any, float]] = {}
        self._used: dict[str, Any] = {}

    def source(self, pipeline: str | None) -> Any:
        """Return a connection to a pipeline's source; raises KeyError if none is configured."""
        name = self._flow(pipeline).source
        if name is None:
            raise KeyError(f"no source for the pipeline {pipeline} in {FILE}")
        return self.get(name)

    def destination(self, pipeline: str | None) -> Any:
        """Return a connection to a pipeline's destination: without configuration, this database."""
        return self.get(self._flow(pipeline).destination or "")

    def auxiliary(self, pipeline: str | None) -> Mapping[str, Any]:
        """Return the auxiliary connections of a pipeline by name; looking one up opens it."""
        names = self._flow(pipeline).auxiliary
        return Auxiliary(self.connections.addresses if names is None else names, self.get)

    def get(self, name: str) -> Any:
        """Return an open connection that was alive lately; raises AuxiliaryUnavailable."""
        if name not in self._used:
            connection, used_at = self._open.get(name, (None, 0.0))
            if connection is None or (
                monotonic() - used_at > _FRESH and not self._alive(name)
            ):
                connection = self._dial(name)
            address = self._address(name)
            if address.url.startswith("duckdb:") and not address.autocommit:
                connection.begin()  # other drivers do so by themselves
            self._used[name] = connection
        return self._used[name]

    def finish(self, error: BaseException | None = None) -> None:
        """Commit what a hook did, or undo it and raise its error.

        Raises AuxiliaryUnavailable instead if a connection that it used is gone and cannot be
        opened again: then the database is to blame, not the hook.
        """
        used, self._used = self._used, {}
        for name, connection in used.items():
            self._open[name] = (connection, monotonic())
            if error is None and self._keep:
                try:
                    _end(connection, "commit")
                    continue
                except Exception as failure:
                    error = failure
            try:
                _end(connection, "rollback")
            except Exception:  # of every driver's own class: it is gone, or the hook closed it
                self._dial(name)
        if error is not None:
            raise error

    def close(self) -> None:
        """Close every connection."""
        for name in list(self._open):
            self._drop(name)

    def _flow(self, pipeline: str | None) -> Flow:
        return self.connections.flows.get(pipeline or "", Flow())

    def _address(self, name: str) -> Address:
        return self.connections.addresses[name] if name else self._own

    def _alive(self, name: str) -> bool:
        try:
            connection = self._open[name][0]
            cursor = connection.cursor()
            cursor.execute("select 1")
            cursor.fetchall()
            _end(connection, "rollback")  # the hook's transaction begins with its own statements
        except Exception:  # of every driver's own class; the caller opens it anew
            return False
        return True

    def _dial(self, name: str) -> Any:
        self._drop(name)
        address = self._address(name)
        try:
            scheme = urlsplit(address.url).scheme if name else "postgresql"
            connection = _DRIVERS[scheme](address.url, address.autocommit)
        except Exception as error:  # of every driver's own class
            reason = f"{type(error).__name__}: {error}".strip()
            which = f"connection {name}" if name else "this database"
            raise AuxiliaryUnavailable(f"{which} cannot be opened: {reason}") from error
        self._open[name] = (connection, monotonic())
        return connection

    def _drop(self, name: str) -> None:
        connection, _ = self._open.pop(name, (None, 0.0))
        if connection is not None:
            with suppress(Exception):  # it may be gone already
                connection.close()


class Auxiliary(Mapping[str, Any]):
    """Connections by name, opened when looked up."""

    def __init__(self, names: Iterable[str], get: Callable[[str], Any]) -> None:
        self._names, self._get = list(names), get

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(f"no auxiliary connection {name} for this pipeline in {FILE}")
        return self._get(name)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _open_postgresql(url: str, autocommit: bool) -> Any:
    # Prepared statements do not survive a pooler in transaction mode, and nothing tells it here.
    dsn = with_defaults(url, "hook")
    return psycopg.connect(dsn, autocommit=autocommit, prepare_threshold=None)


def _open_mysql(url: str, autocommit: bool) -> Any:
    import pymysql

    parts = urlsplit(url)
    options: dict[str, Any] = {"connect_timeout": 10, "read_timeout": 300, "write_timeout": 300}
    options |= dict(parse_qsl(parts.query))
    options |= {key: int(value) for key, value in options.items() if key.endswith("_timeout")}
    if parts.hostname:
        options |= {"host": unquote(parts.hostname), "port": parts.port or 3306}
    return pymysql.connect(
        user=unquote(parts.username or ""), password=unquote(parts.password or ""),
        database=_path(url) or None, autocommit=autocommit, **options,
    )  # fmt: skip


def _open_sqlite(url: str, autocommit: bool) -> Any:
    path = _path(url)
    return sqlite3.connect(path, isolation_level=None) if autocommit else sqlite3.connect(path)


def _open_duckdb(url: str, autocommit: bool) -> Any:
    import duckdb

    return duckdb.connect(_path(url))


def _open_snowflake(url: str, autocommit: bool) -> Any:
    from snowflake import connector

    parts = urlsplit(url)
    database, _, schema = _path(url).partition("/")
    return connector.connect(
        account=parts.hostname, user=unquote(parts.username or ""),
        password=unquote(parts.password or ""), database=database, schema=schema or "PUBLIC",
        autocommit=autocommit, **dict(parse_qsl(parts.query)),
    )  # fmt: skip


_DRIVERS: dict[str, Callable[[str, bool], Any]] = {
    "postgresql": _open_postgresql, "postgres": _open_postgresql, "mysql": _open_mysql,
    "mariadb": _open_mysql, "sqlite": _open_sqlite, "duckdb": _open_duckdb,
    "snowflake": _open_snowflake,
}  # fmt: skip


def _end(connection: Any, word: str) -> None:
    """Commit or roll back."""
    try:
        getattr(connection, word)()
    except Exception as error:
        if "no transaction is active" not in str(error):  # DuckDB, after a hook that ended its own
            raise


def _path(url: str) -> str:
    return unquote(urlsplit(url).path)[1:]


def _interpolated(text: str, where: str, environ: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1] not in environ:
            hint = "Set the variable, or take the connection out of the configuration."
            raise BacklogError(f"the environment has no {found[1]}, which {where} needs", hint)
        return environ[found[1]] if found[0] == text else quote(environ[found[1]], safe="")

    return re.sub(r"\$\{(\w+)\}", value, text)


def _check_url(url: str, where: str) -> None:
    # The messages of the parsers quote what they stumble over, which may be the password.
    try:
        parts = urlsplit(url)
        understood = parts.scheme in _DRIVERS and (parts.port or True)
        if _DRIVERS.get(parts.scheme) is _open_postgresql:
            conninfo_to_dict(url)
    except (ValueError, psycopg.Error):
        understood = False
    if not understood:
        schemes = ", ".join(f"{scheme}://" for scheme in _DRIVERS)
        hint = f"Begin with one of {schemes} and percent-encode special characters."
        raise BacklogError(f"the url of {where} is not understood", hint)


def _secrets(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    yield from {parts.password or "", unquote(parts.password or "")}
    yield from (value for key, value in parse_qsl(parts.query) if _SECRET.search(key))
