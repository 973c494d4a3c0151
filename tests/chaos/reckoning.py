"""After a storm: until all is at rest, then what the checker, the processes and the files say."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from ccpar_hybrid.app import snapshot
from ccpar_hybrid.app.snapshot import ENDED_STATES, TaskState
from ccpar_hybrid.core.errors import ExitCode
from tests.chaos.asking import ran
from tests.chaos.asking_checker import Place, check_asked, requests
from tests.chaos.checker import Storm, check, claims
from tests.chaos.fault import processes_of
from tests.support.instance import GROUP, Instance, command_of
from tests.support.waiting import wait_until

REST_S = 90.0
_END_S = 30.0


@dataclass
class Reckoning:
    """What was found; `cut_off` counts attempts beyond the first of each task."""

    tasks: int = 0
    cut_off: int = 0
    wrong: list[str] = field(default_factory=list)


def rest(instance: Instance) -> list[str]:
    """Wait until every task has ended; what is wrong if they don't."""
    try:
        wait_until(lambda: not _open_tasks(instance), timeout_s=REST_S)
        return []
    except AssertionError:
        status = instance.run("pueue", "status").stdout
        return [f"no rest: {_open_tasks(instance)}\n{status}\n{instance.screens()}"]


def reckon(instance: Instance, workers: int, touched: set[str], strikes: int) -> Reckoning:
    """Ends the instance on the way."""
    found = Reckoning(wrong=crashes(instance))
    listed = instance.run("ccpar-hybrid", "list", "--all", "--json")
    if listed.returncode != 0:
        found.wrong.append(f"list: {listed.returncode} {listed.stderr}")
        return found
    claimed = claims(json.loads(listed.stdout))
    found.tasks = len(claimed)
    found.cut_off = sum(max(0, claim.attempts - 1) for claim in claimed)
    found.wrong += check(instance.project, claimed, Storm(frozenset(touched), strikes))
    reports = (instance.home / "tmp").glob("ccpar-hybrid-report-*")
    found.wrong += [f"internal error: {file.read_text()}" for file in reports]
    lost = {claim.key for claim in claimed if claim.state == "lost"}
    found.wrong += [*_probe(instance, workers), *_audit(instance, lost, touched), *_end(instance)]
    return found


def reckon_asked(instance: Instance, pressed: frozenset[Place]) -> list[str]:
    """What was asked leave for, once every request has ended; the approver looks now and then."""
    try:
        wait_until(lambda: not _unended(instance), timeout_s=REST_S)
    except AssertionError:
        return [f"requests that do not end: {_unended(instance)}"]
    listed = instance.cli("list", "--all", "--json").stdout
    history = instance.cli("approvals", "history", "--all", "--json").stdout
    asked = requests(json.loads(history))
    return check_asked(ran(instance.project), asked, claims(json.loads(listed)), pressed)


def _unended(instance: Instance) -> list[str]:
    return [each.id for each in instance.app.ledger.approvals.history() if each.end is None]


def crashes(instance: Instance) -> list[str]:
    """Programs of panes that ended by an error of their own."""
    wrong = []
    for pane in instance.run("tmux", "list-panes", "-a", "-F", "#{pane_id}").stdout.split():
        shown = instance.run("tmux", "capture-pane", "-pS", "-", "-t", pane).stdout
        if "Traceback" in shown:
            wrong.append(f"pane {pane} crashed: {shown.strip()[-1500:]}")
    return wrong


def _open_tasks(instance: Instance) -> list[str]:
    return [
        f"{view.task.name} {view.key} {view.state} {view.detail}"
        for view in snapshot.take(instance.app).tasks
        if view.state not in ENDED_STATES and view.state is not TaskState.LOST
    ]


def _probe(instance: Instance, workers: int) -> list[str]:
    """All workers at once still take work: each waits until all have begun."""
    script = f"""\
touch probe.$CCPAR_WORKER
while [ $(ls probe.* | wc -l) -lt {workers} ]; do sleep 0.05; done
"""
    try:
        instance.pueue("parallel", str(workers), "-g", GROUP)
        probes = [instance.add(script, agent="command") for _ in range(workers)]
        ledger = instance.app.ledger
        wait_until(lambda: len(ledger.outcomes(probes)) == workers, timeout_s=60)
    except AssertionError as error:
        status = instance.run("pueue", "status").stdout
        return [f"the probe: {error}\n{status}\n{instance.screens()}"]
    return []


def _audit(instance: Instance, lost: set[str], touched: set[str]) -> list[str]:
    """What the program says of itself, once it has done what it says would help.

    Without a supervisor nobody else does. Of what is claimed to be lost the checker has judged,
    and of the order in which a person restarted tasks in Pueue.
    """
    found = _breaches(instance)
    if any("ccpar-hybrid recover" in each["mend"] for each in found):
        instance.cli("recover")
        found = _breaches(instance)
    excused = {"nothing-lost": lost, "order-kept": touched}
    return [
        f"audit: {each}" for each in found if each["where"] not in excused.get(each["promise"], ())
    ]


def _breaches(instance: Instance) -> list[dict[str, str]]:
    done = instance.run("ccpar-hybrid", "audit", "--json")
    if done.returncode not in (ExitCode.OK, ExitCode.TASK_FAILED):
        raise AssertionError(f"audit: {done.returncode} {done.stderr}")
    found: list[dict[str, str]] = json.loads(done.stdout)["breaches"]
    return found


def _end(instance: Instance) -> list[str]:
    """Nothing is left after `stop`, of processes and of sockets."""
    wrong = []
    stopped = instance.run("ccpar-hybrid", "stop", "--now")
    if stopped.returncode != 0:
        wrong.append(f"stop: {stopped.returncode} {stopped.stderr}")
    try:
        wait_until(lambda: not _left(instance), timeout_s=_END_S)
    except AssertionError:
        wrong.append(f"left over: {_left(instance)}")
    runtime = Path(instance.app.paths.runtime)
    return wrong + [
        f"left in the runtime directory: {path}"
        for path in sorted(runtime.rglob("*"))
        if not path.is_dir()
        and {"o", "i", "w", "l", "r"} & set(path.relative_to(runtime).parts[:-1])
    ]


def _left(instance: Instance) -> dict[int, str]:
    left = {pid: command_of(pid) for pid in processes_of(instance)}
    return {pid: argv for pid, argv in left.items() if argv and "pueued" not in argv}
