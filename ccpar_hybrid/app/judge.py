"""What the policy says of an agent's request, as the approver asks it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ccpar_hybrid.app.policy_check import TOOLS_FOLDER, Bench
from ccpar_hybrid.approval import policy as policies
from ccpar_hybrid.approval.act import Place
from ccpar_hybrid.approval.ground import is_below
from ccpar_hybrid.approval.rule import Asker
from ccpar_hybrid.approval.unseen import UNSEEN, readings
from ccpar_hybrid.approval.verdict import Part, Verdict
from ccpar_hybrid.core.decision import Decision, Request, Ruling
from ccpar_hybrid.core.errors import CcparError
from ccpar_hybrid.system import paths

_LONGEST_WHY = 400
Marks = tuple[tuple[str, int, int], ...]


class Judge:
    """Judges by the user's policy; reads its files anew when they change.

    Whatever goes wrong in here is a reason to ask a person.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._config = Path(paths.resolve(environment).config)
        self._bench: Bench | None = None
        self._marks: Marks | None = None

    def rule(self, request: Request, given: Mapping[str, Any]) -> Ruling:
        """The policy's word on a call with this input.

        `given` is the input as it came; where the request could not keep all of it, nobody can
        be shown what was asked for, and so it is not allowed.
        """
        begun = time.perf_counter()
        ruling = self._ruling(request, given)
        took_s = round(time.perf_counter() - begun, 6)
        return ruling.model_copy(update={"took_s": took_s, "why": ruling.why[:_LONGEST_WHY]})

    def rule_unseen(self, request: Request, ruling: Ruling) -> Ruling:
        """The word on what a screen shows, for all that it may be with letters that it does not.

        `ruling` is the one on what is shown; only what is allowed in each case stays so.
        """
        command = request.input.get("command")
        if request.tool != "Bash" or not isinstance(command, str):
            return ruling
        texts = readings(command)
        if texts is None:
            return _ask("with letters that no screen shows it may be too many other commands")
        begun = time.perf_counter()
        for text in texts:
            why = self._against(request, {**request.input, "command": text})
            if why:
                why = f"letters that no screen shows may make another command of it: {why}"
                return _ask(why[:_LONGEST_WHY])
        took_s = round(ruling.took_s + time.perf_counter() - begun, 6)
        return ruling.model_copy(update={"took_s": took_s})

    def _against(self, request: Request, given: Mapping[str, Any]) -> str:
        """What the policy has against this reading; empty: nothing."""
        try:
            verdict = self._verdict(request, given)
        except Exception as error:  # as in _ruling
            return f"judging it failed: {error}"
        if verdict is None:
            return "the agent stands elsewhere"
        held = [part for part in verdict.parts if part.decision is not Decision.ALLOW]
        grave = [part for part in held if not _is_of_unseen_name(part)]
        return verdict.why if grave else ""

    def _ruling(self, request: Request, given: Mapping[str, Any]) -> Ruling:
        if request.input != given:
            return _ask("its input holds what cannot be shown")
        try:
            verdict = self._verdict(request, given)
            if verdict is None:
                return _ask(f"the agent is in {request.folder}, outside the task's directory")
            return _told(verdict)
        except CcparError as error:
            return _ask(f"the policy cannot be used: {error.message}")
        except Exception as error:  # a bug in here must never allow, nor end the approver
            return _ask(f"judging it failed: {type(error).__name__}: {error}")

    def _verdict(self, request: Request, given: Mapping[str, Any]) -> Verdict | None:
        """None where the agent's shell stands outside the task's directory."""
        folder = _folder(request.folder or request.directory, request.directory)
        if folder is None:
            return None
        asker = Asker(tool=request.tool, agent=request.agent, group=request.group)
        return self._fresh_bench().judge_at(asker, given, request.directory, folder)

    def message(self, request: Request, ruling: Ruling) -> str:
        """What the agent is told with a denial."""
        return f"The approval policy denies this {request.tool} call: {ruling.why}"

    def trouble(self) -> str:
        """What keeps the policy from being used; empty: nothing."""
        try:
            self._fresh_bench()
        except CcparError as error:
            return error.message
        return ""

    def profile(self) -> str:
        """The profile that is in force."""
        return self._fresh_bench().policy.profile.value

    def _fresh_bench(self) -> Bench:
        marks = self._look()
        if self._bench is None or marks != self._marks:
            self._bench = None
            self._bench, self._marks = Bench(self._environment), marks
        return self._bench

    def _look(self) -> Marks:
        """What tells whether a file of the policy has changed."""
        files = [self._config / policies.FILE_NAME]
        files += sorted((self._config / TOOLS_FOLDER).glob("*"))
        found = []
        for file in files:
            try:
                seen = file.stat()
            except OSError:
                continue
            found.append((str(file), seen.st_mtime_ns, seen.st_size + (seen.st_ino << 40)))
        return tuple(found)


def _folder(stands: str, directory: str) -> str | None:
    """Where the agent's shell stands, if that is in the task's directory."""
    real = Path(directory).resolve(strict=True)
    folder = Path(stands).resolve(strict=True)
    return str(folder) if is_below(str(folder), str(real)) else None


def _is_of_unseen_name(part: Part) -> bool:
    """Whether it only touches a file of a name that nobody sees, where the task may work."""
    spot = part.act.spot
    return (
        part.decision is Decision.ASK
        and spot is not None
        and spot.places == {Place.DIRECTORY, Place.WORKTREE}
        and Path(spot.path).name.startswith(UNSEEN)
    )


def _told(verdict: Verdict) -> Ruling:
    rule = verdict.part.rule
    return Ruling(
        decision=verdict.decision,
        rule=rule.name if rule else "",
        where=rule.where if rule else "",
        why=verdict.why,
    )


def _ask(why: str) -> Ruling:
    return Ruling(decision=Decision.ASK, why=why)
