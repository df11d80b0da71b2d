"""pgbacklog's pipeline: COPY into its delta table, then load_pipeline with all verdicts."""

from __future__ import annotations

from ..server import Connection
from ..systems.backlog import migrate
from .base import Input, LoadSystem, copy_into

NAME = "bench"
# add_pipeline_table makes it beside the stable table and returns this name.
DELTA = "public.delta_stable"


class Pipeline(LoadSystem):
    """The product as shipped: verdicts, quarantine, ledger, changed rows only."""

    name = "pgbacklog"

    def prepare_more(self) -> None:
        migrate(self.server.url_of(self.template))
        with self.server.connect(self.template) as connection:
            connection.execute("select backlog.create_pipeline(%s)", (NAME,))
            connection.execute(
                "select backlog.add_pipeline_table(%s, 'public.stable'::regclass)", (NAME,)
            )

    def load(self, connection: Connection, rows: Input) -> None:
        self.stage(connection, rows)
        self.merge(connection)

    def stage(self, connection: Connection, rows: Input) -> None:
        """COPY the rows into the delta table."""
        copy_into(connection, DELTA, rows)

    def merge(self, connection: Connection) -> None:
        """Judge the delta rows and bring the changed ones into the stable table."""
        connection.execute("select * from backlog.load_pipeline(%s)", (NAME,))
