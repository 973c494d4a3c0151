"""What a screen asks of a person, taken apart as far as it was surely read. Types only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class PromptKind(StrEnum):
    """What kind of dialog it is; `UNKNOWN`: something that waits, but not surely read."""

    PERMISSION = "permission"
    QUESTION = "question"
    PLAN = "plan"
    TRUST = "trust"
    LIMIT = "limit"
    LOGIN = "login"
    API_KEY = "api-key"
    BYPASS = "bypass"
    PRESS_ENTER = "press-enter"
    UNKNOWN = "unknown"


class Meaning(StrEnum):
    """What choosing an option does; `OTHER` says nothing of it.

    `ONCE` lets this one call pass, `ALWAYS` others after it too, `NO` none.
    """

    ONCE = "once"
    ALWAYS = "always"
    NO = "no"
    OTHER = "other"


@dataclass(frozen=True)
class Option:
    """A numbered choice; the key of its number chooses it at once."""

    number: int
    label: str
    meaning: Meaning
    chosen: bool = False
    """Enter would choose it."""


@dataclass(frozen=True)
class Prompt:
    """A dialog on the screen.

    `tool` is the agent's name of it; None: not surely read. `subject` is what it would act on, as
    it is shown: for people, never for a judgement. `input` is the tool's input with all of it that
    a judgement needs; None where that was not read, so that a person has to decide. Where `exact`
    is false it is only likely: characters that show nothing may be missing, and where the call
    would run (the current directory) is not on the screen. That is enough to deny; to allow by it
    is for those who have chosen to trust the screen. `whole`: nothing of the dialog was scrolled
    off or cut. `shown` are its lines without colours: two prompts with the same are the same
    dialog.
    """

    kind: PromptKind
    tool: str | None = None
    title: str = ""
    subject: str = ""
    question: str = ""
    options: tuple[Option, ...] = ()
    footer: str = ""
    whole: bool = False
    input: Mapping[str, object] | None = None
    exact: bool = False
    shown: tuple[str, ...] = ()

    def option(self, meaning: Meaning) -> Option | None:
        """The only option of this meaning; None if there is none or more than one."""
        found = [option for option in self.options if option.meaning is meaning]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True)
class Amendment:
    """A permission at whose `No` words are being typed.

    `prompt` is the dialog as it would be without them, `words` what stands there so far, `shown`
    the lines as they are.
    """

    prompt: Prompt
    words: str
    shown: tuple[str, ...]
