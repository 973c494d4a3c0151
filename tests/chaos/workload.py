"""Tasks that leave traces, so that what really happened can be read from files alone.

Each appends to a file of its own: `begin` and `end` when it does its work, `again` when it is
run once more and finds its work done, as an agent is asked to look. Nothing of the package is
imported here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

_SCRIPT = """\
exec 9>>{name}.lock; flock -n 9 && state=alone || state=overlap
note() {{ echo "$1 $(date +%s%N) $$ ${{CCPAR_ATTEMPT:-0}} $state" >> {name}.trace; }}
if grep -qs '^end ' {name}.trace; then note again; else note begin
{work}
note end; fi
"""
"""The lock passes on to everything that a run starts: a second run of the task sees whether
anything of the first one still lives."""


@dataclass(frozen=True)
class Chore:
    """One task. `after` are names of chores before it; each step of work takes 0.1 s."""

    name: str
    after: tuple[str, ...] = ()
    priority: int = 0
    steps: int = 0
    agent: str = "command"

    @property
    def script(self) -> str:
        """What its shell runs."""
        work = "\n".join("sleep 0.1" for _ in range(self.steps))
        return _SCRIPT.format(name=self.name, work=work)

    def request(self) -> dict[str, object]:
        """As a JSON line of `add`."""
        fields: dict[str, object] = {
            "label": self.name,
            "after": list(self.after),
            "priority": self.priority,
            "agent": self.agent,
        }
        if self.agent == "command":
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
    agains: list[int] = field(default_factory=list)
    overlaps: int = 0
    garbage: list[str] = field(default_factory=list)

    @property
    def runs(self) -> int:
        """How often it was started."""
        return len(self.begins) + len(self.agains)


def chores(random: Random, prefix: str, count: int, agents: tuple[str, ...]) -> list[Chore]:
    """Some chores, each of which may wait for up to two before it."""
    made: list[Chore] = []
    for number in range(count):
        before = [chore.name for chore in made]
        wanted = random.choice((0, 0, 1, 2)) if before else 0
        after = tuple(random.sample(before, min(wanted, len(before))))
        priority, steps = random.randint(-3, 3), random.randint(0, 12)
        made.append(Chore(f"{prefix}{number}", after, priority, steps, random.choice(agents)))
    return made


def jsonl(made: Sequence[Chore]) -> str:
    """What `add --jsonl` reads."""
    return "".join(json.dumps(chore.request()) + "\n" for chore in made)


def read_trace(place: Path, name: str) -> Trace:
    """The trace of one chore; empty if it never began."""
    trace = Trace()
    file = place / f"{name}.trace"
    lists = {"begin": trace.begins, "end": trace.ends, "again": trace.agains}
    for line in file.read_text().splitlines() if file.exists() else []:
        words = line.split()
        if len(words) != 5 or words[0] not in lists or not words[1].isdigit():
            trace.garbage.append(line)
            continue
        lists[words[0]].append(int(words[1]))
        trace.overlaps += words[4] == "overlap"
    return trace
