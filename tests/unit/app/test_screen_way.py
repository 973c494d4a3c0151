"""Dialogs of recorded screens, seen in panes of a tmux that does as the tests say."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from ccpar_hybrid.agents.prompt import Prompt
from ccpar_hybrid.agents.registry import all_agents
from ccpar_hybrid.app import screen_answer, screen_past, screen_way
from ccpar_hybrid.app.approval_desk import Desk
from ccpar_hybrid.app.judge import Judge
from ccpar_hybrid.app.pane_owner import Owner
from ccpar_hybrid.app.screen_way import Place, ScreenWay
from ccpar_hybrid.approval.keys import Care, Presser
from ccpar_hybrid.approval.watch import PaneState, Sight
from ccpar_hybrid.core.decision import Answer, Approval, By, Decision, End, Way
from ccpar_hybrid.core.errors import Refused
from ccpar_hybrid.core.settings import ApproverSettings, Settings, Via
from ccpar_hybrid.ledger.store import Ledger
from ccpar_hybrid.system import paths
from ccpar_hybrid.tmux.control_script import Command, Reply
from tests.support.approval import ASKED, KEY, make_request
from tests.support.ledger import SOME_TIME, make_task

DIALOGS = Path(__file__).parents[2] / "data" / "claude" / "dialogs"
FETCH, BASH, QUESTION = (
    (DIALOGS / f"{name}-120x30.ans").read_text(encoding="utf-8")
    for name in ("permission-fetch", "permission-bash", "question")
)
IDLE = "nothing is asked here"
PANE = PaneState("%1", 77, 120, 30)
POLICY = '[[rule]]\ndecision = "allow"\ntool = ["Bash", "WebFetch"]\n'
_KEY = re.compile(r"send-keys -t %1 (\S+) ; display-message -p (\S+)")


class Tmux:
    """One pane; `on_key` says what it shows after a key."""

    def __init__(self) -> None:
        self.screen = IDLE
        self.after_key = IDLE
        self.keys: list[str] = []

    async def __aenter__(self) -> Tmux:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def ask(self, *commands: Command, once: bool = False) -> list[Reply]:
        return [self._done(command) for command in commands]

    def _done(self, command: Command) -> Reply:
        if command[0] == "capture-pane":
            text = self.screen if "-e" in command else bare(self.screen)
            return Reply(True, tuple(text.split("\n")))
        found = _KEY.search(command[-2]) if command[0] == "if-shell" else None
        if found is None:
            return Reply(False, ())
        self.keys.append(found[1])
        self.screen = self.after_key
        return Reply(True, (found[2],))


def bare(screen: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", screen)


class Stage:
    """A pane, its owner, a ledger, and the one who answers by screen."""

    def __init__(self, home: Path, via: Via) -> None:
        project = home / "project"
        project.mkdir()
        config = home / ".config" / "ccpar-hybrid"
        config.mkdir(parents=True)
        (config / "policy.toml").write_text(POLICY, encoding="utf-8")
        environment = {"HOME": str(home)}
        self.tmux = Tmux()
        self.ledger = Ledger.open(str(home / "ledger" / "l.db"))
        self.ledger.add([make_task(KEY)])
        self.book = self.ledger.approvals
        self.said: list[str] = []
        settings = ApproverSettings(via=via)
        self.desk = Desk(self.book, Judge(environment), settings, self.said.append)
        self.owner: Owner | None = Owner(
            KEY, 1, "claude", "g", "w1", "%1", None, str(project), takes_keys=True
        )
        agents = all_agents(Settings())
        self._place = Place("s", environment, paths.resolve(environment), self.ledger, agents)
        self.way = self.approver()
        self.in_mode = False
        self.redrawn: Prompt | None = None
        self.redraws = 0

    def approver(self) -> ScreenWay:
        """One that begins now."""
        return ScreenWay(self._place, self.desk, self.decide)

    async def decide(self, request_id: str, answer: Answer) -> None:
        """As the approver does."""
        settled = await self.desk.settle(request_id, answer)
        assert settled
        await self.way.answer(settled)

    async def look(self, screen: str | None = None, times: int = 1) -> None:
        """So many looks at the pane, each with all that follows it."""
        if screen is not None:
            self.tmux.screen = screen
        for _ in range(times):
            shown = self.tmux.screen
            plain = tuple(bare(shown).split("\n"))
            sight = Sight(PANE, "s", "w1", "g", self.in_mode, shown, plain, time.monotonic())
            await self.way._saw([sight] if "❯ 1." in bare(shown) else [])
            while self.way._busy:
                await asyncio.gather(*self.way._busy.values())

    def found(self) -> list[Approval]:
        """All requests, the oldest first."""
        return self.book.history()[::-1]


Story = Callable[[Stage], Awaitable[None]]


def play(home: Path, monkeypatch: pytest.MonkeyPatch, story: Story, via: Via = Via.SCREEN) -> None:
    stage: list[Stage] = []

    def owner_of(*_: object) -> Owner | None:
        return stage[0].owner

    async def redraw(*_: object) -> Prompt | None:
        stage[0].redraws += 1
        return stage[0].redrawn

    async def bounded() -> None:
        async with asyncio.timeout(60):
            await story(stage[0])

    quick = Care(looks=2, span_s=0.01, most=20, gone_s=0.3)
    monkeypatch.setattr(screen_answer, "Presser", partial(Presser, care=quick, wary=quick))
    monkeypatch.setattr(screen_answer, "redraw", redraw)
    monkeypatch.setattr(screen_way, "owner_of", owner_of)
    monkeypatch.setattr(screen_way, "Control", lambda *_: stage[0].tmux if stage else Tmux())
    for module, name in (
        (screen_answer, "AGAIN_S"),
        (screen_answer, "LATER_S"),
        (screen_way, "LATER_S"),
        (screen_way, "STANDS_S"),
        (screen_way, "_HOOK_S"),
        (screen_past, "CLOSE_S"),
    ):
        monkeypatch.setattr(module, name, 0.0)
    stage.append(Stage(home, via))
    stage[0].way = stage[0].approver()
    try:
        asyncio.run(bounded())
    finally:
        stage[0].ledger.close()


def kinds(found: list[Approval]) -> list[tuple[object, ...]]:
    return [(each.answer and each.answer.decision, each.end) for each in found]


ALLOWED = (Decision.ALLOW, End.ANSWERED)
OPEN = (None, None)


def test_what_is_exact_is_answered_at_its_first_look(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(stage: Stage) -> None:
        await stage.look(FETCH)
        assert (stage.tmux.keys, stage.redraws) == (["1"], 0)
        await stage.look(times=3)
        (only,) = stage.found()
        assert (only.request.tool, only.request.way) == ("WebFetch", Way.SCREEN)
        assert only.key_at is not None
        assert kinds([only]) == [ALLOWED]

    play(home, monkeypatch, story)


def test_what_is_not_exact_is_drawn_anew_and_left_to_a_person_where_it_does_not_agree(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(stage: Stage) -> None:
        await stage.look(BASH, times=screen_answer.MOST_TRIES + 3)
        assert (stage.tmux.keys, stage.redraws) == ([], screen_answer.MOST_TRIES)
        (only,) = stage.found()
        assert kinds([only]) == [OPEN]
        assert "drawn anew" in only.ruling.why

    play(home, monkeypatch, story)


def test_a_dialog_that_stays_after_its_key_gets_no_other(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(stage: Stage) -> None:
        stage.tmux.after_key = FETCH
        await stage.look(FETCH, times=4)
        assert stage.tmux.keys == ["1"]
        (only,) = stage.found()
        assert kinds([only]) == [OPEN]
        assert "stays" in only.ruling.why
        answer = Answer(decision=Decision.ALLOW, by=By.PERSON, at=SOME_TIME)
        stage.way.check(only, Decision.ALLOW)
        with pytest.raises(Refused, match="drawn anew"):
            await stage.decide(only.id, answer)
        assert stage.tmux.keys == ["1"]
        assert kinds(stage.found()) == [OPEN]

    play(home, monkeypatch, story)


def test_the_same_dialog_again_without_a_gap_is_drawn_anew_first(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(stage: Stage) -> None:
        await stage.look(FETCH)
        await stage.look(FETCH, times=2)
        assert (stage.tmux.keys, stage.redraws > 0) == (["1"], True)
        await stage.look(IDLE, times=3)
        await stage.look(FETCH)
        assert stage.tmux.keys == ["1", "1"]

    play(home, monkeypatch, story)


def test_what_comes_by_hook_is_left_to_it_until_its_hook_is_gone(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(stage: Stage) -> None:
        by_hook = make_request("touch a")
        stage.book.note(by_hook, ASKED)
        await stage.look(BASH, times=3)
        (only,) = stage.found()
        assert only.request.screen
        stage.book.end(by_hook.id, End.GONE, SOME_TIME)
        await stage.look(times=2)
        _, by_key = stage.found()
        assert by_key.request.input == by_hook.input
        assert by_key.answer or by_key.ruling.decision is Decision.ASK

    play(home, monkeypatch, story, Via.AUTO)


def test_a_request_gives_way_to_a_hook_that_comes_late(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(stage: Stage) -> None:
        await stage.look(BASH, times=2)
        assert kinds(stage.found()) == [OPEN]
        stage.book.note(make_request("touch a"), ASKED)
        await stage.look(times=3)
        assert kinds(stage.found()) == [(None, End.GONE), OPEN]

    play(home, monkeypatch, story, Via.AUTO)


def test_a_dialog_of_another_attempt_is_another_request(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(stage: Stage) -> None:
        await stage.look(QUESTION, times=2)
        assert stage.owner
        stage.owner = replace(stage.owner, attempt=2)
        await stage.look(times=3)
        assert [each.request.attempt for each in stage.found()] == [1, 2]

    play(home, monkeypatch, story)


@pytest.mark.parametrize("change", ["gone", "command", "stopped", "mode"])
def test_no_key_goes_where_it_would_not_meet_an_agents_dialog(
    home: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    async def story(stage: Stage) -> None:
        owner = stage.owner
        assert owner
        if change == "mode":
            stage.in_mode = True
        elif change == "stopped":
            stage.owner = replace(owner, takes_keys=False)
        else:
            stage.owner = None if change == "gone" else replace(owner, agent=change)
        await stage.look(FETCH, times=3)
        assert stage.tmux.keys == []
        assert len(stage.found()) == (change in ("mode", "stopped"))
        stage.owner, stage.in_mode = owner, False
        stage.way._texts.clear()
        await stage.look(times=2)
        assert stage.tmux.keys == ["1"]

    play(home, monkeypatch, story)


def test_a_person_answers_only_what_stands(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(stage: Stage) -> None:
        await stage.look(QUESTION, times=2)
        (asked,) = stage.found()
        for decision in (Decision.ALLOW, Decision.DENY):
            with pytest.raises(Refused, match="no key"):
                stage.way.check(asked, decision)
        await stage.look(IDLE, times=3)
        with pytest.raises(Refused, match="not seen"):
            stage.way.check(asked, Decision.ALLOW)

    play(home, monkeypatch, story)


@pytest.mark.parametrize("was_pressed", [False, True])
def test_a_new_approver_takes_up_what_stood(
    home: Path, monkeypatch: pytest.MonkeyPatch, was_pressed: bool
) -> None:
    async def story(stage: Stage) -> None:
        stage.in_mode = True
        await stage.look(FETCH, times=2)
        (asked,) = stage.found()
        if was_pressed:
            stage.book.note_key(asked.id, SOME_TIME)
        stage.way, stage.in_mode = stage.approver(), False
        await stage.way._past.load()
        await stage.look(times=2)
        assert stage.tmux.keys == ([] if was_pressed else ["1"])
        assert (stage.redraws > 0) is was_pressed
        assert len(stage.found()) == 1

    play(home, monkeypatch, story)
