"""Where everything of one instance lives. Standard library only: the shim starts with this.

An instance is named by its state directory. All paths follow HOME and the XDG variables, so a
whole copy can run beside the user's own.
"""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False  # typing costs the shim more than the rest of this module
if TYPE_CHECKING:
    from collections.abc import Mapping

APP = "ccpar-hybrid"
SOCKET_PATH_LIMIT = 107
"""Bytes that a Unix socket's path may have on Linux (103 on macOS)."""
_LONGEST_SOCKET_TAIL = 60


class UnsafePath(Exception):
    """A directory that must be private is a link, is another user's, or is open to others."""


class Paths:
    """The directories of one instance; made by `make_private` when first needed."""

    __slots__ = ("config", "data", "runtime", "state")

    def __init__(self, *, config: str, state: str, data: str, runtime: str) -> None:
        self.config = config
        self.state = state
        self.data = data
        self.runtime = runtime

    @property
    def ledger(self) -> str:
        """The SQLite file."""
        return os.path.join(self.state, "ledger.db")

    @property
    def instance(self) -> str:
        """A short name of this instance, the same for every process that shares its state."""
        return _digest(self.state)

    def group(self, group: str) -> str:
        """The rendezvous directory of a group: its `offers/` and its `idle/` workers."""
        return os.path.join(self.runtime, "g", _file_name(group))

    def offers(self, group: str) -> str:
        """Open offers of a group: one listening socket each, oldest modification first."""
        return os.path.join(self.group(group), "o")

    def idle(self, group: str) -> str:
        """One datagram socket for each idle worker of the group."""
        return os.path.join(self.group(group), "i")

    def worker_socket(self, worker: str) -> str:
        """The worker's own stream socket: status, drain, hooks."""
        return os.path.join(self.workers, worker)

    @property
    def workers(self) -> str:
        """One stream socket for each living worker."""
        return os.path.join(self.runtime, "w")

    def beat(self, worker: str) -> str:
        """A worker's heartbeat: a file that it touches again and again."""
        return os.path.join(self.runtime, "b", worker)

    def supervisor(self, session: str) -> str:
        """The file that a session's supervisor has locked for as long as it lives."""
        return os.path.join(self.runtime, "s", session)

    @property
    def approver(self) -> str:
        """Where workers ask for decisions, and people give theirs."""
        return os.path.join(self.runtime, "a")

    @property
    def approver_lock(self) -> str:
        """The file that the approver has locked for as long as it lives."""
        return os.path.join(self.runtime, "a.lock")

    def run_socket(self, key: str) -> str:
        """Where a second shim of a running key attaches."""
        return os.path.join(self.runtime, "r", key)

    def lease(self, key: str) -> str:
        """The file whose lock says that the key runs."""
        return os.path.join(self.runtime, "l", key)

    @property
    def processes(self) -> str:
        """For each running key, which processes it has: for the case that its worker is killed."""
        return os.path.join(self.runtime, "p")

    @property
    def starts(self) -> str:
        """Which agents have started a moment ago, and take their memory only now."""
        return os.path.join(self.runtime, "starts")

    def attempt(self, key: str, number: int) -> str:
        """Private files of one attempt: its log, settings, prompt."""
        return os.path.join(self.state, "tasks", key, str(number))

    def session(self, session: str) -> str:
        """Private files of one tmux session: its environment and its plan."""
        return os.path.join(self.state, "sessions", session)


def resolve(environment: Mapping[str, str]) -> Paths:
    """The instance that this environment names. Touches nothing but reads the runtime pointer."""
    home = environment.get("HOME") or os.path.expanduser("~")
    state = _xdg(environment, "XDG_STATE_HOME", home, ".local/state")
    return Paths(
        config=_xdg(environment, "XDG_CONFIG_HOME", home, ".config"),
        state=state,
        data=_xdg(environment, "XDG_DATA_HOME", home, ".local/share"),
        runtime=_recorded_runtime(state) or _fresh_runtime(environment, state),
    )


def make_private(path: str) -> str:
    """Create the directory with mode 0700, and its parents; raise UnsafePath if it is not ours."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        _check_private(path)
    return path


def record_runtime(paths: Paths) -> None:
    """Note the runtime directory in the state, for shells with another XDG_RUNTIME_DIR."""
    make_private(paths.state)
    pointer = _pointer(paths.state)
    partial = f"{pointer}.{os.getpid()}"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(paths.runtime)
    os.replace(partial, pointer)


def _check_private(path: str) -> None:
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode):
        raise UnsafePath(f"{path} is not a directory")
    if found.st_uid != os.geteuid():
        raise UnsafePath(f"{path} belongs to another user")
    if found.st_mode & 0o077:
        os.chmod(path, 0o700)


def _xdg(environment: Mapping[str, str], name: str, home: str, default: str) -> str:
    base = environment.get(name, "")
    if not os.path.isabs(base):  # the XDG specification: relative values are ignored
        base = os.path.join(home, default)
    return os.path.join(base, APP)


def _file_name(group: str) -> str:
    plain = len(group) <= 20 and group.isascii() and group.replace("-", "").isalnum()
    return group if plain and group == group.lower() else f"={_digest(group)}"


def _digest(text: str) -> str:
    import hashlib  # 4 ms that the shim does not need for a plain group name

    return hashlib.sha1(text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()[
        :12
    ]


def _pointer(state: str) -> str:
    return os.path.join(state, "runtime")


def _recorded_runtime(state: str) -> str | None:
    try:
        with open(_pointer(state), encoding="utf-8", errors="surrogateescape") as file:
            path = file.read()
        _check_private(path)
    except (OSError, UnsafePath):
        return None
    return path


def _fresh_runtime(environment: Mapping[str, str], state: str) -> str:
    base = environment.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(base) and os.path.isdir(base) and os.access(base, os.W_OK):
        path = os.path.join(base, APP, _digest(state))
        if _fits(path):
            return path
    path = os.path.join(state, "run")
    return path if _fits(path) else f"/tmp/ccpar-{os.geteuid()}-{_digest(state)}"


def _fits(path: str) -> bool:
    return len(os.fsencode(path)) + _LONGEST_SOCKET_TAIL <= SOCKET_PATH_LIMIT
