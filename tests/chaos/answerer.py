"""A person who answers what agents ask leave for: by command, and by keys in the pane."""

from __future__ import annotations

import sys
import threading
import time
from datetime import UTC, datetime
from random import Random

from ccpar_hybrid.agents.claude_dialog import read_prompt
from ccpar_hybrid.core.decision import Approval, Decision, End
from ccpar_hybrid.core.errors import CcparError
from tests.chaos.asking import command_of, is_meant, name_of
from tests.chaos.asking_checker import Place
from tests.chaos.person import GOOD_CODES, KILLED
from tests.support.instance import Instance

_LOOK_S = 0.25
_PRESS_AGAIN_S = 3.0
_PATIENCE_S = 8.0


class Answerer:
    """Decides at random what waits for a person, until `stop` is set.

    Several may decide the same request at once, and only one of them may have their way. Every
    fifth request is answered by key, by the one of them who `types`. `touched`: tasks that were
    cancelled for want of another answer.
    """

    def __init__(self, instance: Instance, random: Random, *, types: bool, helps: bool) -> None:
        """`helps`: a dialog whose hook was killed is for nobody else."""
        self._instance = instance
        self._helps = types and helps
        self._random = random
        self._types = types
        self._pressed_at: dict[str, float] = {}
        self.stop = threading.Event()
        self.pressed: set[Place] = set()
        self.touched: set[str] = set()
        self.story: list[str] = []
        self.complaints: list[str] = []

    def run(self) -> None:
        """Look and answer, again and again."""
        while not self.stop.wait(_LOOK_S):
            for approval in self._left() if self._helps else ():
                self._help(approval)
            for approval in self._waiting():
                if int(approval.id[-2:], 16) % 5:
                    self._decide(approval)
                elif self._types and not self._press(approval):
                    self._despair(approval)

    def _waiting(self) -> list[Approval]:
        try:
            found = self._instance.app.ledger.approvals.standing()
        except CcparError:  # it is being mended
            return []
        return [approval for approval in found if approval.is_open]

    def _left(self) -> list[Approval]:
        """Those whose hook was killed: their dialogs are the pane's alone."""
        ledger = self._instance.app.ledger
        try:
            gone = [each for each in ledger.approvals.history(limit=30) if each.end is End.GONE]
            last = ledger.last_attempts([each.request.key for each in gone])
        except CcparError:
            return []
        return [
            each
            for each in gone
            if (attempt := last.get(each.request.key)) is not None
            and (attempt.number, attempt.outcome) == (each.request.attempt, None)
        ]

    def _help(self, approval: Approval) -> None:
        """Nobody but a person can; what the policy denies, a person ends with its task."""
        request = approval.request
        if approval.ruling.decision is not Decision.DENY:
            self._press(approval)
        elif self._shows(request.pane, command_of(request.input)):
            self.touched.add(request.key)
            self._cli("cancel", request.key)

    def _decide(self, approval: Approval) -> None:
        likes, meant = self._random.random() < 0.6, is_meant(command_of(approval.request.input))
        if meant or (meant is None and likes):
            self._cli("approvals", "approve", approval.id)
        else:
            self._cli("approvals", "deny", approval.id, "--message", "rather not")

    def _despair(self, approval: Approval) -> None:
        """Of a dialog that cannot be read in the pane for long, in which nothing was pressed."""
        age = datetime.now(UTC) - approval.request.asked_at
        if age.total_seconds() > _PATIENCE_S and approval.id not in self._pressed_at:
            self._decide(approval)

    def _press(self, approval: Approval) -> bool:
        """Only where the pane shows this very dialog; again only where the key was swallowed."""
        if time.monotonic() - self._pressed_at.get(approval.id, -_PRESS_AGAIN_S) < _PRESS_AGAIN_S:
            return True
        request = approval.request
        command = command_of(request.input)
        if not self._shows(request.pane, command):
            return False
        self._pressed_at[approval.id] = time.monotonic()
        self.pressed.add((request.key, request.attempt, name_of(command)))
        self.story.append(f"press 1 for {command}")
        self._instance.run("tmux", "send-keys", "-t", request.pane, "1")
        return True

    def _shows(self, pane: str, command: str) -> bool:
        form = "#{pane_width}"
        width = self._instance.run("tmux", "display-message", "-p", "-t", pane, form).stdout.strip()
        screen = self._instance.run("tmux", "capture-pane", "-p", "-e", "-t", pane).stdout
        if not width.isdigit():
            return False
        prompt = read_prompt(screen, int(width))
        return prompt is not None and prompt.whole and prompt.subject == command

    def _cli(self, *words: str) -> None:
        done = self._instance.run(sys.executable, "-P", "-m", "ccpar_hybrid", *words)
        said = done.stderr.strip().splitlines()
        self.story.append(f"ccpar-hybrid {' '.join(words)}: {done.returncode} {' '.join(said[:1])}")
        if done.returncode not in (*GOOD_CODES, KILLED):
            self.complaints.append(f"{words}: {done.returncode} {done.stderr}")
