"""The tools, acted out: Bash runs, files are written and read, the rest is made up. Stdlib only."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ccpar_hybrid.demo.agent_child import Child
from ccpar_hybrid.demo.agent_loop import Job

Input = Mapping[str, object]
DEFAULT_TIMEOUT_MS = 120_000.0
LONGEST_RESULT = 30_000


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool gave: the text for the conversation, the hook's ``tool_response``, an error."""

    text: str
    response: Mapping[str, object] = field(default_factory=dict)
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Background:
    """A shell command that goes on after its tool call."""

    id: str
    call_id: str
    command: str
    description: str
    output: Path
    child: Child

    @property
    def facts(self) -> dict[str, object]:
        """As the Stop hook lists it."""
        return {
            "id": self.id,
            "type": "shell",
            "status": "running",
            "description": self.description,
            "command": self.command,
        }


class Tools:
    """Acts out tool calls in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self.background: list[Background] = []

    def close(self) -> None:
        """End what runs in the background."""
        for each in self.background:
            each.child.finish()
        self.background.clear()
        if self._scratch:
            self._scratch.cleanup()

    def act(self, name: str, given: Input, call_id: str) -> Job[Result]:
        """Do the call. A tool that can't do it gives an error result; nothing is raised."""
        try:
            if name == "Bash":
                if given.get("run_in_background") is True:
                    return self._start(given, call_id)
                return (yield from self._bash(given))
            if name == "Write":
                return self._write(given)
            if name in ("Edit", "MultiEdit"):
                return self._edit(given)
            if name == "Read":
                return self._read(given)
        except (OSError, ValueError) as error:
            return Result(f"Error: {error}", is_error=True)
        return Result(_CANNED.get(name, f"{name}: done"), {"type": "text"})

    def _bash(self, given: Input) -> Job[Result]:
        timeout = given.get("timeout", DEFAULT_TIMEOUT_MS)
        timeout_s = float(timeout) / 1000 if isinstance(timeout, int | float) else 120.0
        child = self._shell(str(given.get("command", "")))
        try:
            ended = yield from child.wait(timeout_s)
        except BaseException:
            child.finish()
            raise
        code = child.code
        out, err = (text.rstrip("\n")[:LONGEST_RESULT] for text in child.finish())
        both = "\n".join(filter(None, (out, err)))
        if not ended:
            return Result(f"Command timed out after {timeout_s:.0f}s\n{both}", is_error=True)
        if code:
            shell_code = code if code > 0 else 128 - code
            return Result(f"Exit code {shell_code}\n{both}".rstrip("\n"), is_error=True)
        return Result(both, _shell_response(out, err))

    def _start(self, given: Input, call_id: str) -> Result:
        self._scratch = self._scratch or tempfile.TemporaryDirectory(prefix="ccpar-demo-")
        command = str(given.get("command", ""))
        task_id = f"b{os.urandom(4).hex()}"
        output = Path(self._scratch.name) / f"{task_id}.output"
        child = self._shell(command, output)
        description = str(given.get("description", command))
        self.background.append(Background(task_id, call_id, command, description, output, child))
        text = (
            f"Command running in background with ID: {task_id}. Output is being written to: "
            f"{output}. You will be notified when it completes."
        )
        return Result(text, {**_shell_response("", ""), "backgroundTaskId": task_id})

    def _shell(self, command: str, output: Path | None = None) -> Child:
        # Through a file without a name, for everybody can read a process's arguments.
        with tempfile.TemporaryFile() as script:
            script.write(command.encode())
            script.seek(0)
            fd = script.fileno()
            return Child(
                ["bash", f"/dev/fd/{fd}"], self._folder, os.environ, output=output, inherited=(fd,)
            )

    def _path(self, given: Input) -> Path:
        return self._folder / str(given.get("file_path", ""))

    def _write(self, given: Input) -> Result:
        path, content = self._path(given), str(given.get("content", ""))
        before = path.read_text(errors="replace") if path.exists() else None
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, newline="")
        response: dict[str, object] = {
            "type": "create" if before is None else "update",
            "filePath": str(path),
            "content": content,
            "structuredPatch": [],
            "originalFile": before,
            "userModified": False,
        }
        verb = "created" if before is None else "updated"
        return Result(f"File {verb} successfully at: {path}", response)

    def _edit(self, given: Input) -> Result:
        path = self._path(given)
        old, new = str(given.get("old_string", "")), str(given.get("new_string", ""))
        before = path.read_text()
        if old not in before:
            return Result(f"String to replace not found in file.\nString: {old}", is_error=True)
        every = given.get("replace_all") is True
        path.write_text(before.replace(old, new, -1 if every else 1), newline="")
        response = {
            "filePath": str(path),
            "oldString": old,
            "newString": new,
            "originalFile": before,
            "structuredPatch": [],
            "userModified": False,
            "replaceAll": every,
        }
        return Result(f"The file {path} has been updated successfully.", response)

    def _read(self, given: Input) -> Result:
        path = self._path(given)
        content = path.read_text(errors="replace")
        count = content.count("\n") + 1
        file = {"filePath": str(path), "content": content, "numLines": count, "totalLines": count}
        numbered = "\n".join(f"{at:>6}\t{each}" for at, each in enumerate(content.split("\n"), 1))
        return Result(numbered[:LONGEST_RESULT], {"type": "text", "file": file | {"startLine": 1}})


def _shell_response(out: str, err: str) -> dict[str, object]:
    return {
        "stdout": out,
        "stderr": err,
        "interrupted": False,
        "isImage": False,
        "noOutputExpected": False,
    }


_CANNED = {
    "WebFetch": "The page was not fetched: the demo agent uses no network.",
    "WebSearch": "Nothing was searched: the demo agent uses no network.",
    "TodoWrite": "Todos have been modified successfully.",
    "Glob": "No files found",
    "Grep": "No matches found",
}
