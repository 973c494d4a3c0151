"""One round: an instance, its chores, a storm over them, rest, and the reckoning."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

from tests.chaos.answerer import Answerer
from tests.chaos.asking import POLICY, asking_chores, lay_out
from tests.chaos.fault import ASKING_KINDS, KINDS, Faults
from tests.chaos.keeping import keep
from tests.chaos.person import KILLED, Person
from tests.chaos.reckoning import crashes, reckon, reckon_asked, rest
from tests.chaos.workload import Chore, chores, jsonl
from tests.support.approver import write_policy
from tests.support.claude import running_bench
from tests.support.instance import Instance, running_instance

AGENTS = {
    "command": ("command",),
    "demo": ("demo",),
    "claude": ("claude",),
    "mix": ("command", "command", "demo"),
    "asking": ("demo",),
    "asking-claude": ("claude",),
}
"""What a round's chores are done by, each at random; where they ask leave, an approver runs."""

PROFILES = (
    *KINDS,
    "everything",
    "reboot",
    "points",
    "mixed",
    "stops",
    "pueue",
    "commands",
    "all",
)
"""What a round is about: the kind that is killed, or what else happens."""

ASKING_PROFILES = (*ASKING_KINDS, *PROFILES)
"""Where leave is asked."""

SETTINGS = {"CCPAR_RETRY_RESUMES": "20", "CCPAR_SUPERVISOR_RESPAWN_S": "0.2"}
"""A round may strike one task, or one pane, more often than people would bear."""

HEALS = frozenset({"worker", "agent", "pueued", "monitor", "supervisor", *ASKING_KINDS})
"""What a session with a supervisor survives with nobody's help."""


@dataclass
class Report:
    """How a round went; `wrong` is empty where all is well, `cut_off` counts attempts, `asked`
    requests for leave, `kept` is where what was left of a bad round lies."""

    seed: str
    profile: str
    agent: str
    via: str = "auto"
    tasks: int = 0
    strikes: int = 0
    cut_off: int = 0
    asked: int = 0
    took_s: float = 0.0
    wrong: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    kept: str = ""


class Round:
    """One storm over one instance."""

    def __init__(self, instance: Instance, report: Report) -> None:
        self._instance = instance
        self._random = random = Random(report.seed)
        self._profile = report.profile
        is_supervised = random.random() < 0.6 or report.profile == "supervisor"
        self._heals = is_supervised and report.profile in HEALS
        self._agent = report.agent
        self._asks = report.agent.startswith("asking")
        words = {
            "CCPAR_SUPERVISOR_RUN": str(is_supervised).lower(),
            "CCPAR_APPROVER_RUN": str(self._asks).lower(),
            "CCPAR_APPROVER_VIA": report.via,
        }
        instance.environment.update(SETTINGS | words)
        self._workers = random.randint(2, 3)
        self._faults = Faults(instance, Random(random.random()))
        self._people = [
            Person(instance, Random(random.random()), f"p{number}-", self._workers)
            for number in range(3)
        ]
        self._answerers = [
            Answerer(instance, Random(dice), types=number == 0, helps=report.via == "hook")
            for number, dice in enumerate([random.random(), random.random()] * self._asks)
        ]
        self.report = report

    def run(self) -> None:
        """Through the storm to its reckoning."""
        if self._asks:
            lay_out(self._instance.project)
            write_policy(self._instance, POLICY)
        self._setup()
        self._add()
        with self._answering():
            self._blow()
        touched = self._faults.touched.union(*(person.touched for person in self._people))
        touched = touched.union(*(each.touched for each in self._answerers))
        found = reckon(self._instance, self._workers, touched, self._faults.strikes)
        self.report.tasks, self.report.cut_off = found.tasks, found.cut_off
        self.report.wrong += found.wrong

    def _blow(self) -> None:
        """The storm, a person who mends, and rest."""
        actors = [threading.Thread(target=self._guard, args=(act,)) for act in self._actors()]
        for actor in actors:
            actor.start()
        for actor in actors:
            actor.join()
        self._faults.disarm()
        self._repair()
        self._tell()
        self.report.wrong += rest(self._instance)
        if self._asks:
            pressed = frozenset().union(*(each.pressed for each in self._answerers))
            self.report.wrong += reckon_asked(self._instance, pressed)
            self.report.asked = len(self._instance.app.ledger.approvals.history())

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Meanwhile people answer what is asked."""
        threads = [
            threading.Thread(target=self._guard, args=(each.run,)) for each in self._answerers
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            for each in self._answerers:
                each.stop.set()
            for thread in threads:
                thread.join()
            for each in self._answerers:
                self.report.wrong += each.complaints
                self.report.story += each.story

    def _setup(self) -> None:
        agent = AGENTS[self._agent][0]
        self._instance.cli("setup", str(self._workers), "--agent", agent)

    def _add(self) -> None:
        few = "claude" in self._agent or self._asks
        count = self._random.randint(*((3, 5) if few else (6, 12)))
        make: Callable[..., Sequence[Chore]] = asking_chores if self._asks else chores
        made = make(self._random, "c", count, AGENTS[self._agent])
        self._instance.cli("add", "--jsonl", input=jsonl(made))

    def _tell(self) -> None:
        self.report.strikes = self._faults.strikes
        self.report.story += self._faults.story
        for person in self._people:
            self.report.wrong += person.complaints
            self.report.story += person.story

    # --- the storm

    def _actors(self) -> list[Callable[[], None]]:
        match self._profile:
            case "everything" | "reboot":
                return [self._power_cuts]
            case "points":
                return [self._arm, lambda: self._type(self._people[0].steer, 3)]
            case "pueue":
                return [lambda: self._type(self._people[0].steer_pueue, 14)] * 2
            case "commands":
                return [partial(self._type, person.steer, 4) for person in self._people]
            case "stops":
                return [self._stop_and_go]
            case "mixed":
                kinds = [*KINDS, *(ASKING_KINDS if self._asks else ())]
                return [lambda: self._kill(kinds, 5)]
            case "all":
                kinds = ["worker", "worker", "pueued", "tmux", "monitor", "supervisor"]
                kinds += ASKING_KINDS if self._asks else ()
                return [
                    lambda: self._kill(kinds, 2),
                    self._stop_and_go,
                    lambda: self._type(self._people[0].steer_pueue, 8),
                    lambda: self._type(self._people[1].steer, 3),
                ]
        most = 8 if self._asks else 4  # who waits for people takes longer
        return [lambda: self._kill([self._profile], self._random.randint(2, most))]

    def _power_cuts(self) -> None:
        cut = self._faults.reboot if self._profile == "reboot" else self._faults.kill_everything
        self._nap(2.0)
        cut()
        self._repair()
        self._nap(2.0)
        cut()

    def _kill(self, kinds: list[str], times: int) -> None:
        """Kills, each at its random moment; sometimes a person mends in between."""
        for _ in range(times):
            self._nap(1.2)
            self._faults.kill_one(self._random.choice(kinds))
            if self._random.random() < 0.4 and not self._heals:
                self._mend()

    def _arm(self) -> None:
        for _ in range(4):
            for number in range(3):
                self._faults.arm_one(of_asking=self._asks and number < 2)
            self._nap(1.0)
            self._mend()

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

    # --- a person mends

    def _mend(self) -> None:
        """`setup`, again if it is itself struck."""
        self.report.wrong += crashes(self._instance)
        for _ in range(5):
            self._faults.story.append("setup")
            done = self._instance.run("ccpar-hybrid", "setup", str(self._workers))
            if done.returncode != KILLED:
                break
        if done.returncode != 0:
            self.report.wrong.append(f"setup: {done.returncode} {done.stderr}")

    def _repair(self) -> None:
        self._faults.let_go()
        if not self._heals:
            self._mend()
        if self._profile in ("pueue", "all"):
            self._people[0].mend_pueue()


@contextmanager
def _place(agent: str) -> Iterator[Instance]:
    if "claude" in agent:
        with running_bench() as bench:
            yield bench.instance
    else:
        with running_instance() as instance:
            yield instance


def storm(
    seed: str, profile: str, agent: str, keep_in: Path | None = None, via: str = "auto"
) -> Report:
    """One whole round in an instance of its own; what a bad one left is kept below `keep_in`.

    `via` is by which way an approver answers.
    """
    report = Report(seed, profile, agent, via)
    began = time.monotonic()
    with _place(agent) as instance:
        try:
            Round(instance, report).run()
        except Exception as error:
            report.wrong.append(f"the round itself failed: {error!r}")
        finally:
            instance.run("pueue", "shutdown")
            Faults(instance, Random(seed)).kill_everything()
        if report.wrong and keep_in is not None:
            report.kept = str(keep(instance.home, keep_in, report))
    report.took_s = time.monotonic() - began
    return report
