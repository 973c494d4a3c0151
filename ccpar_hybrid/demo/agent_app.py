"""The program as a whole: what keys and signals do, and when prompts are played. Stdlib only."""

from __future__ import annotations

import os
import signal
import time

from ccpar_hybrid.demo.agent_ask import Interrupted
from ccpar_hybrid.demo.agent_box import Submission
from ccpar_hybrid.demo.agent_dialog import trust_dialog
from ccpar_hybrid.demo.agent_key import Event, Key, KeyReader
from ccpar_hybrid.demo.agent_loop import Job, Loop, Wait
from ccpar_hybrid.demo.agent_option import SANDBOXED, Options, Trust
from ccpar_hybrid.demo.agent_print import answer_block, prompt_block, replay
from ccpar_hybrid.demo.agent_screen import FRAME_S, Screen, welcome
from ccpar_hybrid.demo.agent_session import Session
from ccpar_hybrid.demo.agent_terminal import Terminal
from ccpar_hybrid.demo.agent_tool import Background
from ccpar_hybrid.demo.agent_turn import Player

ESCAPE_S = 0.05
TWICE_S = 2.0
IDLE_NOTICE_S = 60.0
END_HOOKS_S = 1.5
EXITS = frozenset({"/exit", "/quit", "exit", "quit"})
_CODES = {signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGINT: 0}
_TWICE = {"ctrl-c": "Press Ctrl-C again to exit", "ctrl-d": "Press Ctrl-D again to exit"}


class App:
    """One run of the program, from its first screen to its exit code."""

    def __init__(
        self, options: Options, terminal: Terminal, fd: int, prompt: str | None = None
    ) -> None:
        self._options, self._terminal = options, terminal
        self._prompt = options.prompt or prompt
        self._session = Session(options)
        self._screen = Screen(terminal, self._session.policy, options.folder)
        self._loop = Loop(fd)
        self._player = Player(self._session, self._screen, self._loop)
        self._keys = KeyReader()
        self._escape_until_s: float | None = None
        self._hint_until_s: float | None = None
        self._is_ending = False
        self._loop.on_input = self._read
        self._loop.on_signal = self._signalled
        self._loop.on_idle = self._idle

    def run(self) -> int:
        """Run until the end; returns the exit code."""
        self._main = self._loop.start(self._live())
        try:
            return self._loop.run()
        finally:
            self._session.tools.close()

    @property
    def session_id(self) -> str:
        """The session that ran last."""
        return self._session.id

    def _live(self) -> Job[None]:
        self._terminal.title("✳ Demo agent")
        if not (yield from self._is_trusted()):
            self._end(1, "other")
            return
        self._screen.print(welcome(self._options.folder, self._options.model))
        for block in replay(self._session.records):
            self._screen.print(block)
        yield from self._started(self._session.source)
        if self._prompt:
            self._screen.queue.append(Submission(self._prompt, typed=False))
        while True:
            yield from self._next()
            self._loop.start(self._show_status())

    def _is_trusted(self) -> Job[bool]:
        trust = Trust(self._options.home)
        if os.environ.get(SANDBOXED) == "1" or trust.holds_for(self._options.folder):
            return True
        dialog = self._screen.dialog = trust_dialog(str(self._options.folder))
        while dialog.answer is None:
            yield Wait(lambda: dialog.answer is not None)
        self._screen.dialog = None
        if dialog.answer.value == "yes":
            trust.accept(self._options.folder)
        return dialog.answer.value == "yes"

    def _started(self, source: str) -> Job[None]:
        self._session.transcript.mode(str(self._session.policy.mode))
        self._loop.start(self._show_status())
        yield from self._session.fire(
            "SessionStart", source, source=source, model=self._options.model
        )

    def _show_status(self) -> Job[None]:
        self._screen.status = yield from self._session.status_line()

    def _next(self) -> Job[None]:
        """Wait for a prompt or the end of a background command, and play it."""
        notice_s: float | None = time.monotonic() + IDLE_NOTICE_S
        while not (self._screen.queue or self._ended_shell()):
            yield Wait(lambda: bool(self._screen.queue or self._ended_shell()), notice_s)
            if notice_s is not None and time.monotonic() >= notice_s:
                notice_s = None
                self._loop.start(self._notify())
        if shell := self._ended_shell():
            yield from self._player.play(self._notification(shell), "system")
            return
        sent = self._screen.queue.pop(0)
        if sent.typed and sent.text.strip() in {*EXITS, "/clear"}:
            yield from self._command(sent.text.strip())
        else:
            yield from self._player.play(sent.text)

    def _notify(self) -> Job[None]:
        yield from self._session.fire(
            "Notification",
            "idle_prompt",
            message="Claude is waiting for your input",
            notification_type="idle_prompt",
        )

    def _command(self, text: str) -> Job[None]:
        self._screen.print(prompt_block(text))
        if text in EXITS:
            self._end(0, "prompt_input_exit")
            return
        yield from self._session.fire("SessionEnd", "clear", reason="clear")
        self._session.renew()
        yield from self._started("clear")

    def _ended_shell(self) -> Background | None:
        shells = self._session.tools.background
        return next((each for each in shells if each.child.code is not None), None)

    def _notification(self, shell: Background) -> str:
        self._session.tools.background.remove(shell)
        self._screen.shells = len(self._session.tools.background)
        code = shell.child.code
        shell.child.finish()
        summary = f'Background command "{shell.description}" completed (exit code {code})'
        self._screen.print(answer_block(summary))
        return (
            f"<task-notification>\n<task-id>{shell.id}</task-id>\n"
            f"<tool-use-id>{shell.call_id}</tool-use-id>\n"
            f"<output-file>{shell.output}</output-file>\n<status>completed</status>\n"
            f"<summary>{summary}</summary>\n</task-notification>"
        )

    def _read(self, data: bytes) -> None:
        if not data:
            self._end(129, "other")
            return
        for event in self._keys.feed(data):
            self._take(event)
        self._escape_until_s = time.monotonic() + ESCAPE_S if self._keys.pending else None

    def _idle(self) -> float | None:
        now_s = time.monotonic()
        if self._escape_until_s is not None and now_s >= self._escape_until_s:
            self._escape_until_s = None
            for event in self._keys.flush():
                self._take(event)
        if self._hint_until_s is not None and now_s >= self._hint_until_s:
            self._hint_until_s = self._screen.hint = None
        if self._loop.exit_code is None:
            self._screen.draw()
        works = self._screen.activity is not None and self._screen.dialog is None
        frame_s = now_s + FRAME_S if works else None
        times = [self._escape_until_s, self._hint_until_s, frame_s]
        return min((each for each in times if each is not None), default=None)

    def _take(self, event: Event) -> None:
        if self._screen.dialog:
            self._screen.dialog.take(event)
        elif isinstance(event, Key) and self._is_control(event.name):
            return
        elif sent := self._screen.box.take(event):
            self._submit(sent)

    def _submit(self, sent: Submission) -> None:
        if self._screen.activity:
            self._session.transcript.queued("enqueue", sent.text)
        self._screen.queue.append(sent)

    def _is_control(self, name: str) -> bool:
        """Do what a key means outside of the draft; whether it meant anything."""
        if name == "escape" and self._screen.activity:
            self._main.throw(Interrupted())
        elif name in _TWICE:
            self._leave(name)
        elif name == "shift-tab":
            self._session.policy.cycle()
        elif name == "up" and self._screen.queue and not self._screen.box.draft:
            self._screen.box.set("\n".join(each.text for each in self._screen.queue))
            self._screen.queue.clear()
        elif name == "ctrl-l":
            self._screen.redraw()
        elif name == "ctrl-z":
            self._terminal.suspend()
        else:
            return False
        return True

    def _leave(self, name: str) -> None:
        if name == "ctrl-c" and self._screen.activity:
            self._main.throw(Interrupted())
        elif name == "ctrl-c" and self._screen.box.draft:
            self._screen.box.clear()
        elif self._screen.hint == _TWICE[name]:
            self._end(0, "prompt_input_exit")
            return
        self._screen.hint = _TWICE[name]
        self._hint_until_s = time.monotonic() + TWICE_S

    def _signalled(self, number: int) -> None:
        if number in _CODES:
            self._end(_CODES[signal.Signals(number)], "other")
        elif number == signal.SIGTSTP:
            self._terminal.suspend()
        elif number == signal.SIGCONT:
            self._terminal.enter()
            self._screen.redraw()
        elif number == signal.SIGWINCH:
            self._screen.redraw()

    def _end(self, code: int, reason: str) -> None:
        if not self._is_ending:
            self._is_ending = True
            self._loop.start(self._finish(code, reason))

    def _finish(self, code: int, reason: str) -> Job[None]:
        self._main.close()
        self._session.tools.close()
        self._screen.is_open = False
        self._screen.activity = self._screen.dialog = None
        self._screen.draw()
        done: list[object] = []
        self._loop.start(self._say_end(reason, done))
        yield Wait(lambda: bool(done), time.monotonic() + END_HOOKS_S)
        self._loop.exit_code = code

    def _say_end(self, reason: str, done: list[object]) -> Job[None]:
        done.append((yield from self._session.fire("SessionEnd", reason, reason=reason)))
