"""The demo agent in a pane of a private tmux, with hooks that write down what they are told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from tests.support.waiting import wait_until

RECORDER = """\
import json, os, sys, time
event = json.load(sys.stdin)
with open(sys.argv[1], "a") as file:
    file.write(json.dumps(event) + "\\n")
if event["hook_event_name"] == "PermissionRequest":
    answer = os.path.join(os.path.dirname(sys.argv[1]), "answer")
    print(open(answer).read() if os.path.exists(answer) else "")
"""
EVENTS = (
    "SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "PostToolUseFailure",
    "PermissionRequest", "Notification", "Stop", "StopFailure", "SessionEnd",
)  # fmt: skip
ALLOW = {
    "hookSpecificOutput": {
        "hookEventName": "PermissionRequest",
        "decision": {"behavior": "allow"},
    }
}


class Pane:
    """The demo agent in a pane of a tmux server of its own."""

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        self.home, self.folder, self.log = home, home / "work", home / "hooks.jsonl"
        self.folder.mkdir()
        self._environment = environment
        (home / "recorder.py").write_text(RECORDER)
        command = f"{sys.executable} {home}/recorder.py {self.log}"
        hooks = {name: [{"hooks": [{"type": "command", "command": command}]}] for name in EVENTS}
        self.settings: dict[str, object] = {"hooks": hooks}
        self.session_id = str(uuid4())
        # The shell tells how the program ended and in which modes it left the terminal.
        self.wrapper = '"$@"; echo "code $?"; stty; exec cat'

    def tmux(self, *argv: str, given: str | None = None) -> str:
        done = subprocess.run(
            ["tmux", *argv], env=self._environment, input=given, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *argv: str, size: str = "100x30", trusted: bool = True) -> None:
        if trusted:
            projects = {str(self.folder): {"hasTrustDialogAccepted": True}}
            (self.home / "claude").mkdir(exist_ok=True)
            (self.home / "claude" / ".claude.json").write_text(json.dumps({"projects": projects}))
        width, height = size.split("x")
        self.tmux(
            "-f", "/dev/null", "new-session", "-d", "-s", "keeper", "-x", width, "-y", height,
            "cat", ";", "set", "-g", "remain-on-exit", "on",
            ";", "new-window", "-d", "-n", "agent", "-c", str(self.folder), *self._argv(argv),
        )  # fmt: skip

    def restart(self, *argv: str) -> None:
        where = ("-t", ":agent", "-c", str(self.folder))
        self.tmux("respawn-window", "-k", *where, *self._argv(argv))

    def _argv(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        settings = self.home / "settings.json"
        settings.write_text(json.dumps(self.settings))
        return (
            "sh", "-c", self.wrapper, "sh",
            "env", "-u", "TMUX", f"CLAUDE_CONFIG_DIR={self.home / 'claude'}",
            f"PYTHONPATH={Path(__file__).parents[2]}",
            sys.executable, "-P", "-m", "ccpar_hybrid.demo.agent",
            "--settings", str(settings), *(argv or ("--session-id", self.session_id)),
        )  # fmt: skip

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p", "-t", ":agent")

    def see(self, *texts: str) -> str:
        def seen() -> str:
            shown = self.screen()
            return shown if all(text in shown for text in texts) else ""

        return wait_until(seen, message=f"{texts} not on the screen")

    def press(self, *keys: str) -> None:
        self.tmux("send-keys", "-t", ":agent", *keys)

    def paste(self, text: str) -> None:
        self.tmux("load-buffer", "-b", "t", "-", given=text)
        self.tmux("paste-buffer", "-p", "-r", "-d", "-b", "t", "-t", ":agent")
        self.press("Enter")

    def play(self, *steps: dict[str, object], says: str = "Do it") -> None:
        self.paste(f"{says}\nscript: {json.dumps(steps)}")

    def events(self, name: str) -> list[dict[str, object]]:
        lines = self.log.read_text().splitlines(keepends=True) if self.log.exists() else []
        events = [json.loads(line) for line in lines if line.endswith("\n")]
        return [event for event in events if event["hook_event_name"] == name]

    def event(self, name: str, count: int = 1) -> dict[str, object]:
        def seen() -> list[dict[str, object]]:
            events = self.events(name)
            return events if len(events) >= count else []

        return wait_until(seen, message=f"no {name}")[count - 1]

    def ready(self) -> None:
        self.see("? for shortcuts")
        self.event("SessionStart")

    @property
    def pid(self) -> int:
        shell = self.tmux("display-message", "-p", "-t", ":agent", "#{pane_pid}").strip()
        return int(Path(f"/proc/{shell}/task/{shell}/children").read_text())

    def records(self) -> list[dict[str, object]]:
        (path,) = (self.home / "claude" / "projects").glob(f"*/{self.session_id}.jsonl")
        return [json.loads(line) for line in path.read_text().splitlines()]


def bash(command: str, **more: object) -> dict[str, object]:
    return {"tool": "Bash", "input": {"command": command, **more}}


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
