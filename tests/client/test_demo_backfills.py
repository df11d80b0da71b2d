"""The demo's last chapter: backfills, on flights of our own."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from pgbacklog.demo.backfills import copy_history
from pgbacklog.demo.screen import Screen

from support.database import Database


@pytest.mark.slow
def test_history_is_copied_cancelled_resumed_and_verified(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PGBACKLOG_FILES", "elsewhere")  # restored afterwards
    with db.connect() as conn:
        conn.execute(files("pgbacklog.demo").joinpath("flights_demo.sql").read_text())
        conn.execute("insert into flights_demo.airlines values ('UA', 'United'), ('AA', 'American')")
        conn.execute("insert into flights_demo.airports (faa, name, lat, lon) values ('EWR', 'Newark', 1, 2)")
        conn.execute(
            "insert into flights_demo.flights select '2013-01-01'::date + i / 100, (array['UA', 'AA'])[1 + i % 2], "
            "i % 100, 'EWR', 'EWR', null, 900, 0, i % 50 - 20, 10 from generate_series(1, 20000) as i"
        )
        conn.execute("analyze flights_demo.flights")
        promises = copy_history(conn, db.dsn, tmp_path, Screen())
    assert [promise.kept for promise in promises] == [True, True], promises
    assert "cancelled at" in capsys.readouterr().out
