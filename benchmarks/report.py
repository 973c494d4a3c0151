"""Figures and the machine in words."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

from benchmarks.figure import Figure, Result, Samples


def machine() -> str:
    """One line about what was measured on, and with which programs."""
    parts = [
        f"{os.cpu_count()} cores",
        _processor(),
        f"Linux {platform.release()}" if platform.system() == "Linux" else platform.platform(),
        f"Python {platform.python_version()}",
        _version("pueued", "--version"),
        _version("tmux", "-V"),
    ]
    return " · ".join(part for part in parts if part)


def table(result: Result) -> str:
    """The figures against their goals, and the series behind them."""
    lines = [f"\n{result.benchmark} (load {result.load[0]:.2f} → {result.load[1]:.2f})"]
    lines += [f"  {_figure(figure)}" for figure in result.figures]
    lines += [f"    {_series(series)}" for series in result.samples]
    return "\n".join(lines)


def _figure(figure: Figure) -> str:
    mark = {True: "✔", False: "✘", None: " "}[figure.is_met]
    goal = ""
    if figure.goal is not None:
        goal = f"  (goal {'≥' if figure.at_least else '≤'} {figure.goal:g})"
    note = f"  {figure.note}" if figure.note else ""
    return f"{mark} {figure.name}: {figure.value:.4g} {figure.unit}{goal}{note}"


def _series(series: Samples) -> str:
    low, high = series.spread
    count = len(series.values)
    spread = f", {low:.4g} to {high:.4g}" if count > 1 else ""
    return f"{series.name}: median {series.median:.4g} {series.unit}{spread}, n = {count}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "")


def _version(*argv: str) -> str:
    try:
        return subprocess.run(argv, capture_output=True, text=True, timeout=10).stdout.strip()
    except OSError:
        return ""
