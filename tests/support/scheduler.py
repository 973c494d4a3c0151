"""The schedulers under one roof, with a stand-in for the shim that runs a script of its key."""

from __future__ import annotations

from pathlib import Path

from ccpar_hybrid.core.task import TaskKey, new_key
from ccpar_hybrid.scheduler.base import Job, JobId, JobState, Scheduler, Submission
from tests.support.waiting import wait_until

_SHIM = """#!/bin/sh
exec sh -c "$(cat "$HOME/scripts/$1")"
"""


class Bench:
    """A scheduler, and what its jobs do: shell scripts that run in `home`."""

    def __init__(self, scheduler: Scheduler, home: Path) -> None:
        self.scheduler = scheduler
        self.home = home

    def pause_group(self, paused: bool) -> None:
        """Start no further job of the group `g`, or go on."""
        if paused:
            self.scheduler.pause_group("g")
        else:
            self.scheduler.resume_group("g")

    def job(self, script: str = "true", group: str = "g", **fields: object) -> Submission:
        """A submission of a new key that runs this script."""
        key = new_key()
        scripts = self.home / "scripts"
        scripts.mkdir(exist_ok=True)
        (scripts / key).write_text(script)
        given = {"key": key, "group": group, "directory": str(self.home), **fields}
        return Submission.model_validate(given)

    def look(self, job: JobId) -> Job:
        """The job as it is now."""
        return self.scheduler.snapshot().jobs[job]

    def wait_for(self, job: JobId, state: JobState) -> Job:
        """The job once it is in this state."""
        wait_until(lambda: self.look(job).state is state, message=f"job {job} is {state}")
        return self.look(job)

    def wait_for_file(self, name: str) -> str:
        """What a job wrote into a file of the home, as soon as there is something."""
        file = self.home / name
        wait_until(lambda: file.exists() and file.read_text(), message=f"{name} is written")
        return file.read_text()


def install_shim(home: Path) -> Path:
    """The stand-in, in a directory for PATH."""
    place = home / "bin"
    place.mkdir(exist_ok=True)
    (place / "ccpar-task").write_text(_SHIM)
    (place / "ccpar-task").chmod(0o755)
    return place


def shim_command(key: TaskKey) -> str:
    """What a job's command is."""
    return f"exec ccpar-task {key}"
