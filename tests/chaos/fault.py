"""What can happen to an instance's processes: SIGKILL and SIGSTOP, of one kind or of all."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random

from ccpar_hybrid.system.process import is_alive, processes, signal_tree
from tests.chaos.point import VARIABLE, Points, points
from tests.support.instance import Instance, command_of
from tests.support.waiting import wait_until

KINDS: dict[str, Callable[[str], bool]] = {
    "shim": lambda argv: "start_shim.py" in argv or "bin/ccpar-task " in argv,
    "worker": lambda argv: "ccpar_hybrid worker" in argv,
    "agent": lambda argv: any(
        each in argv for each in ("command.sh", "ccpar_hybrid.demo.agent", "claude --")
    ),
    "pueued": lambda argv: "pueued" in argv,
    "monitor": lambda argv: "ccpar_hybrid monitor" in argv,
    "supervisor": lambda argv: "ccpar_hybrid supervisor" in argv,
    "tmux": lambda argv: argv.startswith("tmux -u start-server"),
}
"""By what stands in a process's argv."""

ASKING_KINDS: dict[str, Callable[[str], bool]] = {
    "approver": lambda argv: "ccpar_hybrid approver" in argv,
    "hook": lambda argv: "start_hook.py" in argv,
}
"""Those that are there only where leave is asked."""

_GONE_S = 30.0


class Faults:
    """Strikes an instance. `touched`: keys whose task may end in any way because of it."""

    def __init__(self, instance: Instance, random: Random) -> None:
        self._instance = instance
        self._random = random
        self.points = Points(instance.home)
        instance.environment[VARIABLE] = self.points.setting
        self.touched: set[str] = set()
        self.kills = 0
        self.story: list[str] = []

    @property
    def strikes(self) -> int:
        """How many kills there were, each of which can have cut a run off."""
        return self.kills + len(self.points.struck())

    def kill_one(self, kind: str) -> None:
        """SIGKILL one process of a kind, if there is any."""
        pids = self._of(kind)
        if pids:
            self._kill(kind, self._random.choice(pids))

    def arm_one(self, *, of_asking: bool = False) -> None:
        """Arm a random point; not the shim's, whose death stands for a person's kill."""
        wanted = [each for each in points() if not each.startswith("shim.")]
        if of_asking:
            wanted = [each for each in wanted if each.startswith(("approver.", "permission."))]
        point = self._random.choice(wanted)
        self.story.append(f"arm {point}")
        self.points.arm(point)

    def disarm(self) -> None:
        """Whatever is reached from now on, nobody dies of it."""
        struck = self.points.struck()
        self.kills += len(struck)
        self.story += [f"struck {point}" for point in struck]
        self.points.disarm()

    def kill_everything(self) -> None:
        """As a power cut does: nobody sees anybody else die."""
        pids = processes_of(self._instance)
        for _ in range(2):  # what was born meanwhile, too
            signal_tree(pids, signal.SIGSTOP)
            pids = processes_of(self._instance)
        self._note("kill everything", pids)
        self.kills += 1
        # workers first: the kernel continues what is stopped when it loses its parent
        pids.sort(key=lambda pid: not KINDS["worker"](command_of(pid)))
        signal_tree(pids, signal.SIGKILL)
        wait_until(
            lambda: not any(map(is_alive, pids)), timeout_s=_GONE_S, message="everything is gone"
        )
        self._instance.daemon.stop()

    def reboot(self) -> None:
        """A power cut after which what lies in memory is gone: sockets, leases, tmux's too."""
        self.kill_everything()
        self.story.append("reboot")
        for name in ("run", "tmux"):
            shutil.rmtree(self._instance.home / name)
            (self._instance.home / name).mkdir(mode=0o700)

    def stop_one(self, kind: str) -> None:
        """SIGSTOP one process; `let_go` continues it."""
        pids = self._of(kind)
        if pids:
            pid = self._random.choice(pids)
            self._note(f"stop {kind}", [pid])
            signal_tree([pid], signal.SIGSTOP)

    def let_go(self) -> None:
        """SIGCONT everything."""
        signal_tree(processes_of(self._instance), signal.SIGCONT)

    def _kill(self, kind: str, pid: int) -> None:
        self._touch(kind, pid)
        self._note(f"kill {kind}", [pid])
        self.kills += 1
        signal_tree([pid], signal.SIGKILL)
        wait_until(lambda: not is_alive(pid), timeout_s=_GONE_S, message=f"{kind} {pid} gone")
        if kind == "pueued":
            self._instance.daemon.stop()

    def _touch(self, kind: str, pid: int) -> None:
        if kind == "shim":  # which is what `pueue kill` does
            self.touched.add(command_of(pid).rpartition(" ")[2])

    def _of(self, kind: str) -> list[int]:
        is_meant = (KINDS | ASKING_KINDS)[kind]
        return [pid for pid in processes_of(self._instance) if is_meant(command_of(pid))]

    def _note(self, what: str, pids: Iterable[int]) -> None:
        self.story.append(f"{what} {' '.join(map(str, pids))}")


def processes_of(instance: Instance) -> list[int]:
    """All living processes whose environment leads into this instance's home."""
    mark = os.fsencode(instance.home)
    return [
        pid
        for pid in processes()
        if pid != os.getpid() and is_alive(pid) and any(mark in each for each in _environ(pid))
    ]


def _environ(pid: int) -> list[bytes]:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return []
