"""What one benchmark run is told: server, sizes, and where the peers' sources are."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Hold the choices of one run; `None` leaves a choice to the scenario."""

    dsn: str = ""
    rounds: int = 3
    seconds: float = 2.0
    rows: int | None = None
    systems: tuple[str, ...] = ()
    peer_sql: Mapping[str, Path] = field(default_factory=dict)
    database_prefix: str = "bench_"

    def wants(self, name: str) -> bool:
        """Tell whether the user's selection of systems includes `name`."""
        return not self.systems or name in self.systems

    def rows_or(self, default: int) -> int:
        """Return the number of rows asked for, or the scenario's own."""
        return default if self.rows is None else self.rows


PEER_SQL_VARIABLES = {"pgmq": "PGMQ_SQL", "pgque": "PGQUE_SQL", "absurd": "ABSURD_SQL"}
PEER_SQL_SOURCES = {
    "pgmq": "pgmq-extension/sql/pgmq.sql from github.com/pgmq/pgmq",
    "pgque": "sql/pgque.sql from github.com/NikolayS/PgQue",
    "absurd": "sql/absurd.sql from github.com/earendil-works/absurd",
}


def peer_sql_from_environment() -> dict[str, Path]:
    """Read the paths of the peers' SQL files from their environment variables."""
    return {
        peer: Path(os.environ[variable])
        for peer, variable in PEER_SQL_VARIABLES.items()
        if os.environ.get(variable)
    }


def find_pgbench() -> str | None:
    """Return the path of pgbench: $PGBENCH, the PATH, or Debian's own folders."""
    chosen = os.environ.get("PGBENCH") or shutil.which("pgbench")
    if chosen:
        return chosen
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))
    return str(installed[-1]) if installed else None
