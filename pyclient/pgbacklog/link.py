"""One connection that comes back by itself."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from time import monotonic, sleep
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgbacklog.logs import note

# What a connection gets unless its DSN says otherwise: a dead peer is noticed in about a minute,
# and texts come in the encoding of JSON, whichever one the database has.
_DEFAULTS = {
    "client_encoding": "utf8", "connect_timeout": 10, "tcp_user_timeout": 60_000,
    "keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
}  # fmt: skip
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 10.0
_REPEATABLE = {"40001", "40P01"}  # serialization failure, deadlock: the server undid everything


def with_defaults(dsn: str, name: str) -> str:
    """Return a DSN with the settings that it leaves open."""
    settings: dict[str, Any] = {**_DEFAULTS, **conninfo_to_dict(dsn)}
    if not settings.get("application_name"):
        settings["application_name"] = f"pgbacklog {name}"[:63]
    return make_conninfo(**settings)


class Link:
    """An autocommit connection for one thread; reopened after every loss until `stopping()`."""

    def __init__(self, dsn: str, name: str, stopping: Callable[[], bool], prepare: bool) -> None:
        self.dsn, self.name, self.stopping, self.prepare = dsn, name, stopping, prepare
        self._connection: psycopg.Connection[Any] | None = None
        self._losses = 0

    def connect(self) -> psycopg.Connection[Any]:
        """Return the connection, opened if need be; raises psycopg.OperationalError."""
        if self._connection is None or self._connection.closed:
            # Prepared statements do not survive a proxy that swaps servers between transactions.
            threshold = 5 if self.prepare else None
            self._connection = psycopg.connect(
                with_defaults(self.dsn, self.name), autocommit=True, prepare_threshold=threshold
            )
        return self._connection

    def call(self, query: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows, again and again while the server is away.

        A statement whose answer got lost is repeated, so it must be one that may run twice.
        """
        while True:
            try:
                rows = self.connect().execute(query, params, binary=True).fetchall()
            except psycopg.Error as error:
                if not self.lost(error) and error.sqlstate not in _REPEATABLE:
                    raise
                self.pause(error)
            else:
                self._losses = 0
                return rows

    def lost(self, error: psycopg.Error) -> bool:
        """Tell whether an error means that the connection is gone, or was never made."""
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and (
            self._connection is None or self._connection.closed
        )

    def pause(self, error: psycopg.Error) -> None:
        """Wait before trying again: longer each time, never two workers in step."""
        if self.stopping():
            raise error
        self._losses += 1
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(self._losses - 1, 16))
        pause = round(pause * random.uniform(0.5, 1.0), 3)  # noqa: S311 - jitter, not a secret
        note(logging.WARNING, "connection lost", link=self.name, error=error, retry_in=pause)
        end = monotonic() + pause
        while monotonic() < end and not self.stopping():
            sleep(0.05)

    def cancel(self) -> None:
        """Ask the server to end what this connection is running; from any thread."""
        if self._connection is not None and not self._connection.closed:
            self._connection.cancel_safe(timeout=2)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
