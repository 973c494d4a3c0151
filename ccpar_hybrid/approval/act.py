"""What a tool call would do, taken apart: the words that policies speak of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What one part of a call does."""

    LOOK = "look"  # prints something; touches nothing but what `read` names
    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    EXECUTE = "execute"  # runs a file as a program
    BUILD = "build"  # compiles, tests, lints: runs the project's own code
    COMMIT = "commit"  # changes the repository's history or index, nothing lost
    DISCARD = "discard"  # loses work that nothing else holds
    INSTALL = "install"  # what the project's own manifest names
    ADD_PACKAGE = "add-package"  # brings in a package that is named in the call
    CONSULT = "consult"  # asks a configured service, sends nothing of the project
    FETCH = "fetch"  # from any address
    SEND = "send"  # to any address: push, upload, publish
    SEARCH = "search"
    SERVER_TOOL = "server-tool"  # a tool of an MCP server
    DELEGATE = "delegate"  # starts an agent whose own calls are judged again
    NOTE = "note"  # the agent's own notes
    TRUST = "trust"  # lets the folder's own settings and hooks hold for the agent
    PERSON = "person"  # a question that only a person answers
    PROCESS = "process"  # signals processes, or starts one that stays
    SETTINGS = "settings"  # of git, of a tool, of the machine
    PRIVILEGE = "privilege"  # as another user
    UNKNOWN = "unknown"  # a program or tool that nothing is known of
    UNCLEAR = "unclear"  # not understood: never allowed
    FORCE_PUSH = "force-push"
    FETCHED_CODE = "fetched-code"  # runs what was just downloaded
    ANSWER = "answer"  # types into a terminal, or answers a prompt, in a person's place
    GIT_HOOKS = "git-hooks"  # settings that make git run programs
    DISK = "disk"  # whole disks and file systems
    SECRETS = "secrets"  # prints secrets of the environment or of a key store


class Place(StrEnum):
    """Where a path leads, all links followed. A path may have several."""

    DIRECTORY = "directory"  # inside the task's directory
    WORKTREE = "worktree"  # inside its git worktree; the directory is part of that
    TEMPORARY = "temporary"  # outside, below /tmp or $TMPDIR
    OUTSIDE = "outside"  # anywhere else, the temporary place included
    DEVICE = "device"  # /dev/null and the like: harmless
    DISK = "disk"  # any other device
    ROOT = "root"  # the directory or the worktree itself, not something in it
    CONTROL = "control"  # .git, .claude, .envrc and the like: what decides what runs
    HOOKS = "hooks"  # git's hooks and configuration
    SECRET = "secret"
    APPROVER = "approver"  # this program's own settings and state, and tmux's sockets


@dataclass(frozen=True)
class Spot:
    """A path with the places that it has. `path` is absolute, or a pattern below one."""

    path: str
    places: frozenset[Place]


@dataclass(frozen=True)
class Act:
    """One thing that a call would do; a policy decides each of them.

    `words` is the simple command that it belongs to, as far as it is known. `why` says what was
    not understood, or what makes the act what it is.
    """

    effect: Effect
    subject: str
    words: tuple[str, ...] = ()
    spot: Spot | None = None
    host: str = ""
    server: str = ""
    why: str = ""


def unclear(subject: str, why: str) -> Act:
    """What nobody understood."""
    return Act(Effect.UNCLEAR, subject, why=why)
