"""The seam between a worker and the programs that it can run in its pane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from ccpar_hybrid.agents.prompt import Prompt
from ccpar_hybrid.core.account import AccountId, LimitNotice, Window
from ccpar_hybrid.core.decision import Decision
from ccpar_hybrid.core.outcome import Usage
from ccpar_hybrid.core.task import TaskKey, TaskSpec


class Terminal(StrEnum):
    """How the program meets the pane.

    `FOREGROUND`: it owns the pane's terminal as its foreground job, for full-screen programs.
    `RELAYED`: it gets a terminal of its own, whose output goes to the pane and to the log.
    """

    FOREGROUND = "foreground"
    RELAYED = "relayed"


class Source(StrEnum):
    """Where an observation was made, from the surest to the least sure."""

    PROCESS = "process"
    HOOK = "hook"
    TRANSCRIPT = "transcript"
    SCREEN = "screen"


class Sign(StrEnum):
    """What an observation says of the agent."""

    SESSION = "session"
    """A session began or changed its id (`session_id`)."""
    PROMPT = "prompt"
    """A prompt was taken (`text`); its turn begins."""
    WORKING = "working"
    """It works; `text` names the tool or step."""
    WAITING = "waiting"
    """It waits for a person; `text` says for what."""
    TURN_ENDED = "turn-ended"
    """The turn is over and nothing runs in the background; `text` is the last message."""
    BACKGROUND = "background"
    """The turn is over, but work goes on in the background; `text` says what."""
    TURN_FAILED = "turn-failed"
    """The turn ended with an error of the service; `error` names it, `text` is its message.

    `status` is the HTTP status, `notice` what a refusal for a usage limit said of it.
    """
    FIGURES = "figures"
    """What the session cost so far (`cost_usd`), and how full its account's `windows` are."""
    ENDED = "ended"
    """The program says that it ends."""


@dataclass(frozen=True)
class Observation:
    """One thing seen of an agent; `line` is what the readable account gets, if anything."""

    sign: Sign
    source: Source
    text: str = ""
    session_id: str | None = None
    transcript: Path | None = None
    error: str | None = None
    cost_usd: float | None = None
    line: str | None = None
    status: int | None = None
    notice: LimitNotice | None = None
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True)
class LaunchContext:
    """What an agent needs to know to start one attempt.

    `scratch` is a private (0700) directory of this attempt. `hook_argv` is a command that
    passes one JSON text from standard input to the worker. `resume` asks to go on with
    `session_id` instead of beginning it. `environment` is the whole environment that the
    agent's own additions are laid over. `opening` is said before the task's own words.
    """

    key: TaskKey
    attempt: int
    spec: TaskSpec
    scratch: Path
    session_id: str
    resume: bool
    hook_argv: Sequence[str]
    environment: Mapping[str, str]
    opening: str = ""


@dataclass(frozen=True)
class Launch:
    """How to start the program.

    `prompt` is pasted once it is ready; None: nothing to paste. `stdin` is a file that becomes
    its standard input and gives it the prompt; the paste is then only for the case that it
    does not take it from there.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    terminal: Terminal
    prompt: str | None = None
    stdin: Path | None = None


@dataclass(frozen=True)
class Screen:
    """What an agent's visible screen shows: `ready` to take a prompt, `waiting` for a person
    (why), `draft` typed by a person and not sent; `leave` are the keys that leave a dialog which
    asks nothing of anybody, by tmux's names."""

    ready: bool = False
    waiting: str | None = None
    draft: str | None = None
    busy: bool = False
    leave: tuple[str, ...] = ()


@dataclass(frozen=True)
class Progress:
    """What a transcript tells since it was last read: lines for the account, and the totals."""

    lines: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    last_message: str | None = None
    interrupted: bool = False
    """A person interrupted the turn and nothing has followed: the agent waits for words."""
    failure: Observation | None = None
    """The error of the service that ended the last turn, if nothing has followed."""


@dataclass(frozen=True)
class ToolCall:
    """What an agent asks leave for: `input` is whole, `directory` is where its shell stands."""

    tool: str
    input: Mapping[str, Any]
    directory: str


class Transcript(Protocol):
    """Reads an agent's own record of a session as it grows."""

    def read(self) -> Progress:
        """What is new since the last call; never raises, an unreadable line is passed over."""


class Agent(Protocol):
    """A kind of program that does tasks. Implementations hold no state between attempts."""

    @property
    def name(self) -> str:
        """What `--agent` takes."""

    @property
    def interactive(self) -> bool:
        """Whether it stays open after its turn, so that the worker decides when it is done."""

    @property
    def start_memory_mib(self) -> int:
        """About what one takes when it has started; it may use more at work."""

    def missing(self, environment: Mapping[str, str]) -> str | None:
        """Why it cannot start with this environment, with the way to mend it; None if it can."""

    def account(self, environment: Mapping[str, str]) -> AccountId | None:
        """Whose usage limits its sessions draw on with this environment; None: nobody's."""

    def launch(self, context: LaunchContext) -> Launch:
        """How to start this attempt; may write files into `context.scratch`. Raises OSError."""

    def observe(self, event: Mapping[str, object]) -> Observation | None:
        """What one hook event says; None for one that says nothing or is not understood."""

    def asked(self, event: Mapping[str, object]) -> ToolCall | None:
        """The call that this hook event asks leave for; None for any other event."""

    def carried_out(self, event: Mapping[str, object]) -> ToolCall | None:
        """The call that this hook event says was carried out, or was tried."""

    def leave(self, decision: Decision, message: str) -> str:
        """What the hook prints to answer such a request; empty: nothing, a person answers.

        `message` is what the agent is told with a denial.
        """

    def is_same_prompt(self, taken: str, given: str) -> bool:
        """Whether the prompt that it says it took is the one that was given."""

    def read_screen(self, screen: str) -> Screen:
        """What the visible screen, with its colours as escape sequences, shows.

        All false where it is not surely read.
        """

    def read_prompt(self, screen: str, columns: int) -> Prompt | None:
        """What the visible screen, with its colours as escape sequences, asks of a person.

        `columns` is the width of its pane. None: nothing, or this agent's screen is not read.
        """

    def agrees(self, prompt: Prompt, call: ToolCall) -> bool | None:
        """Whether the prompt that was read off the screen is about this call, or surely about
        another one; None: it does not tell."""

    def transcript(self, path: Path) -> Transcript | None:
        """A reader of the session's record; None if this agent keeps none."""
