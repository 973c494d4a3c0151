"""What a script of the project is told to do: publishing, or running a text, is no building."""

from __future__ import annotations

import re
import shutil

from ccpar_hybrid.approval.act import Effect
from ccpar_hybrid.approval.arg import Form, exact
from ccpar_hybrid.approval.host import Host
from ccpar_hybrid.approval.invocation import Invocation
from ccpar_hybrid.approval.state import State
from ccpar_hybrid.approval.tool import Kind

GRAVE_NAMES = re.compile(
    r"(^|[-:_./])(un)?(deploy|publish|release|push|upload|install|sudo|prod|production|destroy|drop|"
    r"rollback|eject|send|distclean|purge|nuke|wipe|flash|burn|ship|promote|teardown|jib\b|scm:)|"
    r"(?<=[a-z0-9])(?-i:Deploy|Publish|Push|Upload|Destroy|Drop|Rollback|Teardown|Purge|Nuke|Wipe|"
    r"Promote|AndRelease|DockerBuild)|(sonatype|github|finalize|create|perform)Release|flyway:?clean",
    re.IGNORECASE,
)
"""Names of make targets, npm scripts and the like that do more than build and test."""
_GRAVE_ARGUMENT = re.compile(
    r"(-*(deploy|publish|push|upload|send|destroy|drop|purge|nuke|wipe|rollback|pastebin)|(release|install)\b)"
    r"[^/]*$",
    re.IGNORECASE,
)
_RUNNING = re.compile(
    r"-[ce]|--?(eval|exec|execute|command|code|run|script|require|import)(=.*)?|"
    r"shell(_plus)?|dbshell|console|runner|runscript|tinker|eval|exec",
    re.DOTALL,
)
_MANAGERS: dict[str, frozenset[str]] = {
    "setup.py": frozenset(
        [
            "build",
            "build_ext",
            "build_py",
            "build_clib",
            "check",
            "clean",
            "egg_info",
            "sdist",
            "bdist_wheel",
            "test",
        ]
    ),
    "manage.py": frozenset(
        [
            "test",
            "check",
            "makemigrations",
            "showmigrations",
            "sqlmigrate",
            "makemessages",
            "compilemessages",
            "help",
            "startapp",
        ]
    ),
    "artisan": frozenset(["test", "list", "help", "route:list", "about"]),
    "rails": frozenset(["test", "routes", "about", "notes", "stats", "zeitwerk:check"]),
    "console": frozenset(
        ["list", "help", "about", "lint:yaml", "lint:twig", "lint:container", "debug:router"]
    ),
}
"""Scripts that frameworks make: of their subcommands, those that only build, test and print."""
_INFORMING = frozenset(["-v", "--version", "-h", "--help", "--test", "-c", "--check", "-l", "-m"])
_SETUP_OPTIONS = frozenset(
    ["--inplace", "-i", "-q", "-v", "-f", "-n", "--version", "--name", "--help"]
)
NO_TASKS = frozenset([
    "env", "printenv", "exec", "dlx", "add", "npm", "node", "config", "up", "x", "update",
    "upgrade", "bootstrap", "init", "telemetry", "create", "archetype:generate", "wrapper:wrapper",
    "wrapper", "e", "login", "logout",
])  # fmt: skip
"""What package managers do themselves under the name of a script: run, print, install."""
_SUITES = frozenset(
    ["astro", "nuxt", "gatsby", "storybook", "ng", "nx", "turbo", "lerna", "next", "remix"]
)
"""Programs with many subcommands, of which some change an account, a server or the packages."""
_BESIDE_BUILDING = frozenset([
    "analytics", "automigrate", "connect", "feedback", "gen", "import", "link", "migrate", "module",
    "new", "plugin", "policies", "sandbox", "set", "unlink", "version",
])  # fmt: skip
_OF_MANY = ("run", "run-many", "affected", "task")
"""What monorepo tools call running a task that is named later."""
_OWN = ("ccpar-hybrid", "ccpar_hybrid", "pueue", "tmux", "ccpar-task", "ccpar-hook")
_NO_BUILDING = "the name does not sound like building or testing"
_KNOWN = (Form.EXACT, Form.GLOB, Form.NUMBERED)
_ELSEWHERE = ("/dev/std", "/dev/fd/", "/proc/")


def judge(host: Host, call: Invocation, state: State, words: tuple[str, ...]) -> None:
    """What a script of the project is told, and paths in what options of a build say."""
    tasks = [word.text for kind, word in call.takes if kind is Kind.TASK]
    if tasks and tasks[0] in _OF_MANY:
        for kind, word in call.takes:
            grave = GRAVE_NAMES.search(word.text) or word.text in NO_TASKS
            if kind is Kind.ANY and grave:
                host.unclear(f"{' '.join(words)} {word}", _NO_BUILDING)
    if call.names[0] in _SUITES or call.names == ("yarn", "workspace"):
        for kind, word in call.takes:
            grave = GRAVE_NAMES.match(word.text) or word.text in NO_TASKS | _BESIDE_BUILDING
            if kind in (Kind.ANY, Kind.TASK) and grave:
                host.unclear(f"{' '.join(words)} {word}", _NO_BUILDING)
    if call.names == ("bun", "run") and tasks and tasks[0] != "test" and shutil.which(tasks[0]):
        host.unclear(f"bun run {tasks[0]}", "without a script of that name it runs the program")
    place = next((n for n, (kind, _) in enumerate(call.takes) if kind is Kind.SCRIPT), None)
    runs = call.names[-1] in ("run", "exec", "start") or call.names[0].startswith("python -m ")
    if place is not None or runs or "/" in call.names[0] or call.names[0] in ("tox", "nox"):
        name = call.names[0] if place is None else call.takes[place][1].text
        said = call.takes if place is None else call.takes[place + 1 :]
        if why := doubt(name, [word.text for kind, word in said if kind is Kind.ANY]):
            host.unclear(f"{' '.join(words)} {name}", why)
    if call.grammar.does not in (Effect.BUILD, Effect.INSTALL):
        return
    for kind, word in call.takes:
        if kind is not Kind.TEXT:
            continue
        if word.form not in _KNOWN and (kind, word) not in call.operands:
            host.unclear(f"{' '.join(words)} {word}", "an option's value that is not known")
        for piece in re.split(r"[:=,;]", word.text):
            if "/" in piece or piece.startswith("~") or piece == "..":
                host.path("write", exact(piece), state, words)


def doubt(name: str, arguments: list[str]) -> str:
    """Why this script with these arguments may do more than build and test; empty if not."""
    last = name.rsplit("/", 1)[-1]
    if last in _MANAGERS:
        plain = [each for each in arguments if not each.startswith("-")]
        first = plain[0] if plain else ""
        several = plain if last == "setup.py" else [first]
        if plain and not set(several) <= _MANAGERS[last]:
            return f"what {first} of {last} does is not known"
        if last == "setup.py" and not set(arguments) - set(plain) <= _SETUP_OPTIONS:
            return "an option of setup.py may load code"
    if GRAVE_NAMES.search(last):
        return _NO_BUILDING
    if last.removesuffix(".py") in _OWN:
        return "it answers prompts in a person's place"
    for each in arguments:
        if _GRAVE_ARGUMENT.match(each):
            return f"{each} does not sound like building or testing"
        if _RUNNING.fullmatch(each):
            return f"{each} may run a program text"
    return ""


def reads_program(call: Invocation) -> bool:
    """Whether an interpreter is started without a script: it runs its input."""
    kinds = {kind for kind, _ in call.takes}
    return (
        Kind.SCRIPT in call.grammar.operands
        and not kinds & {Kind.SCRIPT, Kind.MODULE}
        and not _INFORMING & set(call.options)
    )


def is_elsewhere(path: str) -> bool:
    """Whether a program of this name is what somebody else writes: standard input, a pipe."""
    return path == "-" or path.startswith(_ELSEWHERE)
