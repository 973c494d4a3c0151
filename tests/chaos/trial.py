"""A trial for each point of the source: somebody dies there, people mend, and all is well.

A test finds the points in the source, so that none is forgotten. Points of the ledger are tried
without an instance as well (`ledger_trial`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from random import Random

from ccpar_hybrid.app.snapshot import ENDED_STATES
from tests.chaos.checker import Claim, Storm, check, claims
from tests.chaos.fault import Faults
from tests.chaos.person import KILLED
from tests.chaos.workload import Chore, jsonl, read_trace
from tests.support.instance import GROUP, Instance
from tests.support.waiting import wait_until

WORKERS = 2
LONG = 20
"""Steps of a chore that still runs when something is done to it."""
_LIMIT_S = 60.0


class Ground:
    """An instance with its session, for one trial after the other; `name` is the trial's own."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self._faults = Faults(instance, Random(0))
        self.points = self._faults.points
        self._number = 0
        self._mend()

    def begin(self) -> None:
        """The next trial."""
        self._number += 1

    def name(self, word: str) -> str:
        """A label that no other trial has."""
        return f"t{self._number}-{word}"

    def pair(self, steps: int = 1, agent: str = "command") -> list[Chore]:
        """Two chores, the second after the first."""
        first, second = self.name("first"), self.name("second")
        return [Chore(first, (), 0, steps, agent), Chore(second, (first,), 0, 0, agent)]

    def add(self, made: list[Chore]) -> int:
        """As `add --jsonl`; the exit code."""
        return self.instance.run("ccpar-hybrid", "add", "--jsonl", input=jsonl(made)).returncode

    def claims(self) -> dict[str, Claim]:
        """What `list` claims of this trial's tasks, by the last word of their names."""
        listed = self.instance.run("ccpar-hybrid", "list", "--all", "--json")
        assert listed.returncode == 0, listed.stderr
        mine = [claim for claim in claims(json.loads(listed.stdout)) if self._is_mine(claim)]
        return {claim.name.rpartition("-")[2]: claim for claim in mine}

    def key(self, word: str) -> str:
        """The key of a task of this trial."""
        return self.claims()[word].key

    def begun(self, word: str) -> None:
        """Wait until the chore has begun."""
        place, name = self.instance.project, self.name(word)
        wait_until(lambda: read_trace(place, name).begins, timeout_s=_LIMIT_S)

    def await_strike(self, point: str) -> None:
        """Wait until somebody has died there."""
        wait_until(
            lambda: self.points.has_struck(point),
            timeout_s=_LIMIT_S,
            message=f"somebody reaches {point}",
        )

    def dies(self, point: str, *words: str, input: str | None = None) -> None:
        """Our own command, which has to die at the point."""
        self.points.arm(point)
        done = self.instance.run("ccpar-hybrid", *words, input=input)
        assert self.points.has_struck(point), f"{words} ended with {done.returncode}: {done.stderr}"
        assert done.returncode == KILLED, f"{words} ended with {done.returncode}: {done.stderr}"

    def kill(self, kind: str) -> None:
        """SIGKILL one process of this kind."""
        self._faults.kill_one(kind)

    def end(self) -> None:
        """End everything; the daemon may be one that `setup` has started."""
        self.instance.run("pueue", "shutdown")
        self._faults.kill_everything()

    def settle(self, *, touched: tuple[str, ...] = (), strikes: int = 1) -> dict[str, Claim]:
        """Mend, wait until all have ended, and let the checker judge; returns the claims."""
        self.points.disarm()
        self._mend()
        wait_until(self._has_ended, timeout_s=_LIMIT_S, message="every task has ended")
        found = self.claims()
        keys = frozenset(found[word].key for word in touched if word in found)
        wrong = check(self.instance.project, found.values(), Storm(keys, strikes))
        wrong = [each for each in wrong if "nobody knows of it" not in each]  # earlier trials'
        assert not wrong, "\n".join(wrong)
        return found

    def _mend(self) -> None:
        done = self.instance.run("ccpar-hybrid", "setup", str(WORKERS), "--agent", "command")
        assert done.returncode == 0, done.stderr

    def _has_ended(self) -> bool:
        return all(claim.state in ENDED_STATES for claim in self.claims().values())

    def _is_mine(self, claim: Claim) -> bool:
        return claim.name.startswith(self.name(""))


Trial = Callable[[Ground, str], None]


def worker_dies(ground: Ground, point: str) -> None:
    """On its way with a task, or just after it."""
    ground.points.arm(point)
    assert ground.add(ground.pair()) == 0
    ground.await_strike(point)
    ground.settle()


def writer_dies(ground: Ground, point: str) -> None:
    """Whoever writes next to the ledger while a task is at work."""
    assert ground.add(ground.pair(LONG // 2)) == 0
    ground.begun("first")
    ground.points.arm(point)
    ground.await_strike(point)
    ground.settle()


def next_attempt_dies(ground: Ground, point: str) -> None:
    """The worker of an agent that was killed, before the agent goes on."""
    assert ground.add(ground.pair(LONG)) == 0
    ground.begun("first")
    ground.points.arm(point)
    ground.kill("agent")
    ground.await_strike(point)
    ground.settle(strikes=2)


def new_worker_dies(ground: Ground, point: str) -> None:
    """One that follows a killed one, before it is at work."""
    assert ground.add(ground.pair(LONG)) == 0
    ground.begun("first")
    ground.points.arm(point)
    ground.kill("worker")
    ground.instance.cli("setup", str(WORKERS))  # starts it once more
    ground.await_strike(point)
    ground.settle(strikes=2)


def shim_dies(ground: Ground, point: str) -> None:
    """To its worker and its daemon that is a kill by a person: it may end in any way."""
    ground.points.arm(point)
    assert ground.add(ground.pair()) == 0
    ground.await_strike(point)
    ground.settle(touched=("first", "second"))


def add_dies(ground: Ground, point: str) -> None:
    """Before it has confirmed anything: all of its tasks are there, or none."""
    ground.dies(point, "add", "--jsonl", input=jsonl(ground.pair()))
    found = ground.settle()
    assert len(found) in (0, 2), found


def recovery_dies(ground: Ground, point: str) -> None:
    """After the daemon's death, with one task at work, one that waits, and one that has ended
    meanwhile."""
    made = [*ground.pair(LONG), Chore(ground.name("short"), (), 0, LONG // 2)]
    assert ground.add(made) == 0
    ground.begun("first")
    ground.begun("short")
    ground.kill("pueued")
    place, name = ground.instance.project, ground.name("short")
    wait_until(lambda: read_trace(place, name).ends, timeout_s=_LIMIT_S)
    ground.dies(point, "setup", str(WORKERS))
    ground.settle(strikes=2)


def restart_dies(ground: Ground, point: str) -> None:
    """After that the task runs again or not, as if it had been asked or not."""
    assert ground.add(ground.pair()[:1]) == 0
    ground.settle(strikes=0)
    if point == "restart.queued":  # only a task that Pueue has forgotten is added anew
        ground.instance.pueue("clean", "-g", GROUP)
    ground.dies(point, "restart", ground.key("first"))
    found = ground.settle(touched=("first",))
    assert found["first"].state == "succeeded"


def cancel_dies(ground: Ground, point: str) -> None:
    """Of a task that waits: it is cancelled, and what waits for it never begins."""
    ground.instance.pueue("pause", "-g", GROUP)
    assert ground.add(ground.pair()) == 0
    ground.dies(point, "cancel", ground.key("first"))
    ground.instance.pueue("start", "-g", GROUP)
    found = ground.settle(touched=("first",))
    assert [found[word].state for word in ("first", "second")] == ["cancelled", "skipped"]


def skipping_dies(ground: Ground, point: str) -> None:
    """While it is recorded that a task was skipped."""
    assert ground.add(ground.pair(LONG)) == 0
    ground.begun("first")
    ground.kill("shim")
    wait_until(
        lambda: "DependencyFailed" in ground.instance.pueue("status", "--json"),
        timeout_s=_LIMIT_S,
        message="Pueue skips the second one",
    )
    ground.dies(point, "setup", str(WORKERS))
    found = ground.settle(touched=("first",), strikes=2)
    assert found["second"].state == "skipped"


TRIALS: Mapping[str, Trial] = {
    "post.idle": worker_dies,
    "post.connected": worker_dies,
    "post.claimed": worker_dies,
    "worker.opened": new_worker_dies,
    "worker.admitted": worker_dies,
    "lease.ending": worker_dies,
    "run.leased": worker_dies,
    "run.met": worker_dies,
    "run.noted": next_attempt_dies,
    "run.begun": worker_dies,
    "run.judged": worker_dies,
    "run.settled": worker_dies,
    "run.delivered": worker_dies,
    "run.told": worker_dies,
    "attempt.prepared": worker_dies,
    "attempt.held": worker_dies,
    "attempt.released": worker_dies,
    "attempt.over": worker_dies,
    "attempt.closed": worker_dies,
    "shim.started": shim_dies,
    "shim.published": shim_dies,
    "shim.claimed": shim_dies,
    "shim.handed": shim_dies,
    "shim.told": shim_dies,
    "submit.released": add_dies,
    "add.kept": add_dies,
    "submit.held": add_dies,
    "add.queued": add_dies,
    "add.noted": add_dies,
    "recover.noted": recovery_dies,
    "recover.queued": recovery_dies,
    "recover.reconciled": recovery_dies,
    "recover.resumed": recovery_dies,
    "restart.reopened": restart_dies,
    "restart.queued": restart_dies,
    "cancel.settled": cancel_dies,
    "tidy.settled": skipping_dies,
    "ledger.add": add_dies,
    "ledger.submitted": add_dies,
    "ledger.commit": writer_dies,
    "ledger.committed": writer_dies,
    "ledger.begin": worker_dies,
    "ledger.end": worker_dies,
    "ledger.settle": worker_dies,
    "ledger.reopen": restart_dies,
}
"""By the point."""
