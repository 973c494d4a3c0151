"""What the demo does: a small project, six tasks on it, and the script that is played for them.

The work is real (files are written, tests run, a commit is made); only the thinking is scripted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ccpar_hybrid.app.request import TaskRequest, parse_one
from ccpar_hybrid.system.files import write_private
from ccpar_hybrid.system.process import run

TASK_TIMEOUT = "5min"
"""So that a dialog nobody answers ends the demo some time."""
_TOOLS = (
    *("Read", "Edit", "Write", "Bash(sh:*)", "Bash(rm:*)", "Bash(ls:*)"),
    *("Bash(git log:*)", "Bash(git add:*)", "Bash(git commit:*)"),
)
_FILES = {
    "greet.sh": '#!/bin/sh\n# Greets whoever is named.\necho "Hello, $1!"\n',
    "README.md": "# greet\n\nSay hello:\n\n    sh greet.sh NAME\n",
    "scratch.txt": "left over from yesterday\n",
}
_TEST = """\
#!/bin/sh
[ "$(sh greet.sh Ada)" = "Hello, Ada!" ] && [ "$(sh greet.sh)" = "Hello, world!" ] &&
  echo "2 tests passed"
"""
Step = Mapping[str, object]


@dataclass(frozen=True)
class Scene:
    """One task: what is asked, and the steps that are played for it."""

    label: str
    prompt: str
    steps: tuple[Step, ...]
    priority: int = 0
    after: tuple[str, ...] = ()


def scenes(project: Path) -> tuple[Scene, ...]:
    """The six, in the order in which they are added; priorities change it."""
    return (*_small_scenes(project), *_fix_scenes(project))


def _small_scenes(project: Path) -> tuple[Scene, ...]:
    """Three that nothing waits for."""
    return (
        Scene(
            "tidy-up",
            "Remove what is not needed any more.",
            (_bash("rm scratch.txt", "Remove the old notes"), _say("Removed scratch.txt.")),
            priority=-5,
        ),
        Scene(
            "survey",
            "Tell me what is in this project.",
            (
                _say("I will look around."),
                _bash("ls -la", "List the files"),
                _bash("git log --oneline", "Show the history"),
                _say("A greeting script with a README."),
            ),
        ),
        Scene(
            "docs",
            "Say in the README what happens without a name.",
            (
                _read(project, "README.md"),
                _edit(project, "README.md", "NAME\n", "[NAME]\n\nWithout a name it greets all.\n"),
                _say("The README tells it now."),
            ),
        ),
    )


def _fix_scenes(project: Path) -> tuple[Scene, ...]:
    """Two that go on side by side, and one that waits for them."""
    return (
        Scene(
            "fix",
            "Fix greet.sh: without a name it shall greet the world.",
            (
                _say("I will read the script first."),
                _read(project, "greet.sh"),
                _pause(2.0),
                _edit(project, "greet.sh", "$1", "${1:-world}"),
                _bash("sh greet.sh", "Try it"),
                _say("Without a name it greets the world now."),
            ),
            priority=10,
        ),
        Scene(
            "test",
            "Write a test for greet.sh, with a name and without.",
            (
                _pause(2.0),
                _write(project, "test.sh", _TEST),
                _pause(2.0),
                _say("test.sh tries it with a name and without."),
            ),
            priority=8,
        ),
        Scene(
            "report",
            "Run the test and commit what was done.",
            (
                _bash("sh test.sh", "Run the test"),
                _say("The test is good, so I commit."),
                _bash("git add greet.sh test.sh", "Choose the files"),
                _say("Now the commit."),
                _bash('git commit -q -m "Greet the world where nobody is named"', "Commit"),
                _say("2 tests passed; the fix is committed."),
            ),
            priority=20,
            after=("fix", "test"),
        ),
    )


def requests(project: Path) -> list[TaskRequest]:
    """The tasks, as `add` takes them."""
    return [
        parse_one(
            {
                "label": scene.label,
                "prompt": scene.prompt,
                "priority": scene.priority,
                "after": scene.after,
                "allowed_tools": _TOOLS,
                "permission_mode": "acceptEdits",
                "timeout": TASK_TIMEOUT,
            }
        )
        for scene in scenes(project)
    ]


def write_script(path: Path, project: Path) -> None:
    """Write the rules by which the model (or the stand-in) plays the steps for each prompt."""
    rules = [
        {"match": re.escape(scene.prompt), "steps": list(scene.steps)} for scene in scenes(project)
    ]
    write_private(path, json.dumps(rules, indent=1), durable=False)


def write_project(project: Path, environment: Mapping[str, str]) -> None:
    """Fill the project's directory and commit it; raises MissingPart, CommandFailed."""
    for name, text in _FILES.items():
        write_private(project / name, text, durable=False)
    for words in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "A greeting")):
        run(("git", *words), environment=environment, cwd=project, timeout_s=30)


def _say(text: str) -> Step:
    return {"say": text}


def _pause(seconds: float) -> Step:
    return {"pause": seconds}


def _bash(command: str, description: str) -> Step:
    return {"tool": "Bash", "input": {"command": command, "description": description}}


def _read(project: Path, name: str) -> Step:
    return {"tool": "Read", "input": {"file_path": str(project / name)}}


def _write(project: Path, name: str, text: str) -> Step:
    return {"tool": "Write", "input": {"file_path": str(project / name), "content": text}}


def _edit(project: Path, name: str, old: str, new: str) -> Step:
    change = {"file_path": str(project / name), "old_string": old, "new_string": new}
    return {"tool": "Edit", "input": change}
