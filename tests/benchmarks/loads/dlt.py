"""dlt's merge into PostgreSQL, with its upsert strategy: the faster one here."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ..server import Connection, Server
from ..settings import Settings
from .base import Input, LoadSystem
from .data import arrow_table, csv_bytes, in_chunks, python_rows

# Without these, dlt reports to its makers and logs every step.
QUIET = {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}


class Dlt(LoadSystem):
    """dlt with the same input objects as the others. It also evolves schemas and keeps state.

    Its tables have no foreign keys, so it is compared with loads of a table without one.
    """

    name = "dlt"
    stable = "loaded.stable"

    def __init__(
        self, server: Server, settings: Settings, *, parent: bool, rows: int, form: str = "arrow"
    ) -> None:
        super().__init__(server, settings, parent=parent, rows=rows)
        self.form = form
        self.database += f"_{form}"
        self.template = f"{self.database}_template"
        self.folder = Path(tempfile.gettempdir()) / f"pgbacklog_{self.database}"

    def missing(self) -> str | None:
        try:
            import dlt  # noqa: F401
            import pyarrow  # noqa: F401
        except ImportError:
            return "pip install 'dlt[postgres]' pyarrow"
        return None

    def prepare(self) -> None:
        os.environ.update(QUIET)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.server.recreate(self.database)
        with self.server.connect(self.database) as connection:
            if self.form == "arrow":
                rows = arrow_table(csv_bytes(connection, 1, self.rows, "a"))
                first = Input("arrow", rows, self.rows)
            else:
                first = Input("generator", python_rows(1, self.rows, "a"), self.rows)
            self.load(connection, first)
            connection.execute("create index on loaded.stable (account_id)")
            connection.execute("create index on loaded.stable (email)")
            connection.execute("vacuum analyze")
        self.server.recreate(self.template, template=self.database)
        shutil.copytree(self.folder, self.saved_folder())

    def saved_folder(self) -> Path:
        """Return where dlt's own state after the first load is kept."""
        return self.folder.with_suffix(".saved")

    def restore(self) -> None:
        super().restore()
        shutil.rmtree(self.folder)
        shutil.copytree(self.saved_folder(), self.folder)

    def teardown(self) -> None:
        super().teardown()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.saved_folder(), ignore_errors=True)

    def load(self, connection: Connection, rows: Input) -> None:
        import dlt

        # psycopg2's URL form wants a password; a server that trusts local users ignores it.
        url = self.server.url_of(
            self.database, tcp=True, password=os.environ.get("PGPASSWORD", "x")
        )
        pipeline = dlt.pipeline(
            "bench",
            destination=dlt.destinations.postgres(url),
            dataset_name="loaded",
            pipelines_dir=str(self.folder),
        )
        data: Any = [rows.data] if rows.form == "arrow" else in_chunks(rows.data)
        resource = dlt.resource(
            data,
            name="stable",
            primary_key="id",
            write_disposition={"disposition": "merge", "strategy": "upsert"},
        )
        pipeline.run(resource)
