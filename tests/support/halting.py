"""A listener whose writer halts at one edge after the other, so that something can die there."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from support.listening import ListenerProcess, eventually

# A writer like another that halts at each edge once, in another chunk each time, until it may go on.
HALTING = """
    import os, time
    from pathlib import Path
    from pgbacklog.writers import {module} as module, writer

    FOLDER, EDGES, DONE = Path(os.environ["TEST_FOLDER"]), {edges}, set()

    def halt(chunk, edge):
        left = [x for x in EDGES if not (FOLDER / f"at {{x}}").exists()]
        if left[:1] != [edge] or chunk.chunk_id in DONE:
            return False
        DONE.add(chunk.chunk_id)
        (FOLDER / f"at {{edge}}").touch()
        while not (FOLDER / f"go {{edge}}").exists():
            time.sleep(0.01)
        return True

    class Watched:
        def __init__(self, conn, chunk):
            self.conn, self.chunk = conn, chunk

        def __getattr__(self, name):
            return getattr(self.conn, name)

        def commit(self):
            halt(self.chunk, "in commit")
            self.conn.commit()
            if halt(self.chunk, "commit unanswered"):
                self.conn.cursor().execute("select 1")  # raises what a lost answer raises

    class Halting(module.{base}):
        committing = False

        @property
        def conn(self):
            conn = super().conn
            return Watched(conn, self.chunk) if self.committing else conn

        def begin(self, chunk):
            Halting.chunk = chunk
            halt(chunk, "before begin")
            answer = super().begin(chunk)
            halt(chunk, "after begin")
            return answer

        def write(self, batch):
            half = len(batch) // 2
            super().write(batch.part(0, half))
            halt(self.chunk, "in batch")
            super().write(batch.part(half, len(batch)))

        def delete(self, batch):
            halt(self.chunk, "before delete")
            gone = super().delete(batch)
            halt(self.chunk, "after delete")
            return gone

        def compare(self, scope, source):
            def batches():
                for batch in source():
                    yield batch
                    halt(scope.chunk, "in comparison")
            found = super().compare(scope, batches)
            halt(scope.chunk, "after comparison")
            return found

        def commit(self, chunk, receipt):
            halt(chunk, "before commit")
            self.committing = True
            super().commit(chunk, receipt)
            self.committing = False
            halt(chunk, "after commit")

    writer("halting")(Halting)
    module.{base} = Halting  # for those who ask for the writer by its own name

    # Parquet's files have their names before the manifest says that they are complete.
    if hasattr(module, "_write"):
        enter = module._write

        def halt_and_enter(path, entry, durable=True):
            if "receipt" in entry:
                halt(Halting.chunk, "after rename")
            enter(path, entry, durable)

        module._write = halt_and_enter
        remove = Halting._remove

        def halt_and_remove(self, chunk_id):
            if chunk_id is not None:
                halt(Halting.chunk, "before remove")
            remove(self, chunk_id)

        Halting._remove = halt_and_remove
"""
BASES = {"postgres": "Postgres", "mysql": "MySQL", "duckdb": "DuckDB", "parquet": "Parquet"}
EVERYWHERE = ["before begin", "after begin", "in batch", "before commit", "after commit"]


class Halts:
    """The edges at which a listener's writer halts, and its listeners."""

    def __init__(self, dsn: str, folder: Path, kind: str, edges: list[str], *options: str) -> None:
        self.dsn, self.folder, self.options = dsn, folder, options
        self.hooks = HALTING.format(module=kind, base=BASES[kind], edges=edges)
        self.listeners: list[ListenerProcess] = []

    def __enter__(self) -> Halts:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.listeners:
            each.close()

    def start(self) -> None:
        """Start a listener; with one thread, so that but one chunk is under way."""
        options = ("--lock-timeout", "3", "--threads", "1", *self.options)
        self.listeners.append(ListenerProcess(self.dsn, self.folder, self.hooks, *options).ready())

    def write(self) -> None:
        """Write the writer for other commands."""
        (self.folder / "hooks_under_test.py").write_text(textwrap.dedent(self.hooks), encoding="utf-8")

    def reach(self, edge: str) -> None:
        """Wait until the writer has halted at an edge."""
        eventually((self.folder / f"at {edge}").exists)

    def leave(self, edge: str) -> None:
        """Let it go on."""
        (self.folder / f"go {edge}").touch()

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the log lines of one event, of all listeners."""
        return [event for each in self.listeners for event in each.events(name)]

    def attempts(self) -> int:
        """Count the attempts that are over, however they ended."""
        return len(self.events("chunk failed") + self.events("chunk copied"))

    def found_receipts(self) -> int:
        """Count the chunks that were found committed already."""
        return sum(event["known"] for event in self.events("chunk copied"))
