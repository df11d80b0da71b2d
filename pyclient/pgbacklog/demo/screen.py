"""Write the demo's story to a terminal, or plain lines to anything else."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence

import click

_QUIET = 2.0  # seconds between progress lines where a line cannot be overwritten


class Screen:
    """Where the demo writes; knows how long it has been running."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self._tty = sys.stdout.isatty()
        self._shown = 0.0
        self._open = False
        self._line = ""

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self.started

    def step(self, text: str) -> None:
        """Begin a chapter."""
        self._close()
        click.echo(f"{self.elapsed():5.1f} s  " + click.style(text, bold=True))

    def say(self, text: str) -> None:
        """Write one line within a chapter."""
        self._close()
        click.echo(f"         {text}")

    def progress(self, done: int, total: int, text: str, last: bool = False) -> None:
        """Show how far the work is; overwrites itself on a terminal."""
        line = f"         {_bar(done, total)} {done}/{total} {text}"
        if self._tty:
            click.echo(f"\r\x1b[K{line}", nl=last)
            self._open = not last
        elif last or (line != self._line and time.monotonic() - self._shown >= _QUIET):
            click.echo(line)
            self._line, self._shown = line, time.monotonic()

    def table(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Write rows in columns, numbers to the right."""
        self._close()
        if not rows:
            return
        cells = [[str(name) for name in rows[0]]]
        cells += [[_plain(value) for value in row.values()] for row in rows]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        right = [isinstance(value, int) for value in rows[0].values()]
        for line in cells:
            padded = [
                cell.rjust(width) if number else cell.ljust(width)
                for cell, width, number in zip(line, widths, right, strict=True)
            ]
            click.echo(("         " + "  ".join(padded)).rstrip())

    def verdict(self, text: str, good: bool) -> None:
        """Write whether a promise held."""
        self._close()
        mark = click.style("ok  ", fg="green") if good else click.style("FAIL", fg="red")
        click.echo(f"         {mark} {text}")

    def _close(self) -> None:
        if self._open:
            click.echo()
            self._open = False


def _bar(done: int, total: int, width: int = 24) -> str:
    filled = width * done // max(total, 1)
    return "[" + "#" * filled + "." * (width - filled) + "]"


def _plain(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else str(value)
