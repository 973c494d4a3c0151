"""The shell judge: what a text would do if bash ran it.

It walks the syntax tree as bash would run it, with all that is known of folders, variables and
functions at each point, and collects acts. What it does not understand becomes an unclear act;
nothing is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ccpar_hybrid.approval.act import Act, Effect, Place, Spot, unclear
from ccpar_hybrid.approval.arg import UNKNOWN, Arg, Form, exact
from ccpar_hybrid.approval.below import grave_names, has_plain_matches, has_plain_names
from ccpar_hybrid.approval.command import simple
from ccpar_hybrid.approval.ground import Ground, is_below, is_manifest, is_secret_pattern
from ccpar_hybrid.approval.host import Stream
from ccpar_hybrid.approval.redirect import loses_semicolons
from ccpar_hybrid.approval.rule import is_own_host
from ccpar_hybrid.approval.state import ANY, Flow, State, both, join
from ccpar_hybrid.approval.syntax import Node, NotUnderstood, parse
from ccpar_hybrid.approval.tool import Tools
from ccpar_hybrid.approval.walk import statements

_KEEPING = (("chmod",), ("mkdir",), ("touch",))
"""Programs that write no text into the files that they change."""
_COPYING = (("cp",), ("mv",), ("ln",), ("install",))
DEEPEST = 24
MOST_ACTS = 4000
MOST_STATEMENTS = 2000
"""Loops in loops are gone through several times each: this bounds how long a judgement takes."""


class TooMuch(Exception):
    """A text that would take too long to be judged."""


def judge(text: str, ground: Ground, tools: Tools) -> tuple[Act, ...]:
    """Every act of a command, in the order in which they were found."""
    return judge_by(Shell(ground, tools), text)


def judge_by(shell: Shell, text: str) -> tuple[Act, ...]:
    """The same by a shell that has judged nothing yet."""
    state = State(frozenset({shell.ground.start}))
    try:
        shell.script(text, state, None)
    except RecursionError:
        shell.unclear(text[:60], "it is nested too deeply")
    except TooMuch:
        shell.unclear(text[:60], "it does too many things")
    except (OSError, ValueError) as error:
        shell.unclear(text[:60], f"a path of it cannot be looked at: {error}")
    if shell.traces and shell.tests_secrets:
        shell.unclear("set -x", "it prints the secret that a test looks at")
    if shell.traps and shell.bodies:
        shell.unclear("trap", "it may run a function, and when is not known")
    found = list(dict.fromkeys(shell.acts))
    if shell.runs_unknown_code and any(act.effect is Effect.FETCH for act in found):
        found.append(Act(Effect.FETCHED_CODE, text[:60], why="it runs what it downloads"))
    if why := shell.unseen_build(found):
        found.append(unclear(text[:60], why))
    if not found:
        found.append(Act(Effect.LOOK, text.strip()[:60]))
    return tuple(found)


class Shell:
    """One judgement. Implements Host."""

    def __init__(self, ground: Ground, tools: Tools) -> None:
        self.ground = ground
        self.tools = tools
        self.acts: list[Act] = []
        self.bodies: list[Node] = []
        self.leaving: list[list[State]] = []
        self.locals: list[set[str]] = []
        self.traps = False
        self.written: set[str] = set()
        self.runs_unknown_code = False
        self.building = False
        self.only_tests = False
        self.traces = False
        self.tests_secrets = False
        self.depth = 0
        self._statements = 0

    def count(self) -> None:
        """One more statement is judged; raises TooMuch where there are too many."""
        self._statements += 1
        if self._statements > MOST_STATEMENTS:
            raise TooMuch

    def add(self, act: Act) -> None:
        """One more act; too many of them are not understood."""
        if len(self.acts) < MOST_ACTS:
            self.acts.append(act)
        elif len(self.acts) == MOST_ACTS:
            self.acts.append(unclear("…", "it does too many things"))

    def unclear(self, subject: str, why: str) -> None:
        """One more thing that is not understood."""
        if "text" in why or "program" in why:
            self.runs_unknown_code = True
        self.add(unclear(subject, why))

    def unseen_build(self, found: Sequence[Act]) -> str:
        """Why nobody has seen what a build of this command runs; empty if it has none."""
        effects = {act.effect for act in found}
        if not effects & {Effect.BUILD, Effect.INSTALL, Effect.EXECUTE}:
            return ""
        copied = [act.spot.path for act in found if act.spot and act.words[:1] in _COPYING]
        if any(is_manifest(path) for path in (*self.written, *copied)):
            return "what is built or tested is told by a file that the same command writes"
        stores = self.written or any(act.words[:1] in (("git",), ("gh",)) for act in found)
        if stores and any(
            act.effect is Effect.FETCH and not is_own_host(act.host) for act in found
        ):
            return "it fetches files, and builds or runs what is there"
        return ""

    def script(self, text: str, state: State, stdin: Stream, dialect: str = "bash") -> Flow:
        """Judge a text that a shell runs."""
        self.depth += 1
        try:
            if self.depth > DEEPEST:
                self.unclear(text[:60], "it is nested too deeply")
                return both(state)
            return statements(self, parse(text, dialect), state, stdin)
        except NotUnderstood as error:
            self.unclear(text[:60], str(error))
            return Flow(None, None)
        finally:
            self.depth -= 1

    def substitution(self, nodes: Iterable[Node], state: State) -> Arg:
        """What a substitution prints, its last newlines taken off."""
        inner = tuple(nodes)
        if loses_semicolons(inner):
            self.unclear("$(… <<…)", "shells differ in where commands after the text begin")
        found = statements(self, inner, state, None).output
        if found is None:
            return UNKNOWN
        return exact(found.text.rstrip("\n")) if found.is_exact else found

    def run(self, argv: Sequence[Arg], state: State, stdin: Stream) -> Flow:
        """Judge one simple command."""
        self.depth += 1
        try:
            if self.depth > DEEPEST:
                self.unclear(str(argv[0]), "it is nested too deeply")
                return both(state)
            return simple(self, tuple(argv), state, stdin)
        finally:
            self.depth -= 1

    def call(self, number: int, argv: Sequence[Arg], state: State, stdin: Stream) -> Flow:
        """Run the body of a function."""
        inner = state.with_arguments(tuple(argv[1:]))
        self.depth += 1
        self.leaving.append([])
        self.locals.append(set())
        try:
            if self.depth > DEEPEST:
                self.unclear(str(argv[0]), "a function that calls itself")
                return both(state)
            flow = statements(self, (self.bodies[number],), inner, stdin)
        finally:
            left, own = self.leaving.pop(), self.locals.pop()
            self.depth -= 1
        after = flow.either
        for each in left:
            after = join(after, each)
        if after is None:
            return Flow(None, None, flow.output)
        arrays = {k: v for k, v in after.arrays.items() if k != "@"}
        if "@" in state.arrays:
            arrays["@"] = state.arrays["@"]
        digits = {str(n): state.values.get(str(n)) for n in range(1, 10)}
        values = {k: v for k, v in after.values.items() if k not in digits}
        values |= {k: v for k, v in digits.items() if v is not None}
        for name in own:  # what it was outside, or what it became: a call may not get that far
            values[name] = after.values.get(name, ANY) | state.values.get(name, ANY)
            arrays.pop(name, None)
        after = replace(after, values=values, arrays=arrays)
        return Flow(after, after, flow.output)

    def path(
        self,
        effect: str,
        word: Arg,
        state: State,
        words: tuple[str, ...],
        *,
        listing: bool = False,
    ) -> None:
        """Judge what is done to the path in every folder where the shell may be."""
        kind = Effect(effect)
        subject = f"{effect} {word}"
        if word.form in (Form.OPEN, Form.MANY):
            self.unclear(subject, "which path is meant is known only when it runs")
            return
        if word.is_exact and not word.text:
            return
        if word.form is Form.NUMBERED:
            self.path(effect, word.numbers, state, words, listing=listing)
            word = exact(word.text)
        if word.form is Form.INSIDE and not word.names and not listing:
            self.unclear(subject, "which names these are is known only when it runs")
            return
        if word.loose and not listing and not self._are_plain(word, state):
            self.unclear(subject, "blanks in file names may cut it into several paths")
            return
        if state.folders is None and not word.text.startswith("/"):
            self.unclear(subject, "the folder is known only when it runs")
            return
        if problem := _problem(word, kind):
            self.unclear(subject, problem)
            return
        for folder in sorted(state.folders or {"/"}):
            self._spots(kind, word, folder, words)

    def _are_plain(self, word: Arg, state: State) -> bool:
        """Whether no name below has a letter at which words are cut; looks at the disk."""
        folders = state.folders or ("/",)
        if word.form is Form.GLOB:
            return all(has_plain_matches(word.text, folder) for folder in folders)
        return all(
            has_plain_names(self.ground.spot(word.text or ".", folder).path) for folder in folders
        )

    def _spots(self, kind: Effect, word: Arg, folder: str, words: tuple[str, ...]) -> None:
        if word.form is Form.GLOB:
            spots = self.ground.spots(word.text, folder)
        else:
            spots = [self.ground.spot(word.text or ".", folder)]
        if word.form is Form.INSIDE:
            spots = [replace(spot, places=spot.places - {Place.ROOT}) for spot in spots]
            spots += self._named(kind, word, spots[0])
        several = word.form is Form.GLOB and len(spots) > 1
        for number, spot in enumerate(spots):
            if kind is Effect.EXECUTE and self._is_written(spot.path):
                self.unclear(spot.path, "the program is written by the same command")
            if kind is Effect.WRITE and not self.building and words[:1] not in _KEEPING:
                if several and number == 0:  # only the folder of what the pattern matches
                    self.add(Act(kind, spot.path, words, spot))
                    continue
                self.written.add(spot.path)
            self.add(Act(kind, spot.path, words, spot))

    def _is_written(self, path: str) -> bool:
        """Whether this command wrote it, or a folder above it."""
        return any(is_below(path, each) for each in self.written)

    def _named(self, kind: Effect, word: Arg, base: Spot) -> list[Spot]:
        """What has such a name now, as far as it is no plain file of the worktree."""
        if not word.names:
            return []
        found = grave_names(self.ground, base.path, word.names)
        if found is None:
            self.unclear(f"{kind} {word}", "there are too many files to look at each")
        return found or []


def _problem(word: Arg, kind: Effect) -> str:
    """Why a word is no path that can be judged."""
    text = word.text
    if re.match(r"(https?|ftp|file|git\+\w+|ssh):", text) or "://" in text:
        return "an address, and no path"
    if text.startswith("{"):
        return "settings, and no path"
    if word.is_exact:
        name = text.rstrip("/").rsplit("/", 1)[-1]
        if kind is Effect.WRITE and name.startswith("-"):
            return "the file's name looks like an option"
        return "a tilde that is not the home" if text.startswith("~") else ""
    if word.form is Form.INSIDE:
        return ""
    parts = text.split("/")
    first = next((n for n, part in enumerate(parts) if any(c in part for c in "*?[")), len(parts))
    if ".." in parts[first:]:
        return "a pattern that leads upward"
    if any(re.match(r"\.+[*?\[]", part) for part in parts):
        return "a pattern that matches hidden names, `..` among them"
    if kind is Effect.DELETE and not any(c.isalnum() for c in text):
        return "a pattern that matches everything"
    if kind is not Effect.DELETE and is_secret_pattern(text):
        return "a pattern that matches names of secrets"
    return ""
