"""Let `python -m pgbacklog` do what the command pgbacklog does."""

from __future__ import annotations

from pgbacklog.cli import main

main()
