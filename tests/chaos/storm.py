"""One round: an instance, its chores, a storm over them, rest, and the reckoning."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

from ccpar_hybrid.app import snapshot
from ccpar_hybrid.app.enqueue import Enqueuer
from ccpar_hybrid.app.request import parse_one
from ccpar_hybrid.app.snapshot import ENDED_STATES, TaskState
from tests.chaos.checker import CUT_OFF, check
from tests.chaos.fault import KINDS, Faults, processes_of
from tests.chaos.person import Person
from tests.chaos.workload import chores
from tests.support.claude import running_bench
from tests.support.instance import GROUP, SESSION, Instance, command_of, running_instance
from tests.support.waiting import wait_until

PROFILES = (*KINDS, "everything", "mixed", "stops", "pueue", "commands", "all")
"""What a round is about: the kind that is killed, or what else happens."""

REST_S = 90.0


@dataclass
class Report:
    """How a round went; `wrong` is empty where all is well, `cut_off` counts attempts."""

    profile: str
    tasks: int = 0
    strikes: int = 0
    cut_off: int = 0
    wrong: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)


class Round:
    """One storm over one instance."""

    def __init__(self, instance: Instance, random: Random, profile: str, agent: str) -> None:
        self._instance = instance
        self._random = random
        self._profile = profile
        self._agent = agent
        self._workers = random.randint(2, 4)
        self._faults = Faults(instance, Random(random.random()))
        self._people = [
            Person(instance, Random(random.random()), f"p{number}_", self._workers)
            for number in range(3)
        ]
        self.report = Report(profile)

    def run(self) -> Report:
        """Through the storm to its reckoning."""
        self._setup()
        self._add()
        actors = [threading.Thread(target=self._guard, args=(act,)) for act in self._actors()]
        for actor in actors:
            actor.start()
        for actor in actors:
            actor.join()
        self._repair()
        self._come_to_rest()
        self._reckon()
        return self.report

    def _setup(self) -> None:
        done = self._instance.cli("setup", str(self._workers), "--agent", self._agent)
        self.report.story.append(done.stdout.strip())

    def _add(self) -> None:
        made = chores(self._random, "c", self._random.randint(6, 12))
        requests = [parse_one(chore.request(self._agent)) for chore in made]
        Enqueuer(self._instance.app, str(self._instance.project), SESSION).add(requests)

    # --- the storm

    def _actors(self) -> list[Callable[[], None]]:
        match self._profile:
            case "everything":
                return [self._power_cut]
            case "pueue":
                return [lambda: self._type(self._people[0].steer_pueue, 14)] * 2
            case "commands":
                return [partial(self._type, person.steer, 4) for person in self._people]
            case "stops":
                return [self._stop_and_go]
            case "mixed":
                return [lambda: self._kill(list(KINDS), 5)]
            case "all":
                return [
                    lambda: self._kill(["worker", "worker", "pueued", "tmux", "monitor"], 2),
                    self._stop_and_go,
                    lambda: self._type(self._people[0].steer_pueue, 8),
                    lambda: self._type(self._people[1].steer, 3),
                ]
        return [lambda: self._kill([self._profile], self._random.randint(2, 4))]

    def _power_cut(self) -> None:
        self._nap(2.0)
        self._faults.kill_everything()
        self._repair()
        self._nap(2.0)
        self._faults.kill_everything()

    def _kill(self, kinds: list[str], times: int) -> None:
        """Kills, each at its random moment; sometimes a person mends in between."""
        for _ in range(times):
            self._nap(1.5)
            self._faults.kill_one(self._random.choice(kinds))
            if self._random.random() < 0.4:
                self._setup_again()

    def _stop_and_go(self) -> None:
        for _ in range(4):
            self._nap(0.5)
            for _ in range(self._random.randint(1, 3)):
                self._faults.stop_one(self._random.choice(("shim", "worker", "agent", "monitor")))
            self._nap(1.0)
            self._faults.let_go()

    def _type(self, act: Callable[[], None], times: int) -> None:
        for _ in range(times):
            self._nap(0.3)
            act()

    def _nap(self, most_s: float) -> None:
        # the moment of a fault is the one thing here that nothing announces
        time.sleep(self._random.uniform(0, most_s))

    def _guard(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:  # a thread's error would only be printed
            self.report.wrong.append(f"the storm itself failed: {error!r}")

    # --- rest

    def _setup_again(self) -> None:
        self._faults.story.append("setup")
        self._note_crashes()
        self._instance.cli("setup", str(self._workers))

    def _repair(self) -> None:
        self._faults.let_go()
        self._setup_again()
        if self._profile in ("pueue", "all"):
            self._people[0].mend_pueue()

    def _note_crashes(self) -> None:
        """Programs of panes that ended by an error of their own."""
        panes = self._instance.tmux._run("list-panes", "-a", "-F", "#{pane_id}").stdout
        for pane in panes.split():
            shown = self._instance.tmux._run("capture-pane", "-pS", "-", "-t", pane).stdout
            if "Traceback" in shown:
                self.report.wrong.append(f"pane {pane} crashed: {shown.strip()[-1500:]}")

    def _come_to_rest(self) -> None:
        def open_tasks() -> list[str]:
            views = snapshot.take(self._instance.app).tasks
            return [
                f"{v.task.name} {v.key} {v.state} {v.detail}"
                for v in views
                if v.state not in ENDED_STATES and v.state is not TaskState.LOST
            ]

        try:
            wait_until(lambda: not open_tasks(), timeout_s=REST_S)
        except AssertionError:
            status = self._instance._run("pueue", "status", input=None).stdout
            screens = self._instance.screens()
            self.report.wrong.append(f"no rest: {open_tasks()}\n{status}\n{screens}")

    # --- the reckoning

    def _reckon(self) -> None:
        self._note_crashes()
        views = snapshot.take(self._instance.app).tasks
        touched = self._faults.touched.union(*(person.touched for person in self._people))
        attempts = {
            view.key: [
                attempt.outcome.result.value if attempt.outcome else CUT_OFF
                for attempt in self._instance.app.ledger.attempts(view.key)
            ]
            for view in views
        }
        self.report.tasks = len(views)
        self.report.strikes = sum(line != "setup" for line in self._faults.story)
        self.report.cut_off = sum(results.count(CUT_OFF) for results in attempts.values())
        self.report.wrong += check(self._instance.project, views, attempts, touched)
        self.report.story += self._faults.story
        for person in self._people:
            self.report.wrong += person.complaints
            self.report.story += person.story
        reports = (self._instance.home / "tmp").glob("ccpar-hybrid-report-*")
        self.report.wrong += [f"internal error: {file.read_text()}" for file in reports]
        self._probe()
        self._end()

    def _probe(self) -> None:
        """All workers at once still take work: each waits until all have begun."""
        script = f"""\
touch probe.$CCPAR_WORKER
while [ $(ls probe.* | wc -l) -lt {self._workers} ]; do sleep 0.05; done
"""
        try:
            self._instance.pueue("parallel", str(self._workers), "-g", GROUP)
            probes = [self._instance.add(script, agent="command") for _ in range(self._workers)]
            wait_until(
                lambda: len(list(self._instance.project.glob("probe.*"))) == self._workers,
                timeout_s=60,
            )
            wait_until(
                lambda: len(self._instance.app.ledger.outcomes(probes)) == self._workers,
                timeout_s=60,
            )
        except AssertionError as error:
            status = self._instance._run("pueue", "status", input=None).stdout
            self.report.wrong.append(f"the probe: {error}\n{status}\n{self._instance.screens()}")

    def _end(self) -> None:
        stopped = self._instance._run("ccpar-hybrid", "stop", "--now", input=None)
        if stopped.returncode != 0:
            self.report.wrong.append(f"stop: {stopped.stderr}")
        try:
            wait_until(lambda: not self._left(), timeout_s=20)
        except AssertionError:
            self.report.wrong.append(f"left over: {self._left()}")
        runtime = self._instance.app.paths.runtime
        self.report.wrong += [
            f"left in the runtime directory: {path}"
            for path in _files(runtime)
            if "/o/" in path or "/l/" in path or "/r/" in path
        ]

    def _left(self) -> dict[int, str]:
        left = {pid: command_of(pid) for pid in processes_of(self._instance)}
        return {pid: argv for pid, argv in left.items() if argv and "pueued" not in argv}


def _files(directory: str) -> list[str]:
    return [str(path) for path in Path(directory).rglob("*") if not path.is_dir()]


@contextmanager
def _place(agent: str) -> Iterator[Instance]:
    if agent == "claude":
        with running_bench() as bench:
            yield bench.instance
    else:
        with running_instance() as instance:
            yield instance


def storm(seed: str, profile: str, agent: str) -> Report:
    """One whole round in an instance of its own."""
    with _place(agent) as instance:
        try:
            return Round(instance, Random(seed), profile, agent).run()
        finally:
            instance._run("pueue", "shutdown", input=None)
            Faults(instance, Random(seed)).kill_everything()
