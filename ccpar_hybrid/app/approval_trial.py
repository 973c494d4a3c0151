"""History under another policy: what would change, and which rules people's answers suggest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ccpar_hybrid.app.approval_view import ApprovalView
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.policy_check import Bench
from ccpar_hybrid.approval.ground import ground
from ccpar_hybrid.approval.rule import Asker
from ccpar_hybrid.approval.suggestion import Seen
from ccpar_hybrid.approval.verdict import Verdict
from ccpar_hybrid.core.decision import Approval, By, Decision, Way


@dataclass(frozen=True)
class Trial:
    """A request of the past, and what the policy says of it now; None: its folder is gone."""

    view: ApprovalView
    verdict: Verdict | None

    @property
    def is_changed(self) -> bool:
        """Whether it would be decided otherwise than the policy of then did."""
        was = self.view.approval.ruling.decision
        return self.verdict is not None and self.verdict.decision is not was

    @property
    def is_against_a_person(self) -> bool:
        """Whether a person decided the contrary."""
        answer = self.view.approval.answer
        if self.verdict is None or answer is None or answer.by not in (By.PERSON, By.HAND):
            return False
        return {self.verdict.decision, answer.decision} == {Decision.ALLOW, Decision.DENY}


def judge(bench: Bench, view: ApprovalView) -> Verdict | None:
    """What the policy says of a request, by the disk as it is now; None: its folder is gone."""
    request = view.approval.request
    if not (Path(view.directory).is_dir() and Path(request.directory).is_dir()):
        return None
    asker = Asker(tool=request.tool, agent=request.agent, group=request.group)
    return bench.judge_at(asker, request.input, view.directory, request.directory)


def replay(bench: Bench, views: Iterable[ApprovalView]) -> list[Trial]:
    """Each request under this policy."""
    return [Trial(view, judge(bench, view)) for view in views]


def answered_by_people(app: App, views: Iterable[ApprovalView]) -> Iterator[Seen]:
    """What people decided, where it is known how and the folders are still there."""
    own = (app.paths.config, app.paths.state, app.paths.data, app.paths.runtime)
    for view in views:
        answer, request = view.approval.answer, view.approval.request
        if not _is_known(view.approval) or not Path(request.directory).is_dir():
            continue
        if answer is None or not Path(view.directory).is_dir():
            continue
        yield Seen(
            tool=request.tool,
            input=request.input,
            agent=request.agent,
            group=request.group,
            ground=ground(view.directory, app.environment, own, request.directory),
            is_allowed=answer.decision is Decision.ALLOW,
            at=answer.at,
        )


def _is_known(approval: Approval) -> bool:
    """By screen the input may be read in part: a rule about that would be about more calls."""
    answer = approval.answer
    return (
        approval.request.way is Way.HOOK
        and answer is not None
        and answer.by in (By.PERSON, By.HAND)
        and answer.decision in (Decision.ALLOW, Decision.DENY)
    )
