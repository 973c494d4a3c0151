"""Makes docs/images/session.svg from a running session: `.venv/bin/python docs/picture.py`.

It builds a home of its own with a pueued, a tmux server and a session of four workers, gives
them work, looks at the session through a client in a second tmux, as a person does, and draws
what it sees. With Claude Code on PATH that is the agent, with the scripted model in place of the
service; without it, the stand-in agent. Nothing of it is left behind.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from docs.drawing import svg  # noqa: E402

COLUMNS, ROWS = 164, 50
LIMIT_S = 90.0
PICTURE = ROOT / "docs" / "images" / "session.svg"
TITLE = (
    "A tmux session: the monitor on top; below it two panes with Claude Code, one at work and one "
    "that waits for a permission, a shell command at work, and an idle worker."
)
CONFIGURATION = f"[session]\ncolumns = {COLUMNS}\nrows = {ROWS}\n"
TMUX = 'set -g status-right "%H:%M "\nset -g escape-time 10\n'
PARSER = '''"""Reads lines of NAME=VALUE."""


def parse(line):
    name, value = line.split("=")
    return name.strip(), value.strip()
'''
FIXED = """    name, separator, value = line.partition("=")
    if not separator:
        raise ValueError(f"no = in {line!r}")
"""
RULES = [
    {
        "match": "Make the parser refuse",
        "steps": [
            {"say": "I'll look at the parser first."},
            {"tool": "Read", "input": {"file_path": "{project}/parser.py"}},
            {"say": "A line with two `=` breaks it, and one with none. Both need `partition`."},
            {
                "tool": "Edit",
                "input": {
                    "file_path": "{project}/parser.py",
                    "old_string": '    name, value = line.split("=")\n',
                    "new_string": FIXED,
                },
            },
            {"pause": 600},
            {"say": "Done."},
        ],
    },
    {
        "match": "Write tests for the parser",
        "steps": [
            {"say": "First I'll see whether the tests that are there pass."},
            {
                "tool": "Bash",
                "input": {
                    "command": "python3 -m unittest discover -v tests",
                    "description": "Run the tests that are there",
                },
            },
            {"say": "They pass."},
        ],
    },
    {
        "match": "Say in the README",
        "steps": [{"say": "The README says now what the parser accepts."}],
    },
]
SEEN = ("waiting for you", "Update(", "working · check", "last: readme")
"""Texts that stand in the terminal when all is as it shall be seen."""
CHECK = """for name in names blanks comments quotes escapes empty unicode order; do
  printf '\\033[32mok\\033[0m   parser keeps %-10s\\n' "$name"; sleep 0.1
done
printf '\\n\\033[1m8 of 9 checks done\\033[0m, the last one takes a while …\\n'; sleep 600"""


def main() -> int:
    """Draw; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=PICTURE)
    parser.add_argument("--agent", choices=("claude", "demo"))
    options = parser.parse_args()
    agent = options.agent or ("claude" if shutil.which("claude") else "demo")
    with Stage(agent) as stage:
        screen = stage.play()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(svg(screen, COLUMNS, ROWS, TITLE), encoding="utf-8")
    print(f"drew {options.output} with the agent {agent}")
    return 0


class Stage:
    """A whole instance in a temporary home; leaving it ends everything that it started."""

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._ends = contextlib.ExitStack()

    def __enter__(self) -> Stage:
        # Short, for the paths of Unix sockets lie below it.
        self._home = Path(tempfile.mkdtemp(prefix="ccp-", dir="/tmp"))
        self._ends.callback(shutil.rmtree, self._home, ignore_errors=True)
        self._project = self._home / "shop"
        try:
            self._environment = self._prepare()
        except BaseException:
            self._ends.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def play(self) -> str:
        """The screen, with its colours, when every worker does what it shall be seen doing."""
        self._ends.callback(self._quietly, "tmux", "kill-server")
        self._ends.callback(self._quietly, "pueue", "shutdown")
        self._ends.callback(self._quietly, *self._program(), "stop", "--now")
        self._run(*self._program(), "setup", "4", "--layout", "grid", "--agent", self._agent)
        self._work()
        with self._client() as look:
            for text in SEEN:
                wait_until(lambda text=text: text in look(), text)  # type: ignore[misc]
            time.sleep(3.0)  # for the monitor's next redraw, which shows all that is so now
            return look("-e", "-N")

    # --- what is there before

    def _prepare(self) -> dict[str, str]:
        environment = {
            "HOME": str(self._home),
            "XDG_RUNTIME_DIR": self._directory("run"),
            "TMUX_TMPDIR": self._directory("tmux"),
            "CLAUDE_CONFIG_DIR": self._directory("claude"),
            "TMPDIR": self._directory("tmp"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "SHELL": "/bin/sh",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
        }
        for name, text in (
            (".tmux.conf", TMUX),
            (".config/ccpar-hybrid/config.toml", CONFIGURATION),
            ("shop/parser.py", PARSER),
            ("shop/README.md", "# shop\n"),
            ("shop/tests/test_parser.py", "import unittest\n"),
            ("claude/.claude.json", json.dumps(self._trust())),
            ("rules.json", json.dumps(RULES).replace("{project}", str(self._project))),
        ):
            self._write(name, text)
        subprocess.run(["git", "init", "-q", str(self._project)], env=environment, check=True)
        return environment | self._model(environment)

    def _directory(self, name: str) -> str:
        path = self._home / name
        path.mkdir(mode=0o700)
        return str(path)

    def _write(self, name: str, text: str) -> None:
        path = self._home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def _trust(self) -> dict[str, object]:
        trusted = {str(self._project): {"hasTrustDialogAccepted": True}}
        return {"hasCompletedOnboarding": True, "theme": "dark", "projects": trusted}

    def _model(self, environment: dict[str, str]) -> dict[str, str]:
        """What leads the agents to the script; starts the model for Claude Code."""
        rules, port = self._home / "rules.json", self._home / "port"
        if self._agent == "demo":
            return {"CCPAR_DEMO_SCRIPT": str(rules)}
        argv = (sys.executable, "-P", "-m", "ccpar_hybrid.demo.model")
        files = ("--script", str(rules), "--port-file", str(port))
        model = subprocess.Popen([*argv, *files], env=environment, stdout=subprocess.DEVNULL)
        self._ends.callback(model.wait)
        self._ends.callback(model.terminate)
        wait_until(port.exists, "the model's port")
        address = f"http://127.0.0.1:{port.read_text().strip()}"
        return {"ANTHROPIC_BASE_URL": address, "ANTHROPIC_AUTH_TOKEN": "none"}

    # --- the play

    def _work(self) -> None:
        """The last task that can run ends soon; its worker is then idle."""
        edits = ("--permission-mode", "acceptEdits", "-p", "10")
        self._add("parser", "Make the parser refuse lines with no `=`.", *edits)
        self._add("tests", "Write tests for the parser.", "-p", "5")
        self._add("check", CHECK, "--agent", "command")
        self._add("report", "Sum up what was done.", "-a", "parser", "-a", "tests")
        self._add("readme", "Say in the README what the parser accepts.")

    def _add(self, label: str, prompt: str, *options: str) -> None:
        self._run(*self._program(), "add", "-l", label, *options, "--", prompt)

    def _program(self) -> tuple[str, ...]:
        return (sys.executable, "-P", "-m", "ccpar_hybrid")

    @contextlib.contextmanager
    def _client(self) -> Iterator[Callable[..., str]]:
        """A terminal with a client of the session in it; gives a way to look at it."""
        outer = ("tmux", "-u", "-S", str(self._home / "outer"))
        terminal = ("new-session", "-d", "-s", "t", "-x", str(COLUMNS), "-y", str(ROWS))
        client = ("env", "-u", "TMUX", "-u", "TMUX_PANE", "tmux", "-u", "attach-session")
        self._run(*outer, *terminal, *client, "-t", "claude-workers")
        try:
            self._run(*outer, "set", "-g", "status", "off")
            self._run(*outer, "resize-window", "-t", "t:", "-x", str(COLUMNS), "-y", str(ROWS))
            yield lambda *how: self._run(*outer, "capture-pane", "-p", *how, "-t", "t:")
        finally:
            self._quietly(*outer, "kill-server")

    def _run(self, *argv: str) -> str:
        done = subprocess.run(
            argv,
            env=self._environment,
            cwd=self._project,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=LIMIT_S,
        )
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(argv)}: {done.stdout}{done.stderr}")
        return done.stdout

    def _quietly(self, *argv: str) -> None:
        with contextlib.suppress(SystemExit, OSError, subprocess.TimeoutExpired):
            self._run(*argv)


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Look until it is so; ends the program with words if it does not come."""
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"not seen within {LIMIT_S:g} s: {what}")
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
