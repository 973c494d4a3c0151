"""Judges requests by whichever way they come, notes what is decided, and keeps the time.

A request is in the ledger with what the policy says before anybody is answered.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from weakref import WeakValueDictionary

from ccpar_hybrid.agents.claude_tool import summary
from ccpar_hybrid.app.judge import Judge
from ccpar_hybrid.approval.limit import excess
from ccpar_hybrid.core.decision import Answer, Approval, By, Decision, End, Request, Ruling, Way
from ccpar_hybrid.core.errors import CcparError
from ccpar_hybrid.core.mask import masked, masked_value
from ccpar_hybrid.core.settings import ApproverSettings, OnTimeout, Via
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.ledger.approval import ApprovalBook
from ccpar_hybrid.system.fault import reach

VIA_WORDS = {
    Via.AUTO: "by hook, and by screen what has none",
    Via.SCREEN: "by screen alone, which is less sure than by hook",
    Via.HOOK: "by hook alone",
}
_WIDTH = 100
Temper = Callable[[Ruling], Ruling]
"""What is made of the policy's word where the way is less sure than a hook."""
Decide = Callable[[str, Answer], Awaitable[object]]
"""Notes a decision on a request and lets the agent know."""


class Desk:
    """One instance's; `say` is told each decision in one line, `ring` calls a person."""

    def __init__(
        self,
        book: ApprovalBook,
        judge: Judge,
        settings: ApproverSettings,
        say: Callable[[str], None],
        ring: Callable[[], None] = lambda: None,
    ) -> None:
        self.book = book
        self.settings = settings
        self.say = say
        self._ring = ring
        self._judge = judge
        self._deadlines: dict[str, asyncio.Task[None]] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def take(
        self,
        request: Request,
        given: Mapping[str, Any],
        temper: Temper = lambda ruling: ruling,
        *,
        is_seen: bool = False,
    ) -> Approval:
        """The request as it is in the ledger, judged by its input if it is new.

        `is_seen`: the input is what a screen shows, and there may be more to it.
        """
        lock = self._locks.setdefault(request.key, asyncio.Lock())
        async with lock:  # what a task was allowed is counted one by one
            return await asyncio.to_thread(self._taken, request, given, temper, is_seen)

    def _taken(
        self, request: Request, given: Mapping[str, Any], temper: Temper, is_seen: bool
    ) -> Approval:
        found = self.book.find(request.id)
        if found is not None:
            return found
        ruling = temper(self._judge.rule(request, given))
        if is_seen and ruling.decision is Decision.ALLOW:
            ruling = self._judge.rule_unseen(request, ruling)
        ruling = self._limited(request, ruling)
        answer = None
        if ruling.decision is not Decision.ASK:
            denied = ruling.decision is Decision.DENY
            message = self._judge.message(request, ruling) if denied else ""
            answer = Answer(decision=ruling.decision, by=By.POLICY, at=now(), message=message)
        reach("approver.judged")
        approval = self.book.note(request, ruling, answer)
        if answer is None:
            self.ask(told(approval))
        else:
            self.say(told(approval))
        return approval

    def ask(self, line: str) -> None:
        """Say that a person is waited for, and call one."""
        self.say(line)
        self._ring()

    def _limited(self, request: Request, ruling: Ruling) -> Ruling:
        if ruling.decision is not Decision.ALLOW:
            return ruling
        most, most_alike = self.settings.most, self.settings.most_alike
        earlier = self.book.since_a_person(request.key, max(most, most_alike))
        why = excess(request, earlier, most, most_alike)
        return asked_instead(ruling, why) if why else ruling

    async def settle(self, request_id: str, answer: Answer) -> Approval | None:
        """Note a decision; None if there is one already."""
        if not await asyncio.to_thread(self.book.decide, request_id, answer):
            return None
        reach("approver.decided")
        self.forget_deadline(request_id)
        found = await asyncio.to_thread(self.book.find, request_id)
        if found is not None:
            self.say(told(found))
        return found

    async def end(self, request_id: str, end: End) -> None:
        """Note what became of it."""
        self.forget_deadline(request_id)
        await asyncio.to_thread(self.book.end, request_id, end, now())

    # --- time

    def await_deadline(self, approval: Approval, decide: Decide) -> None:
        """Let `decide` deny it once nobody has answered for as long as is set, if anything is."""
        if self.settings.on_timeout is OnTimeout.WAIT or not self.settings.wait_s:
            return
        waited_s = (now() - approval.request.asked_at).total_seconds()
        left_s = min(max(self.settings.wait_s - waited_s, 0.0), self.settings.wait_s)
        self.forget_deadline(approval.id)
        deadline = self._deny_after(approval.id, left_s, decide)
        self._deadlines[approval.id] = asyncio.get_running_loop().create_task(deadline)

    async def _deny_after(self, request_id: str, wait_s: float, decide: Decide) -> None:
        await asyncio.sleep(wait_s)
        said = f"Nobody has answered within {self.settings.wait_s:g} s, so this is denied."
        answer = Answer(decision=Decision.DENY, by=By.TIMEOUT, at=now(), message=said)
        self._deadlines.pop(request_id, None)
        with contextlib.suppress(CcparError):
            await decide(request_id, answer)

    def forget_deadline(self, request_id: str) -> None:
        """It is decided, or over."""
        deadline = self._deadlines.pop(request_id, None)
        if deadline is not None:
            deadline.cancel()


def asked_instead(ruling: Ruling, why: str) -> Ruling:
    """A person is asked, for this reason, whatever a rule says."""
    changed = {"decision": Decision.ASK, "rule": "", "where": "", "why": why}
    return ruling.model_copy(update=changed)


def told(approval: Approval) -> str:
    """One line on a request and what is decided, for people; secrets are put out of sight."""
    request, ruling, answer = approval.request, approval.ruling, approval.answer
    what = visible(masked(summary(request.tool, masked_value(request.input))), _WIDTH)
    way = ", by screen" if request.way is Way.SCREEN else ""
    if answer is None:
        return f"ask    {request.worker}  {what}  ({masked(ruling.why)}{way})"
    decided = answer.decision.value if answer.decision else "answered"
    by = masked(ruling.rule or ruling.why) if answer.by is By.POLICY else f"by {answer.by}"
    return f"{decided:<6} {request.worker}  {what}  ({by}{way})"


def now() -> datetime:
    """As the ledger notes it."""
    return datetime.now(UTC)
