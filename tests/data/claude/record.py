"""Records the real Claude Code: its screens, hook events and transcripts, with the scripted model.

`python -m tests.data.claude.record [SCENE…]`, with `claude` on PATH; one of the dialogs is named
`dialogs/SCENE`. Needs no account; ends all that it starts. What it writes is compared by eye with
`git diff` when the program changes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ccpar_hybrid.agents.base import LaunchContext
from ccpar_hybrid.agents.claude import ClaudeAgent
from ccpar_hybrid.core.settings import ClaudeSettings
from ccpar_hybrid.core.task import TaskKey, TaskSpec
from ccpar_hybrid.demo.model import ScriptedModel
from tests.data.claude.account import PROJECT
from tests.data.claude.scene import SCENES, Scene
from tests.data.claude.scene_dialog import DIALOGS
from tests.support.paths import private_environment
from tests.support.tmux_server import TmuxServer, running_tmux
from tests.support.waiting import wait_until

HERE = Path(__file__).parent
SIZES = ((80, 20), (100, 24), (200, 50))
DIALOG_SIZES = ((80, 20), (120, 30), (200, 50))
STORY_SIZE = SIZES[1]
"""At this size the hook events are kept as well, and the transcript without its attachments."""
PUBLIC_HOME = "/home/example"
"""As long as the private directory's path, so that what is drawn around it stays right."""
SESSION = "11111111-2222-4333-8444-555555555555"
_STILL_S = 0.7


class Stage:
    """One run of the program in a private home and tmux."""

    def __init__(self, home: Path, scene: Scene, tmux: TmuxServer, model_url: str) -> None:
        self.home = home
        self._scene = scene
        self._tmux = tmux
        self.project = home / "project"
        self.project.mkdir()
        if scene.dialog:
            (self.project / "notes.txt").write_text("a\nb\nc\n")
        (home / "events").mkdir()
        (home / "claude").mkdir()
        self._environment = {
            **tmux.environment,
            **scene.environment,
            "TMPDIR": str(home),
            "ANTHROPIC_BASE_URL": model_url,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_TELEMETRY": "1",
        }
        if scene.account is not None:
            text = json.dumps(scene.account).replace(PROJECT, str(self.project))
            (home / "claude" / ".claude.json").write_text(text)

    def play(self, columns: int, rows: int) -> str:
        """The screen, once the scene is there."""
        self._tmux.start_session("s", *self._argv(), columns=columns, rows=rows)
        if self._scene.hook is not None:
            wait_until(lambda: self.events(self._scene.hook), timeout_s=60, message="the hook")
        for text, key in self._scene.keys:
            self._wait_for(text)
            time.sleep(_STILL_S)
            named = key in ("Enter", "Escape")
            self._tmux.tmux("send-keys", "-t", "s:", *(() if named else ("-l",)), key)
        self._wait_for(self._scene.text)
        return self._still()

    def _wait_for(self, text: str) -> None:
        def is_shown() -> bool:
            return text in self._tmux.tmux("capture-pane", "-p", "-t", "s:")

        wait_until(is_shown, timeout_s=30, message=f"{text!r} is on the screen")

    def _argv(self) -> tuple[str, ...]:
        """What the agent starts, with a hook program that keeps the events."""
        hook = self.home / "hook"
        hook.write_text(f"#!/bin/sh\nf={self.home}/events/$(date +%s%N)\ncat >$f~; mv $f~ $f\n")
        hook.chmod(0o700)
        prompt = self._scene.prompt
        spec = TaskSpec(prompt=prompt or "-", directory=str(self.project))
        environment = self._environment
        context = LaunchContext(
            TaskKey("taaaaaaaa"), 1, spec, self.home, SESSION, False, (str(hook),), environment
        )
        launch = ClaudeAgent(ClaudeSettings()).launch(context)
        script = self.home / "run.sh"
        given = f"<{launch.stdin}" if prompt is not None else ""
        script.write_text(f'cd {self.project}; "$@" {given}; exec sleep 1000\n')
        words = [f"{name}={value}" for name, value in environment.items()]
        return ("env", "-i", *words, "sh", str(script), *launch.argv, *self._scene.options)

    def screen(self) -> str:
        """What is visible, with its colours."""
        return self._tmux.tmux("capture-pane", "-p", "-e", "-t", "s:")

    def _still(self) -> str:
        if self._scene.changes:
            time.sleep(_STILL_S)
            return self.screen()
        seen = [""]

        def is_still() -> bool:
            before, seen[0] = seen[0], self.screen()
            time.sleep(_STILL_S)
            return bool(seen[0].strip()) and before == seen[0]

        wait_until(is_still, timeout_s=30, message="a still screen")
        return seen[0]

    def events(self, name: str | None = None) -> list[dict[str, object]]:
        """The hook events so far, in their order."""
        files = sorted(f for f in (self.home / "events").iterdir() if f.name.isdigit())
        found = [json.loads(file.read_text()) for file in files]
        named = [{"hook_event_name": "StatusLine", **event} for event in found]
        return [event for event in named if name in (None, event["hook_event_name"])]

    def transcripts(self) -> Iterator[tuple[str, str]]:
        """Each file of the session by its name below the project's directory."""
        for path in sorted(self.home.glob("claude/projects/*/**/*.jsonl")):
            yield "/".join(path.relative_to(self.home).parts[3:]), path.read_text()


@contextmanager
def stage(scene: Scene) -> Iterator[Stage]:
    """A place for one run; nothing of it is left afterwards."""
    home = Path(tempfile.mkdtemp(prefix="", dir="/tmp"))
    try:
        with (
            ScriptedModel() as model,
            running_tmux(private_environment(home)) as tmux,
        ):
            yield Stage(home, scene, tmux, model.url)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def record(scene: Scene) -> None:
    """Write the scene's files."""
    for columns, rows in DIALOG_SIZES if scene.dialog else SIZES:
        with stage(scene) as there:
            screen = there.play(columns, rows)
            folder = "dialogs" if scene.dialog else "screens"
            _write(f"{folder}/{scene.name}-{columns}x{rows}.ans", screen, there.home)
            if not scene.dialog and (columns, rows) == STORY_SIZE:
                _record_story(scene, there)


def _record_story(scene: Scene, there: Stage) -> None:
    events = [json.dumps(event) for event in there.events()]
    if events:
        _write(f"hooks/{scene.name}.jsonl", "\n".join(events) + "\n", there.home)
    for name, text in there.transcripts():
        kept = [line for line in text.splitlines() if '"attachment":{' not in line]
        _write(f"transcripts/{scene.name}/{name}", "\n".join(kept) + "\n", there.home)


def _write(name: str, text: str, home: Path) -> None:
    path = HERE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = re.sub("[^A-Za-z0-9]", "-", f"{home}")
    public = text.replace(str(home), PUBLIC_HOME).replace(folder, PUBLIC_HOME.replace("/", "-"))
    path.write_text(public)


def main(names: list[str]) -> None:
    """Record the named scenes, or all."""
    version = subprocess.run(["claude", "--version"], capture_output=True, text=True, check=True)
    (HERE / "VERSION").write_text(version.stdout)
    for scene in (*SCENES, *DIALOGS):
        name = f"dialogs/{scene.name}" if scene.dialog else scene.name
        if not names or name in names:
            print(name, flush=True)
            try:
                record(scene)
            except AssertionError as error:
                print(f"{scene.name} is not as it was: {error}", file=sys.stderr)


if __name__ == "__main__":
    os.umask(0o022)
    main(sys.argv[1:])
