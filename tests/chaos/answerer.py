"""A person who answers what agents ask leave for: by command, and by keys in the pane."""

from __future__ import annotations

import sys
import threading
import time
from datetime import UTC, datetime
from random import Random

from ccpar_hybrid.agents.claude_dialog import read_prompt
from ccpar_hybrid.core.decision import Approval
from ccpar_hybrid.core.errors import CcparError
from tests.chaos.asking import name_of
from tests.chaos.asking_checker import Place
from tests.chaos.person import GOOD_CODES, KILLED
from tests.support.instance import Instance

_LOOK_S = 0.25
_PRESS_AGAIN_S = 3.0
_PATIENCE_S = 8.0


class Answerer:
    """Decides at random what waits for a person, until `stop` is set.

    Several may decide the same request at once, and only one of them may have their way. Every
    fifth request is answered by key, by the one of them who `types`.
    """

    def __init__(self, instance: Instance, random: Random, *, types: bool) -> None:
        self._instance = instance
        self._random = random
        self._types = types
        self._pressed_at: dict[str, float] = {}
        self.stop = threading.Event()
        self.pressed: set[Place] = set()
        self.story: list[str] = []
        self.complaints: list[str] = []

    def run(self) -> None:
        """Look and answer, again and again."""
        while not self.stop.wait(_LOOK_S):
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

    def _decide(self, approval: Approval) -> None:
        if self._random.random() < 0.6:
            self._cli("approve", approval.id)
        else:
            self._cli("deny", approval.id, "--message", "rather not")

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
        command = str(request.input.get("command"))
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
        done = self._instance.run(sys.executable, "-P", "-m", "ccpar_hybrid", "approvals", *words)
        said = done.stderr.strip().splitlines()
        self.story.append(f"approvals {' '.join(words)}: {done.returncode} {' '.join(said[:1])}")
        if done.returncode not in (*GOOD_CODES, KILLED):
            self.complaints.append(f"{words}: {done.returncode} {done.stderr}")
