"""The reckoning after a storm: what the traces, the ledger and the processes say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ccpar_hybrid.app.snapshot import ENDED_STATES, TaskState, TaskView
from ccpar_hybrid.core.task import TaskKey
from tests.chaos.workload import Trace, read_trace

CUT_OFF = "cut off"
"""The result of an attempt that was never ended in the ledger."""


def check(
    place: Path, views: Iterable[TaskView], attempts: Mapping[TaskKey, list[str]], touched: set[str]
) -> list[str]:
    """Everything that is wrong, in words. `attempts`: the results of each task's attempts.

    A task counts as touched if a person, or a kill that stands for one, ended or restarted it or
    one that it waits for; then it may end in any way, but still not twice at once.
    """
    known = {view.key: view for view in views}
    spread = _spread(known, touched)
    wrong: list[str] = []
    for key, view in known.items():
        trace = read_trace(place, view.task.name)
        found = [*_order(place, known, view, trace), *_state(view, trace, touched=key in touched)]
        if trace.overlaps:
            found.append("ran twice at once")
        if key not in spread:
            found += _once(view, trace, attempts.get(key, []))
        wrong += [f"{view.task.name} ({key}): {each}" for each in found]
    return wrong


def _spread(known: Mapping[TaskKey, TaskView], touched: set[str]) -> set[str]:
    spread = set(touched)
    while more := {
        key for key, view in known.items() if key not in spread and spread & set(view.after)
    }:
        spread |= more
    return spread


def _state(view: TaskView, trace: Trace, *, touched: bool) -> list[str]:
    if touched and view.state is TaskState.LOST:
        return []  # killed and then cleaned out by hand: nobody can know
    if view.state not in ENDED_STATES:
        return [f"is {view.state} {view.detail}"]
    if view.state is TaskState.SUCCEEDED and not trace.ends:
        return ["is reported done and is not"]
    if view.state is TaskState.SKIPPED and trace.ends:
        return ["is reported skipped and was done"]
    return []


def _order(
    place: Path, known: Mapping[TaskKey, TaskView], view: TaskView, trace: Trace
) -> list[str]:
    wrong = []
    for before in view.after:
        if trace.begins and before in known:
            ends = read_trace(place, known[TaskKey(before)].task.name).ends
            if not ends or min(ends) > trace.begins[0]:
                wrong.append(f"began before {known[TaskKey(before)].task.name} was done")
    return wrong


def _once(view: TaskView, trace: Trace, results: list[str]) -> list[str]:
    wrong = []
    if view.state is not TaskState.SUCCEEDED:
        wrong.append(f"nobody touched it, and it is {view.state}: {view.detail}")
    if results.count("succeeded") != 1:
        wrong.append(f"its attempts were {results}")
    if any(result not in ("succeeded", CUT_OFF) for result in results):
        wrong.append(f"its attempts were {results}")
    if len(trace.begins) > len(results):
        wrong.append(f"began {len(trace.begins)} times in {len(results)} attempts")
    return wrong
