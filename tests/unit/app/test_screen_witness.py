"""Whether the pane shows the dialog of the call that a hook tells of."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccpar_hybrid.agents.registry import all_agents
from ccpar_hybrid.app import screen_witness
from ccpar_hybrid.app.screen_witness import Seen, Witness
from ccpar_hybrid.core.decision import Request
from ccpar_hybrid.core.errors import NotFound
from ccpar_hybrid.core.settings import Settings
from ccpar_hybrid.ledger.store import Ledger
from ccpar_hybrid.tmux.control_script import Command, Reply
from tests.support.approval import ASKED, make_request

DIALOGS = Path(__file__).parents[2] / "data" / "claude" / "dialogs"
BASH = (DIALOGS / "permission-bash-120x30.ans").read_text(encoding="utf-8")
SHOWN = "touch a"
IDLE = "a text that somebody printed\n\nand no dialog"


class Panes:
    """A tmux server whose panes all show this; None: there is none."""

    def __init__(self, screen: str | None) -> None:
        self.screen = screen
        self.asked = 0

    async def ask(self, *commands: Command, once: bool = False) -> list[Reply]:
        self.asked += 1
        if self.screen is None:
            raise NotFound("no server")
        bare = re.sub(r"\x1b\[[0-9;]*m", "", self.screen)
        return [
            Reply(True, tuple((self.screen if "-e" in each else bare).split("\n")))
            for each in commands
        ]


@pytest.fixture
def ledger(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    monkeypatch.setattr(screen_witness, "SETTLE_S", 0.2)
    with Ledger.open(str(home / "ledger" / "l.db")) as opened:
        yield opened


def seen(ledger: Ledger, panes: Panes, request: Request) -> Seen:
    witness = Witness(panes, ledger.approvals, all_agents(Settings()))
    return asyncio.run(witness.look(request, request.input))


def test_the_dialog_of_the_call_is_kept_with_it(ledger: Ledger) -> None:
    found = seen(ledger, Panes(BASH), make_request(SHOWN))
    assert not found.is_other
    assert SHOWN in (found.screen or "")
    assert "\x1b" not in (found.screen or "")


def test_the_dialog_of_another_call_is_told_once_it_stays(ledger: Ledger) -> None:
    panes = Panes(BASH)
    found = seen(ledger, panes, make_request("rm -rf build"))
    assert found.is_other
    assert panes.asked > 1
    assert seen(ledger, panes, make_request(SHOWN, tool="Write", input={"file_path": "a"})).is_other


def test_a_dialog_that_another_request_of_the_attempt_asks_for_is_no_other(ledger: Ledger) -> None:
    ledger.approvals.note(make_request(SHOWN, attempt=2), ASKED)
    later = make_request("rm -rf build")
    assert seen(ledger, Panes(BASH), later).is_other
    ledger.approvals.note(make_request(SHOWN), ASKED)
    assert not seen(ledger, Panes(BASH), later).is_other


@pytest.mark.parametrize("screen", [IDLE, None])
def test_where_no_dialog_is_to_be_seen_nothing_is_said(ledger: Ledger, screen: str | None) -> None:
    assert seen(ledger, Panes(screen), make_request(SHOWN)) == Seen()


def test_an_agent_that_is_not_known_is_not_read(ledger: Ledger) -> None:
    assert seen(ledger, Panes(BASH), make_request(SHOWN, agent="other")) == Seen()
