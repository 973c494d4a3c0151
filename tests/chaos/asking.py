"""Tasks that ask leave, and what of it was really carried out, read from files alone.

Each asks to run `may.sh`, which the policy allows, `not.sh`, which it denies, and `ask.sh`, which
it leaves to a person. Whichever runs adds the number of its attempt to a file of its own. Nothing
of the package is imported here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.chaos.workload import Chore, chores

MAY, NOT, ASK = "may", "not", "ask"
_TRACED = "trace"
POLICY = """
[[rule]]
name = "scripts"
decision = "allow"
does = "execute"
path = ["*.sh"]
[[rule]]
name = "may"
decision = "allow"
command = ["sh trace.sh", "sh may.sh"]
[[rule]]
name = "must not"
decision = "deny"
message = "not that"
command = ["sh not.sh"]
"""
_TRACE = """\
#!/bin/sh
note() { echo "$1 $(date +%s%N) $$ ${CCPAR_ATTEMPT:-0} alone" >> "$name.trace"; }
name=$1
if ! grep -qs '^end ' "$name.trace"; then note "$2"
elif [ "$2" = begin ]; then note again; fi
"""
_ASKED = """\
#!/bin/sh
echo "${CCPAR_ATTEMPT:-0}" >> "$(basename "$0" .sh)-$1.ran"
"""


@dataclass(frozen=True)
class AskingChore(Chore):
    """A chore of which each call of a tool asks leave. `turns`: what is asked at the same time."""

    turns: tuple[tuple[str, ...], ...] = ()

    def request(self) -> dict[str, object]:
        """As a JSON line of `add`."""
        steps = [*_turn(f"sh trace.sh {self.name} begin")]
        for number, kinds in enumerate(self.turns):
            commands = (
                f"sh {kind}.sh {self.name}-{number}{place}" for place, kind in enumerate(kinds)
            )
            steps += _turn(*commands)
        steps += _turn(f"sh trace.sh {self.name} end")
        return {
            "label": self.name,
            "after": list(self.after),
            "priority": self.priority,
            "agent": self.agent,
            "prompt": f"Do {self.name}.\nscript: {json.dumps(steps)}",
        }


def _turn(*commands: str) -> list[dict[str, object]]:
    """One answer that calls all of them; the next step begins another answer."""
    calls: list[dict[str, object]] = [
        {"tool": "Bash", "input": {"command": command, "description": "a step"}}
        for command in commands
    ]
    return [*calls, {"say": "Now."}]


def asking_chores(
    random: Random, prefix: str, count: int, agents: tuple[str, ...]
) -> list[AskingChore]:
    """Some chores, with one to three turns."""
    made = []
    for plain in chores(random, prefix, count, agents):
        turns = tuple(
            tuple(random.choice((MAY, MAY, NOT, ASK)) for _ in range(random.choice((1, 1, 2))))
            for _ in range(random.randint(1, 3))
        )
        made.append(AskingChore(**{**vars(plain), "turns": turns}))
    return made


def lay_out(place: Path) -> None:
    """Put the programs there that the chores ask for."""
    for name, text in ((_TRACED, _TRACE), *((kind, _ASKED) for kind in (MAY, NOT, ASK))):
        file = place / f"{name}.sh"
        file.write_text(text, encoding="utf-8")
        file.chmod(0o700)


def command_of(given: Mapping[str, Any]) -> str:
    """What a request is about; by screen it may be told only as it is shown."""
    return str(given.get("command") or given.get("shown") or "")


def name_of(command: str) -> str:
    """By what a call is known: `sh may.sh c1-00` is may-c1-00; empty for others."""
    kind, word = _parts(command)
    return f"{kind}-{word}" if kind in (MAY, NOT, ASK) else ""


def is_meant(command: str) -> bool | None:
    """What a person has to say to a call, if they do not decide as they like."""
    return {NOT: False, _TRACED: True}.get(_parts(command)[0])


def _parts(command: str) -> tuple[str, str]:
    shell, program, word = [*command.split(), "", "", ""][:3]
    return (program.removesuffix(".sh"), word) if shell == "sh" else ("", "")


def ran(place: Path) -> dict[str, list[int]]:
    """In which attempts each call was carried out, in this order, by the call's name."""
    return {
        file.stem: [int(line) for line in file.read_text().split()]
        for file in sorted(place.glob("*.ran"))
    }
