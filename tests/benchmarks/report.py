"""Collect the samples of a scenario and print medians, ratios and bars."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Bar:
    """One promise: `metric` of `system` against a factor of `against`, or against a limit.

    With `against`, the figure is system / against, computed round by round; `against_metric`
    names another metric of that system. Without it, the figure is the metric itself. A bar
    without a limit promises nothing: the figure is printed for information.
    """

    metric: str
    system: str
    at_least: float | None = None
    at_most: float | None = None
    against: str | None = None
    against_metric: str | None = None

    def holds(self, figure: float) -> bool:
        """Tell whether the figure is on the right side of the limit."""
        if self.at_least is not None:
            return figure >= self.at_least
        return self.at_most is None or figure <= self.at_most

    def limit(self) -> str:
        """Write the limit as the report prints it."""
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return "none" if self.at_most is None else f"<= {self.at_most:g}"

    def title(self) -> str:
        """Name the comparison as the report prints it."""
        if self.against is None:
            return f"{self.system} {self.metric}"
        other = self.against
        if self.against_metric and self.against_metric != self.metric:
            other = f"{other if other != self.system else ''} {self.against_metric}".strip()
        return f"{self.system} {self.metric} / {other}"


@dataclass(frozen=True)
class Verdict:
    """A bar with what was measured."""

    bar: Bar
    figure: float | None
    lowest: float | None = None
    highest: float | None = None

    @property
    def word(self) -> str:
        """Say pass or miss; a question mark means that rounds disagree with each other."""
        if self.figure is None or self.lowest is None or self.highest is None:
            return "not run"
        if self.bar.at_least is None and self.bar.at_most is None:
            return "-"
        word = "pass" if self.bar.holds(self.figure) else "MISS"
        agreed = self.bar.holds(self.lowest) == self.bar.holds(self.highest)
        return word if agreed else word + "?"


@dataclass
class Results:
    """The samples of one scenario, by system and metric, in the order of the rounds."""

    scenario: str
    log: Callable[[str], None]
    samples: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    not_run: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, system: str, metric: str, value: float) -> None:
        """Record one sample."""
        self.samples.setdefault((system, metric), []).append(value)
        self.log(f"  {self.scenario}: {system} {metric} = {number(value)}")

    def skip(self, system: str, reason: str) -> None:
        """Record that a system took no part, and how to make it take part."""
        if self.not_run.get(system) != reason:
            self.not_run[system] = reason
            self.log(f"  {self.scenario}: {system} not run: {reason}")

    def judge(self, bar: Bar) -> Verdict:
        """Compare one bar with the samples, pairing the rounds."""
        own = self.samples.get((bar.system, bar.metric))
        if not own:
            return Verdict(bar, None)
        if bar.against is None:
            return Verdict(bar, statistics.median(own), min(own), max(own))
        other = self.samples.get((bar.against, bar.against_metric or bar.metric))
        if not other:
            return Verdict(bar, None)
        # Both were measured within one round, minutes apart at most: a ratio per round takes
        # the machine's slow drift out, which the ratio of two medians would keep.
        ratios = [mine / theirs for mine, theirs in zip(own, other, strict=False) if theirs]
        if not ratios:
            return Verdict(bar, None)
        return Verdict(bar, statistics.median(ratios), min(ratios), max(ratios))

    def render(self, bars: Iterable[Bar]) -> str:
        """Return the report of this scenario as Markdown."""
        lines = [f"\n## {self.scenario}", "", "Median of the rounds, in brackets min..max.", ""]
        systems = list(dict.fromkeys(system for system, _ in self.samples))
        rows = [["metric", *systems]]
        for metric in dict.fromkeys(metric for _, metric in self.samples):
            cells = (self.samples.get((system, metric)) for system in systems)
            rows.append([metric, *(spread(values) if values else "-" for values in cells)])
        # A scenario with many metrics of one system each reads better as a list.
        lines += table(rows)
        verdicts = [self.judge(bar) for bar in bars]
        if verdicts:
            lines += ["", "Bars (median of the ratios round by round; ? = rounds disagree):", ""]
            lines += table(
                [["comparison", "figure", "bar", "verdict"], *map(verdict_row, verdicts)]
            )
        if self.not_run:
            lines += ["", "Not run:", ""]
            lines += [f"- {system}: {reason}" for system, reason in self.not_run.items()]
        if self.notes:
            lines += ["", *(f"- {note}" for note in self.notes)]
        return "\n".join(lines)

    def json_lines(self, bars: Iterable[Bar], context: dict[str, object]) -> list[str]:
        """Return one JSON object per measured metric, per bar and per absent system."""
        objects: list[dict[str, Any]] = [
            {
                "kind": "metric",
                "scenario": self.scenario,
                "system": system,
                "metric": metric,
                "median": statistics.median(values),
                "runs": values,
            }
            for (system, metric), values in self.samples.items()
        ]
        for verdict in map(self.judge, bars):
            objects.append(
                {
                    "kind": "bar",
                    "scenario": self.scenario,
                    **asdict(verdict.bar),
                    "figure": verdict.figure,
                    "lowest": verdict.lowest,
                    "highest": verdict.highest,
                    "verdict": verdict.word,
                }
            )
        objects += [
            {"kind": "not_run", "scenario": self.scenario, "system": system, "reason": reason}
            for system, reason in self.not_run.items()
        ]
        return [json.dumps(item | context) for item in objects]


def number(value: float) -> str:
    """Format a figure with about three digits."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def spread(values: list[float]) -> str:
    """Format a median with its range."""
    median = number(statistics.median(values))
    if len(values) == 1:
        return median
    return f"{median} [{number(min(values))}..{number(max(values))}]"


def verdict_row(verdict: Verdict) -> list[str]:
    """Format one bar as a table row."""
    bar = verdict.bar.limit()
    if verdict.figure is None or verdict.lowest is None or verdict.highest is None:
        return [verdict.bar.title(), "-", bar, "not run"]
    figure = f"{verdict.figure:.2f} [{verdict.lowest:.2f}..{verdict.highest:.2f}]"
    return [verdict.bar.title(), figure, bar, verdict.word]


def table(rows: list[list[str]]) -> list[str]:
    """Format rows as a Markdown table with aligned columns; the first row is the heading."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return lines
