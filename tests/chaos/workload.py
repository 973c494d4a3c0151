"""Tasks that leave traces, so that what really happened can be read from files alone."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

_SCRIPT = """\
exec 9>>{name}.lock; flock -n 9 && state=alone || state=overlap
echo "begin $(date +%s%N) $state" >> {name}.trace
{work}
echo "end $(date +%s%N)" >> {name}.trace
"""
"""The lock passes on to everything that a run starts: a second run of the task sees whether
anything of the first one still lives."""


@dataclass(frozen=True)
class Chore:
    """One task. `after` are names of chores before it."""

    name: str
    after: tuple[str, ...]
    priority: int
    steps: int

    @property
    def script(self) -> str:
        """What its shell runs."""
        work = "\n".join("sleep 0.1" for _ in range(self.steps))
        return _SCRIPT.format(name=self.name, work=work)

    def request(self, agent: str) -> dict[str, object]:
        """As a JSON line of `add`."""
        fields: dict[str, object] = {
            "label": self.name,
            "after": list(self.after),
            "priority": self.priority,
            "agent": agent,
        }
        if agent == "command":
            return {"prompt": self.script, **fields}
        steps = [
            {"tool": "Bash", "input": {"command": self.script, "description": "a step"}},
            {"say": "Done."},
        ]
        prompt = f"Do {self.name}.\nscript: {json.dumps(steps)}"
        return {"prompt": prompt, "allowed_tools": ["Bash"], **fields}


@dataclass
class Trace:
    """What one chore left behind, in the order of writing; times are nanoseconds since 1970."""

    begins: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    overlaps: int = 0


def chores(random: Random, prefix: str, count: int) -> list[Chore]:
    """Some chores, each of which may wait for up to two before it."""
    made: list[Chore] = []
    for number in range(count):
        before = [chore.name for chore in made]
        wanted = random.choice((0, 0, 1, 2)) if before else 0
        after = tuple(random.sample(before, min(wanted, len(before))))
        name = f"{prefix}{number}"
        made.append(Chore(name, after, random.randint(-3, 3), random.randint(0, 20)))
    return made


def read_trace(place: Path, name: str) -> Trace:
    """The trace of one chore; empty if it never began."""
    trace = Trace()
    file = place / f"{name}.trace"
    for line in file.read_text().splitlines() if file.exists() else []:
        word, moment, *rest = line.split()
        (trace.begins if word == "begin" else trace.ends).append(int(moment))
        trace.overlaps += "overlap" in rest
    return trace
