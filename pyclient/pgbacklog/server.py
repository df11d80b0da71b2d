"""Find the database: an address that was given, else the environment's, else an embedded server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pgbacklog.errors import ServerError

LIBPQ_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE", "PGUSER")
Say = Callable[[str], None]


@contextmanager
def database(dsn: str | None = None, say: Say = lambda _: None) -> Iterator[str]:
    """Yield the address to connect to.

    `dsn` if given, else DATABASE_URL, else nothing but the PG* variables if any is set (libpq
    reads them itself), else an embedded server that lives at least as long as the block.

    Raises ServerError when an embedded server is needed and cannot be had.
    """
    if address := dsn or os.environ.get("DATABASE_URL"):
        yield address
    elif any(os.environ.get(name) for name in LIBPQ_VARIABLES):
        yield ""
    else:
        # Imported here: who has a server need not have an operating system that embeds one.
        try:
            from pgbacklog.embedded import EmbeddedServer
        except ImportError as error:
            raise ServerError(
                f"no embedded server on this system: {error}", "Set DATABASE_URL."
            ) from error
        with EmbeddedServer() as server:
            say(f"embedded PostgreSQL {server.binaries.major} in {server.base}")
            yield server.dsn
