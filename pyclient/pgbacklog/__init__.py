"""Make data movement in PostgreSQL impossible to lose: the thin client of the schema backlog."""

from __future__ import annotations

from importlib.metadata import version

__version__ = version("pgbacklog")
