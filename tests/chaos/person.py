"""What people type meanwhile: plain Pueue's commands and ours, several at the same time."""

from __future__ import annotations

import json
import subprocess
import sys
from random import Random
from typing import Any

from tests.chaos.workload import chores, jsonl
from tests.support.instance import GROUP, Instance

GOOD_CODES = frozenset({0, 2, 3, 4, 5, 6, 7})
"""Our commands may say no, in words; 1 is an internal error."""
KILLED = -9
"""Where a point was armed that the command has reached."""


class Person:
    """Types at random; each thread is its own person, with its own dice.

    `touched`: keys of tasks that were ended or begun anew by hand; `complaints`: commands that
    failed as none may.
    """

    def __init__(self, instance: Instance, random: Random, name: str, workers: int) -> None:
        self._instance = instance
        self._random = random
        self._name = name
        self._workers = workers
        self._added = 0
        self.touched: set[str] = set()
        self.story: list[str] = []
        self.complaints: list[str] = []

    # --- plain Pueue

    def steer_pueue(self) -> None:
        """One random command of Pueue."""
        tasks = self._tasks()
        number = self._random.choice(list(tasks)) if tasks else "0"
        verb = self._random.choice(
            ("pause", "start", "kill", "restart", "stash", "enqueue", "parallel", "clean", "group")
        )
        match verb:
            case "kill":
                self._touch(number, lambda: self._pueue("kill", number))
            case "restart":
                self._touch(number, lambda: self._pueue("restart", "-i", number))
            case "start":
                self._pueue(*self._choose(("start", "-g", GROUP), ("start", *self._paused(tasks))))
            case "parallel":
                self._pueue("parallel", str(self._random.randint(1, 5)), "-g", GROUP)
            case "clean":
                self._pueue("clean")
            case "group":
                self._pueue("pause", "-g", GROUP)
            case "enqueue":
                self._pueue("enqueue", number)
            case _:
                self._pueue(verb, number)

    def mend_pueue(self) -> None:
        """What a person does who wants everything to go on."""
        stashed = [number for number, task in self._tasks().items() if "Stashed" in task["status"]]
        if stashed:
            self._pueue("enqueue", *stashed)
        self._pueue("start", "-g", GROUP)

    def _choose(self, *words: tuple[str, ...]) -> tuple[str, ...]:
        # `start` without a number would be the default group
        return self._random.choice([each for each in words if len(each) > 1])

    def _paused(self, tasks: dict[str, Any]) -> list[str]:
        return [number for number, task in tasks.items() if "Paused" in task["status"]]

    def _touch(self, number: str, act: Any) -> None:
        """Pueue recycles numbers: whoever had it before or after may be meant."""
        self.touched.update(self._key(number))
        act()
        self.touched.update(self._key(number))

    def _key(self, number: str) -> list[str]:
        task = self._tasks().get(number)
        return [task["original_command"].rpartition(" ")[2]] if task else []

    def _tasks(self) -> dict[str, Any]:
        done = self._run("pueue", "status", "--json")
        found: dict[str, Any] = json.loads(done.stdout)["tasks"] if done.returncode == 0 else {}
        return found

    def _pueue(self, *words: str) -> None:
        self.story.append(f"pueue {' '.join(words)}")
        self._run("pueue", *words)

    # --- ours

    def steer(self) -> None:
        """One random command of ours."""
        verb = self._random.choice(("add", "add", "cancel", "restart", "list", "status", "setup"))
        match verb:
            case "add":
                self._add()
            case "cancel" | "restart":
                self._on_one(verb)
            case "list":
                self._cli("list", "--all", "--json")
            case "status":
                self._cli("status")
            case "setup":
                self._cli("setup", str(self._random.randint(1, self._workers + 1)))

    def _add(self) -> None:
        made = chores(self._random, f"{self._name}{self._added}x", 3, ("command",))
        self._added += 1
        self._cli("add", "--jsonl", input=jsonl(made))

    def _on_one(self, verb: str) -> None:
        tasks = self._instance.app.ledger.tasks(newest_first=False)
        if tasks:
            task = self._random.choice(tasks)
            self.touched.add(task.key)
            self._cli(verb, task.key)

    def _cli(self, *words: str, input: str | None = None) -> None:
        done = self._run(sys.executable, "-P", "-m", "ccpar_hybrid", *words, input=input)
        said = done.stderr.strip().splitlines()
        self.story.append(f"ccpar-hybrid {' '.join(words)}: {done.returncode} {' '.join(said[:1])}")
        if done.returncode not in (*GOOD_CODES, KILLED):
            self.complaints.append(f"{words}: {done.returncode} {done.stderr}")

    def _run(self, *argv: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv,
            env=self._instance.environment,
            cwd=self._instance.project,
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            timeout=120,
        )
