"""What the demo agent shows is read as what Claude Code shows would be."""

from __future__ import annotations

import json
import sys

from ccpar_hybrid.agents.claude_dialog import MARK, read_prompt
from ccpar_hybrid.agents.claude_screen import read_screen
from ccpar_hybrid.agents.prompt import Meaning
from tests.support.tmux_server import running_tmux
from tests.support.waiting import wait_until


def test_a_demo_agent_at_work_and_one_that_has_done_are_told_apart(
    environment: dict[str, str],
) -> None:
    prompt = f"go\nscript: {json.dumps([{'pause': 1.5}, {'say': 'all done'}])}"
    settings = json.dumps({"statusLine": {"type": "command", "command": "echo w1"}})
    agent = (sys.executable, "-P", "-m", "ccpar_hybrid.demo.agent")
    with running_tmux({**environment, "CLAUDE_CODE_SANDBOXED": "1"}) as server:
        server.start_session("t", *agent, "--settings", settings, "--", prompt)

        def screen() -> str:
            return server.tmux("capture-pane", "-p", "-e", "-t", "t:")

        wait_until(
            lambda: "w1" in screen() and read_screen(screen()).busy, message="an agent at work"
        )
        wait_until(lambda: "all done" in screen(), message="the answer")
        wait_until(lambda: not read_screen(screen()).busy, message="an agent that has done")
        assert read_screen(screen()).draft is None


def test_a_dialog_is_found_by_its_mark_read_in_its_pane_and_answered_by_its_number(
    environment: dict[str, str],
) -> None:
    call = {"tool": "Bash", "input": {"command": "id", "description": "do it"}}
    prompt = f"go\nscript: {json.dumps([call, {'say': 'all done'}])}"
    agent = (sys.executable, "-P", "-m", "ccpar_hybrid.demo.agent", "--", prompt)
    with running_tmux({**environment, "CLAUDE_CODE_SANDBOXED": "1"}) as server:
        server.start_session("t", *agent, columns=90)

        def screen() -> str:
            return server.tmux("capture-pane", "-p", "-e", "-t", "t:")

        wait_until(lambda: read_prompt(screen(), 90) is not None, message="the dialog")
        found = read_prompt(screen(), 90)
        assert found is not None
        assert (found.tool, found.input) == ("Bash", {"command": "id"})
        assert server.tmux("display-message", "-p", "-t", "t:", f"#{{C/r:{MARK}}}").strip() != "0"
        once = found.option(Meaning.ONCE)
        assert once is not None
        server.tmux("send-keys", "-t", "t:", str(once.number))
        wait_until(lambda: read_prompt(screen(), 90) is None, message="an answered dialog")
        wait_until(lambda: "● all done" in screen(), message="the last word")
        assert server.tmux("display-message", "-p", "-t", "t:", f"#{{C/r:{MARK}}}").strip() == "0"
