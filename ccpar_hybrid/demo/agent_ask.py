"""Asking for leave: a dialog on the screen, and hooks that may answer it first. Stdlib only."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ccpar_hybrid.demo.agent_dialog import CANCEL, Answer, Dialog
from ccpar_hybrid.demo.agent_hook import Reply
from ccpar_hybrid.demo.agent_loop import Job, Loop, Wait
from ccpar_hybrid.demo.agent_permission import Mode, Ruling
from ccpar_hybrid.demo.agent_request import dialog_for, question_dialog
from ccpar_hybrid.demo.agent_screen import Screen
from ccpar_hybrid.demo.agent_session import Session

# The real program tells it only after some seconds, so that a prompt answer makes no noise.
NOTIFY_AFTER_S = 6.0
BY_HOOK = "Allowed by PermissionRequest hook"
NO_PLAN = (
    "You are not in plan mode. To enter plan mode, call the EnterPlanMode tool first. If your "
    "plan was already approved, continue with implementation."
)
Input = Mapping[str, object]


class Interrupted(Exception):
    """A person stopped the turn; ``in_tool`` says that a tool call was open."""

    def __init__(self, in_tool: bool = False) -> None:
        super().__init__()
        self.in_tool = in_tool


@dataclass(frozen=True, slots=True)
class Leave:
    """Whether a call may go on: ``refusal`` says why not; ``answers`` are a person's."""

    refusal: str | None = None
    note: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)


class Gate:
    """Decides about tool calls by rules, hooks and people."""

    def __init__(self, session: Session, screen: Screen, loop: Loop) -> None:
        self._session, self._screen, self._loop = session, screen, loop

    def pass_(self, name: str, given: Input, call_id: str) -> Job[Leave]:
        """Ask for leave where it is needed. Raises Interrupted where a person says no."""
        before = yield from self._session.fire(
            "PreToolUse", name, tool_name=name, tool_input=given, tool_use_id=call_id
        )
        decision = before.specific.get("permissionDecision")
        if before.blocked or decision == "deny":
            reason = before.specific.get("permissionDecisionReason")
            return Leave(before.blocked or str(reason or "denied by a hook"))
        if name == "ExitPlanMode" and self._session.policy.mode is not Mode.PLAN:
            return Leave(NO_PLAN)
        ruling = self._session.policy.ruling(name, given)
        if ruling is Ruling.DENY:
            return Leave(f"Permission to use {name} has been denied.")
        if ruling is Ruling.ALLOW or decision == "allow":
            return Leave()
        return (yield from self._ask(name, given))

    def _ask(self, name: str, given: Input) -> Job[Leave]:
        """Show the dialogs of a call while its PermissionRequest hooks run."""
        replies: list[Reply] = []
        hook = self._loop.start(self._request(name, given, replies))
        try:
            if name == "AskUserQuestion":
                return (yield from self._questions(given, replies))
            answer = yield from self._shown(
                name, dialog_for(name, given, self._session.folder), replies
            )
            return self._leave(name, given, answer, replies)
        finally:
            hook.close()

    def _request(self, name: str, given: Input, replies: list[Reply]) -> Job[None]:
        facts: dict[str, object] = {"tool_name": name, "tool_input": given}
        if name not in ("AskUserQuestion", "ExitPlanMode"):
            facts["permission_suggestions"] = self._session.policy.suggestions(name, given)
        replies.append((yield from self._session.fire("PermissionRequest", name, **facts)))

    def _shown(self, name: str, dialog: Dialog, replies: list[Reply]) -> Job[Answer | None]:
        """The person's answer; None if a hook decided first."""
        self._screen.dialog = dialog
        shown_s = time.monotonic()
        notice_s: float | None = shown_s + NOTIFY_AFTER_S
        try:
            while dialog.answer is None:
                if any(reply.permission for reply in replies):
                    return None
                if notice_s is not None and time.monotonic() >= notice_s:
                    notice_s = None
                    self._loop.start(self._notify())
                known = len(replies)
                yield Wait(
                    lambda known=known: dialog.answer is not None or len(replies) > known,  # type: ignore[misc]
                    notice_s,
                )
            return dialog.answer
        finally:
            self._screen.dialog = None
            _note(time.monotonic() - shown_s)

    def _notify(self) -> Job[None]:
        message = "Claude needs your permission"
        yield from self._session.fire(
            "Notification",
            "permission_prompt",
            message=message,
            notification_type="permission_prompt",
        )

    def _leave(self, name: str, given: Input, answer: Answer | None, replies: list[Reply]) -> Leave:
        if answer is None:
            return _by_hook(replies)
        if answer.value in ("no", CANCEL):
            if answer.text:
                return Leave(f"The user doesn't want to proceed, and said: {answer.text}")
            raise Interrupted(in_tool=True)
        if answer.value == "session":
            self._session.policy.remember(name, given)
        if name == "ExitPlanMode":
            edits = answer.value == "edits"
            self._session.policy.mode = Mode.ACCEPT_EDITS if edits else Mode.DEFAULT
        return Leave(note=f"The user added: {answer.text}" if answer.text else "")

    def _questions(self, given: Input, replies: list[Reply]) -> Job[Leave]:
        questions = given.get("questions")
        answers: dict[str, str] = {}
        for each in questions if isinstance(questions, list) else ():
            if not isinstance(each, Mapping):
                continue
            answer = yield from self._shown("AskUserQuestion", question_dialog(each), replies)
            if answer is None:
                return _by_hook(replies)
            if answer.value == CANCEL:
                raise Interrupted(in_tool=True)
            if answer.value == "chat":
                return Leave("The user wants to chat about the question first.")
            text = answer.text if answer.value == "text" else answer.value
            answers[str(each.get("question", ""))] = text
        return Leave(answers=answers)


def _note(stood_s: float) -> None:
    """For measurements: how long each dialog stood, where a file for that is named."""
    if path := os.environ.get("CCPAR_DEMO_STOOD"):
        with Path(path).open("a", encoding="ascii") as file:
            file.write(f"{stood_s:.4f}\n")


def _by_hook(replies: list[Reply]) -> Leave:
    decision = next((reply.permission for reply in replies if reply.permission), ("deny", ""))
    if decision[0] == "allow":
        return Leave(note=BY_HOOK)
    return Leave(decision[1] or "Denied by PermissionRequest hook")
