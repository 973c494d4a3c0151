"""An answer's tool calls: leave is asked, they are acted out, told, recorded. Stdlib only."""

from __future__ import annotations

import time
from collections.abc import Mapping

from ccpar_hybrid.demo.agent_ask import Gate, Interrupted
from ccpar_hybrid.demo.agent_loop import Job
from ccpar_hybrid.demo.agent_print import INTERRUPTED, tool_block
from ccpar_hybrid.demo.agent_screen import Activity, Screen
from ccpar_hybrid.demo.agent_session import Session
from ccpar_hybrid.demo.agent_tool import Result
from ccpar_hybrid.demo.script import Tool

REJECTED = (
    "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it "
    "was a file edit, the new_string was NOT written to the file). STOP what you are doing and "
    "wait for the user to tell you how to proceed."
)


class Calls:
    """Does the tool calls of a session's answers."""

    def __init__(self, session: Session, screen: Screen, gate: Gate) -> None:
        self._session, self._screen, self._gate = session, screen, gate

    @property
    def _activity(self) -> Activity:
        assert self._screen.activity is not None
        return self._screen.activity

    def run(self, calls: list[tuple[str, Tool]]) -> Job[None]:
        """Do them one after the other. Raises Interrupted; each call has a result then too."""
        for index, (call_id, tool) in enumerate(calls):
            try:
                yield from self._call(call_id, tool)
            except Interrupted:
                self._reject(calls[index:])
                raise Interrupted(in_tool=True) from None
            finally:
                self._activity.tool = None

    def _reject(self, calls: list[tuple[str, Tool]]) -> None:
        """Each call of an answer needs a result in the record, or it could not be gone on with."""
        for call_id, tool in calls:
            self._session.transcript.result(call_id, REJECTED, True, "User rejected tool use")
            result = Result(INTERRUPTED)
            self._screen.print(tool_block(tool.name, tool.input, self._session.folder, result))

    def _call(self, call_id: str, tool: Tool) -> Job[None]:
        self._activity.tool = (tool.name, tool.input, "Waiting…")
        self._activity.has_shown = True
        leave = yield from self._gate.pass_(tool.name, tool.input, call_id)
        begin_s = time.monotonic()
        if leave.refusal is not None:
            result = Result(leave.refusal, is_error=True)
        elif tool.name == "AskUserQuestion":
            result = _answered(tool, leave.answers)
        else:
            self._activity.tool = (tool.name, tool.input, "Running…")
            result = yield from self._session.tools.act(tool.name, tool.input, call_id)
        self._screen.shells = len(self._session.tools.background)
        self._screen.print(
            tool_block(tool.name, tool.input, self._session.folder, result, leave.note)
        )
        response = f"Error: {result.text}" if result.is_error else result.response
        self._session.transcript.result(call_id, result.text, result.is_error, response)
        self._session.meter.read(result.text)
        if leave.refusal is None:
            yield from self._told(call_id, tool, result, begin_s)

    def _told(self, call_id: str, tool: Tool, result: Result, begin_s: float) -> Job[None]:
        facts: dict[str, object] = {
            "tool_name": tool.name,
            "tool_input": tool.input,
            "tool_use_id": call_id,
            "duration_ms": round(1000 * (time.monotonic() - begin_s)),
        }
        if result.is_error:
            facts |= {"error": result.text, "is_interrupt": False}
            yield from self._session.fire("PostToolUseFailure", tool.name, **facts)
        else:
            facts |= {"tool_response": result.response}
            yield from self._session.fire("PostToolUse", tool.name, **facts)


def _answered(tool: Tool, answers: Mapping[str, str]) -> Result:
    told = ", ".join(f'"{question}"="{answer}"' for question, answer in answers.items())
    text = f"Your questions have been answered: {told}. You can now continue with these answers."
    return Result(text, {**tool.input, "answers": answers})
