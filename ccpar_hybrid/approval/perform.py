"""From a program's arguments to what it would do."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable

from ccpar_hybrid.approval import awk, edit, git_path, jq, operand, python_text, script, search, sed
from ccpar_hybrid.approval.act import Act, Effect, Place, Spot
from ccpar_hybrid.approval.arg import Arg, Form, exact
from ccpar_hybrid.approval.below import has_dashed_names
from ccpar_hybrid.approval.ground import is_secret_pattern
from ccpar_hybrid.approval.host import Host, Stream
from ccpar_hybrid.approval.invocation import Invocation
from ccpar_hybrid.approval.script import GRAVE_NAMES, NO_TASKS, is_elsewhere
from ccpar_hybrid.approval.state import State
from ccpar_hybrid.approval.tool import Kind, Output
from ccpar_hybrid.approval.variable import is_git_setting_harmless

_PATHS = {
    Kind.READ: "read",
    Kind.LINES: "read",
    Kind.SOURCE: "read",
    Kind.LIST: "read",
    Kind.WRITE: "write",
    Kind.DELETE: "delete",
    Kind.EXECUTE: "execute",
    Kind.SCRIPT: "execute",
}
_NAME = re.compile(r"[\w.@^~][\w.@/:^~,+=-]*")
_NUMBER = re.compile(r"[+-]?[\d.,:]+[a-zA-Z%]{0,3}")
_REMOTE = re.compile(r"\w[\w.-]*")
_MODE = re.compile(r"0?[0-7]{3}|[ugoa]*([-+=][rwxX]*)+(,[ugoa]*([-+=][rwxX]*)+)*")
_TARGET = re.compile(r"[\w.%/:@+][\w.%/:@+, -]*")
_VALUE = re.compile(r"[\w./,=+: -]*")
_DEFINITION = re.compile(
    r"(CMAKE_BUILD_TYPE|CMAKE_EXPORT_COMPILE_COMMANDS|CMAKE_CXX_STANDARD|CMAKE_VERBOSE_MAKEFILE|BUILD_\w+|"
    r"(\w+_)?(ENABLE|WITH|USE|BUILD|DISABLE)_\w+|\w+_(TESTS?|TESTING|EXAMPLES|DOCS|BENCHMARKS))"
    r"(:\w+)?=[\w.+-]*"
)
_REF = re.compile(r"\w[\w./@-]*")
_PUSH_REF = re.compile(r"\w[\w./@-]*(:\w[\w./@-]*)?")
_SUFFIX = re.compile(r"[\w.~-]*")
_PS_WORD = re.compile(
    r"-[A-DF-Za-z]+|--[a-z-]+|[auxwfhjlmvr]+|\d+|(?!.*env)[a-z%]+(,[a-z%]+)+|pid|cmd|comm|args|command|user|ppid|stat|rss"
)
_STRATEGIES = frozenset(["ours", "recursive", "resolve", "octopus", "ort", "subtree"])
_GRAVE_VARIABLES = re.compile(
    r"(?i)(.*shell.*|make.*|.*path|cc|cxx|cpp|ld|ar|as|rm|mv|cp|install|.*cmd|.*command|.*prefix|destdir|.*dir|"
    r"python|node|npm|go|sudo|.*exec.*|.*tool|.*runner|.*program|.*bin)"
)
_MARKS = ("@", "+")
_MARKED = (
    Kind.READ,
    Kind.LINES,
    Kind.ANY,
    Kind.NODE,
    Kind.TASK,
    Kind.SOURCE,
    Kind.EXECUTE,
    Kind.TAR,
)
_LISTING = frozenset(
    ["-c", "-m", "-o", "-z", "--cached", "--modified", "--others", "--exclude-standard"]
)
_IN_FOLDER = (Effect.BUILD, Effect.INSTALL, Effect.COMMIT, Effect.CONSULT)
_NETWORK = (Effect.FETCH, Effect.SEND)
_PROGRAMS = (Kind.EXECUTE, Kind.SCRIPT, Kind.REQUIREMENTS, Kind.BASE, Kind.SOURCE)


def perform(host: Host, call: Invocation, state: State, stdin: Stream) -> None:
    """Add every act of the call; what it wraps is not among them."""
    words = tuple(call.names)
    line = " ".join((*call.names, *(str(word) for _, word in call.operands)))
    for subject, why in call.doubts:
        host.unclear(subject, why)
    inside = based(host, call, state, words)
    targets = [target for kind, word in call.takes for target in _target(host, kind, word, line)]
    for effect in dict.fromkeys((call.grammar.does, *call.effects)):
        hosts = targets if effect in _NETWORK and targets else [""]
        for name in hosts:
            host.add(Act(effect, line, tuple(line.split(" ")), host=name))
    if call.grammar.does in _IN_FOLDER:
        for folder in sorted((inside.folders or frozenset()) - {host.ground.directory}):
            host.path("execute", exact(folder), inside, words)
        if inside.folders is None:
            host.unclear(line, "the folder is known only when it runs")
    host.building = call.grammar.does is Effect.BUILD
    for kind, word in call.takes:
        _take(host, call, kind, word, inside, words)
    script.judge(host, call, inside, words)
    host.building = False
    search.judge(host, call, inside, stdin)
    edit.judge(host, call, inside, words)
    if (
        call.grammar.is_dangerous
        and call.grammar.style != "words"
        and not call.ended
        and any(
            word.form in (Form.GLOB, Form.INSIDE) and word.may_be_option
            for _, word in call.operands
        )
        and has_dashed_names(inside)
    ):
        host.unclear(line, "a file here has a name that looks like an option")


def output(call: Invocation, stdin: Stream) -> Stream:
    """What is known of what it prints."""
    kinds = (Kind.READ, Kind.LINES, Kind.LIST, Kind.TREE)
    paths = [word for kind, word in call.operands if kind in kinds]
    grammar = call.grammar
    if any(option in grammar.paths_with for option in call.options):
        return search.printed(call, paths) or _common(paths)
    if any(option in grammar.lines_without for option in call.options):
        return Arg("", Form.OPEN)
    if grammar.output is Output.NUMBER:
        return Arg("", Form.OPEN) if paths else Arg("0", Form.NUMBERED)
    if grammar.output is Output.NAMES:
        return Arg("", Form.INSIDE, names=_listed(call))
    if grammar.output is Output.PATHS:
        return _common(paths)
    if grammar.output is Output.LINES and not paths and stdin is not None:
        return stdin if not stdin.is_exact else Arg("", Form.OPEN)
    return Arg("", Form.OPEN)


def _listed(call: Invocation) -> str:
    """The pattern that bounds the names which `git ls-files '*.sh'` prints; empty: any name."""
    words = [word for _, word in call.operands]
    if call.names != ("git", "ls-files") or not _LISTING.issuperset(call.options):
        return ""
    plain = len(words) == 1 and words[0].is_exact and re.fullmatch(r"\*\.\w+", words[0].text)
    return words[0].text if plain else ""


def _common(paths: list[Arg]) -> Stream:
    texts = {path.text for path in paths if path.form is not Form.MANY}
    if not texts:
        return Arg("", Form.INSIDE)
    if len(texts) == 1 and all(path.form in (Form.EXACT, Form.INSIDE) for path in paths):
        text = texts.pop()
        return Arg("" if text == "." else text, Form.INSIDE)
    is_plain = not any(text.startswith(("/", "~", "-")) or ".." in text for text in texts)
    return Arg("", Form.INSIDE) if is_plain else Arg("", Form.OPEN)


def based(host: Host, call: Invocation, state: State, words: tuple[str, ...]) -> State:
    """The state from which its paths are seen: its own directory, and the one that it is told."""
    for kind, word in call.takes:
        if kind is Kind.BASE:
            host.path("read", word, state, words)
            if state.folders is None or not word.is_exact:
                return state.at(None)
            moved = frozenset(host.ground.spot(word.text, base).path for base in state.folders)
            state = state.at(state.folders | moved)
    return state


def _target(host: Host, kind: Kind, word: Arg, line: str) -> list[str]:
    """The host that an argument names."""
    if kind is Kind.URL:
        text = word.text if word.is_exact or word.text.count("/") > 2 else ""
        if (
            word.form is Form.NUMBERED
            and "0" not in word.text.partition("://")[2].partition(":")[0]
        ):
            text = word.text
        parts = urllib.parse.urlsplit(text if "://" in text else f"http://{text}")
        is_plain = parts.scheme in ("http", "https") and not re.search(r"[\[\]{}\\\s]|#.*@", text)
        if parts.hostname and is_plain and "@" not in parts.netloc:
            return [parts.hostname]
        host.unclear(f"{line} {word}", "the address is not plain")
    elif kind is Kind.HOST and word.is_exact:
        return [word.text.rpartition("@")[2].partition(":")[0]]
    return []


def _take(
    host: Host, call: Invocation, kind: Kind, word: Arg, state: State, words: tuple[str, ...]
) -> None:
    subject = f"{' '.join(call.names)} {word}"
    if word.text[:1] in _MARKS and kind in _MARKED:
        host.unclear(subject, "a word that some programs take for more than a name")
    elif kind in _PROGRAMS and word.is_exact and is_elsewhere(word.text):
        is_python = call.names[0].startswith(("python", "pypy"))
        if not (is_python and word.text == "-"):  # its input is read and judged
            host.unclear(subject, "it runs a program text that is not known")
    elif kind in _PATHS:
        if kind is Kind.SOURCE:  # it is compiled to be run
            host.path("execute", word, state, words)
        if not (kind in (Kind.LINES, Kind.LIST) and word.text == "-"):
            host.path(_PATHS[kind], word, state, words, listing=kind is Kind.LIST)
    elif kind is Kind.NODE:
        path = re.sub(r"(::.*|(:\d+)+|\[[\d:]+\])$", "", word.text, flags=re.DOTALL)
        host.path("read", Arg(path, word.form, word.loose), state, words)
    elif kind in _BESIDE:
        _BESIDE[kind](host, call, word, state, words)
    elif kind in (Kind.BODY, Kind.FORM):
        operand.body(host, kind, word, state, words)
    elif kind is Kind.CODE_PATHS:
        for piece in re.split(r"[:;]", word.text):
            host.path("execute", Arg(piece, word.form, word.loose), state, words)
    elif kind is Kind.REQUIREMENTS:
        host.path("read", word, state, words)
    elif kind is Kind.PUSH_REF and word.is_exact and word.text[:1] in ("+", ":"):
        host.add(Act(Effect.FORCE_PUSH, subject, words))
    elif kind is Kind.GIT_VALUE:
        _git_setting(host, call, word, words)
    elif kind is Kind.MOVE:
        host.path("read", word, state, words)
        host.path("delete", word, state, words)
    elif kind in (Kind.TREE, Kind.REVISION, Kind.PATHSPEC, Kind.RESTORED):
        git_path.judge(host, kind, word, state, words)
    elif kind is Kind.ANY:
        _any(host, word, state, words)
    elif kind is Kind.SHELL:
        if word.is_exact:
            host.script(word.text, state, None)
        else:
            host.unclear(subject, "a shell runs a text that is not known")
    elif kind is Kind.NONE:
        host.unclear(subject, "it takes no such argument")
    elif kind in _CHECKS and not _CHECKS[kind](word):
        host.unclear(subject, _REASONS.get(kind, "the argument is not plain"))
    elif kind is Kind.GO_SCRIPT:
        host.path("execute", word, state, words)
    elif kind is Kind.PACKAGE:
        _package(host, word, state, words)
    elif kind in _LANGUAGES:
        if kind is Kind.PYTHON:
            host.building = False  # what it writes is no product of a build
        _language(host, _LANGUAGES[kind](word.text) if word.is_exact else None, subject, state)
    elif kind is Kind.GLOB and word.is_exact and not word.text.startswith("!"):
        _glob(host, word, words)


def _git_setting(host: Host, call: Invocation, word: Arg, words: tuple[str, ...]) -> None:
    key = call.operands[0][1]
    setting = f"{key}={word}"
    harmless = key.is_exact and word.is_exact and is_git_setting_harmless(setting)
    effect = Effect.SETTINGS if harmless else Effect.GIT_HOOKS
    host.add(Act(effect, f"git config {setting}", words, why="it changes git's settings"))


def _glob(host: Host, word: Arg, words: tuple[str, ...]) -> None:
    if is_secret_pattern(word.text) and word.text != ".":
        spot = Spot(word.text, frozenset({Place.SECRET}))
        host.add(Act(Effect.READ, word.text, words, spot))


def _language(host: Host, found: list[tuple[str, str]] | None, subject: str, state: State) -> None:
    """Acts of a program text: pairs of an effect and a path, or `unclear` and why."""
    if found is None:
        host.unclear(subject, "its program is not known")
        return
    for effect, what in found:
        if effect == "unclear":
            host.unclear(subject, what)
        else:
            host.path(effect, exact(what), state, ())


def _any(host: Host, word: Arg, state: State, words: tuple[str, ...]) -> None:
    """An argument of the project's own program: a path in it is taken to be read."""
    text = word.text
    if word.is_exact and text.startswith("-"):
        text = text.partition("=")[2] if "=" in text else re.sub(r"^-[A-Za-z]?", "", text)
    if word.form in (Form.OPEN, Form.MANY) or is_elsewhere(text):
        host.unclear(f"{' '.join(words)} {word}", "an argument that is not known")
    elif "://" in text and not re.match(r"https?://(localhost|127\.0\.0\.1)\b", text):
        host.unclear(f"{' '.join(words)} {word}", "an address")
    elif not word.is_exact or "/" in text or text.startswith((".", "~")):
        host.path("read", Arg(text, word.form, word.loose), state, words)
    else:
        host.path("read", Arg(text or ".", word.form, word.loose), state, words)


def _package(host: Host, word: Arg, state: State, words: tuple[str, ...]) -> None:
    text = word.text.partition("[")[0]
    if word.is_exact and (text in (".", "..") or text.startswith(("./", "../"))):
        host.path("execute", exact(text), state, words)
    else:
        host.add(Act(Effect.ADD_PACKAGE, f"{' '.join(words)} {word}", (*words, str(word))))


def _is_task(word: Arg) -> bool:
    if not word.is_exact or not _TARGET.fullmatch(word.text):
        return False
    if re.search(r"=|^/|\.\.|://", word.text):
        return False
    if word.text in NO_TASKS or re.match(r"[\w-]+(\.[\w-]+)+:[\w.-]+:", word.text):
        return False  # the second is a plugin of Maven's, wherever it comes from
    return not GRAVE_NAMES.search(word.text)


def _is_assignment(word: Arg) -> bool:
    name, equals, value = word.text.partition("=")
    if not equals:
        return _is_task(word)
    if not word.is_exact or not re.fullmatch(r"\w+", name) or _GRAVE_VARIABLES.fullmatch(name):
        return False
    return (
        bool(_VALUE.fullmatch(value)) and ".." not in value and not re.search(r"(^|[=: ])/", value)
    )


def _full(pattern: re.Pattern[str]) -> Callable[[Arg], bool]:
    return lambda word: word.is_exact and bool(pattern.fullmatch(word.text))


_CHECKS: dict[Kind, Callable[[Arg], bool]] = {
    Kind.NAME: lambda word: _full(_NAME)(word) and "::" not in word.text[:6],
    Kind.NUMBER: lambda word: (
        word.form in (Form.EXACT, Form.NUMBERED) and bool(_NUMBER.fullmatch(word.text))
    ),
    Kind.REMOTE: _full(_REMOTE),
    Kind.MODE: _full(_MODE),
    Kind.TASK: _is_task,
    Kind.ASSIGNMENT: _is_assignment,
    Kind.DEFINITION: _full(_DEFINITION),
    Kind.REF: _full(_REF),
    Kind.PUSH_REF: _full(_PUSH_REF),
    Kind.SUFFIX: _full(_SUFFIX),
    Kind.PS_WORD: _full(_PS_WORD),
    Kind.STRATEGY: lambda word: word.is_exact and word.text in _STRATEGIES,
    Kind.GIT_KEY: lambda word: word.is_exact,
    Kind.GO_SCRIPT: lambda word: (
        word.is_exact
        and (
            word.text == "."
            or word.text.startswith("./")
            or bool(re.fullmatch(r"\w[\w/]*\.go", word.text))
        )
        and ".." not in word.text
    ),
    Kind.GIT_SETTING: lambda word: word.is_exact and is_git_setting_harmless(word.text),
    Kind.GLOB: lambda word: (
        word.is_exact and not word.text.lstrip("!").startswith(("/", "~")) and ".." not in word.text
    ),
}
_BESIDE = {Kind.EDIT: operand.edit, Kind.TAR: operand.tar, Kind.LINK: operand.link}
_LANGUAGES: dict[Kind, Callable[[str], list[tuple[str, str]] | None]] = {
    Kind.SED: sed.look,
    Kind.AWK: awk.look,
    Kind.JQ: jq.look,
    Kind.PYTHON: python_text.look,
}
_REASONS = {
    Kind.MODE: "a mode that is not plain reading, writing, executing",
    Kind.TASK: "the name does not sound like building or testing",
    Kind.ASSIGNMENT: "what is set may change what runs",
    Kind.REMOTE: "only a configured remote is known",
    Kind.GIT_SETTING: "the setting may make git run programs",
}
