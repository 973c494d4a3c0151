"""Sample tasks for `setup demo` and the demo: priorities, a dependency, a tool at work."""

from __future__ import annotations

import json

from ccpar_hybrid.app.request import TaskRequest, parse_one

Step = dict[str, object]


def _prompt(words: str, *steps: Step) -> str:
    return f"{words}\nscript: {json.dumps(steps)}"


def _say(text: str) -> Step:
    return {"say": text}


def _pause(seconds: float) -> Step:
    return {"pause": seconds}


def _bash(command: str, description: str) -> Step:
    return {"tool": "Bash", "input": {"command": command, "description": description}}


_TOOLS = ["Bash(ls:*)", "Bash(wc:*)", "Bash(cat:*)", "Bash(date:*)", "Bash(printf:*)"]


_SAMPLES: tuple[dict[str, object], ...] = (
    {
        "label": "survey",
        "priority": 5,
        "prompt": _prompt(
            "Look at what is in this directory.",
            _say("I will look around first."),
            _bash("ls -la", "List the files"),
            _say("There is little here yet."),
        ),
    },
    {
        "label": "fix-parser",
        "priority": 10,
        "prompt": _prompt(
            "Fix the parser's handling of empty input.",
            _say("I will see how long the notes are."),
            _bash("printf 'empty input is accepted now\\n' | wc -c", "Count characters"),
            _pause(1.0),
            _say("The parser accepts empty input now."),
        ),
    },
    {
        "label": "add-tests",
        "priority": 8,
        "prompt": _prompt(
            "Add tests for the parser.",
            _pause(1.0),
            _bash("date", "Note the time"),
            _say("Three tests were added; all pass."),
        ),
    },
    {
        "label": "update-docs",
        "prompt": _prompt(
            "Update the documentation.",
            _say("The documentation says now what the parser does."),
        ),
    },
    {
        "label": "tidy-up",
        "priority": -5,
        "prompt": _prompt(
            "Remove what is not needed any more.", _pause(0.5), _say("Nothing was left over.")
        ),
    },
    {
        "label": "report",
        "after": ["fix-parser", "add-tests"],
        "prompt": _prompt(
            "Sum up what was done.",
            _bash("printf 'parser fixed, tests added\\n'", "Write the summary"),
            _say("The parser is fixed and has tests."),
        ),
    },
)


def sample_requests(agent: str | None = None) -> list[TaskRequest]:
    """Six tasks; `report` waits for two of them."""
    common: dict[str, object] = {"allowed_tools": _TOOLS}
    if agent:
        common["agent"] = agent
    return [parse_one({**common, **one}) for one in _SAMPLES]
