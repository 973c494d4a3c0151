"""Judging tool calls in tests, in a project of their own."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ccpar_hybrid.approval import policy, tool
from ccpar_hybrid.approval.ground import Ground, ground
from ccpar_hybrid.approval.policy import Policy, Profile
from ccpar_hybrid.approval.rule import Asker
from ccpar_hybrid.approval.tool import Tools
from ccpar_hybrid.approval.verdict import Verdict, decide

DATA = Path(__file__).parents[1] / "data" / "approval"
BREAK = "␤"
RETURN = "␍"


class Project:
    """A directory with a few files, and a home beside it."""

    def __init__(self, place: Path, rules: str = "", profile: Profile | None = None) -> None:
        self.directory = place / "project"
        self.home = place / "home"
        hooks = self.directory / ".git" / "hooks"
        keys = self.home / ".ssh"
        for folder in (self.directory / "src", hooks, self.home / ".config", keys):
            folder.mkdir(parents=True, exist_ok=True)
        (keys / "id_rsa").touch()
        for name in ("src/app.py", ".env", ".git/config", ".git/HEAD", ".git/hooks/a.sample"):
            (self.directory / name).touch()
        own = self.home / ".config" / "ccpar-hybrid"
        self.ground: Ground = ground(str(self.directory), {"HOME": str(self.home)}, (str(own),))
        file = place / "policy.toml"
        file.write_text(rules, encoding="utf-8")
        self.policy: Policy = policy.load(file, profile)

    def judge(self, name: str, **given: object) -> Verdict:
        """What is decided on a call."""
        return decide(Asker(tool=name), given, self.ground, self.policy, tools())

    def bash(self, command: str) -> str:
        """The decision on a command, as a word."""
        return self.judge("Bash", command=command).decision.value


@cache
def tools() -> Tools:
    """The shipped tools."""
    return tool.load()


def hostile() -> list[str]:
    """Commands that may never be allowed."""
    text = (DATA / "hostile.txt").read_text(encoding="utf-8")
    lines = [line for line in text.split("\n") if line and not line.startswith("# One")]
    return [line.replace(BREAK, "\n").replace(RETURN, "\r") for line in lines]


def beyond() -> list[tuple[Profile, str]]:
    """Commands that one profile may never allow, though another may."""
    found = []
    for line in (DATA / "beyond.txt").read_text(encoding="utf-8").split("\n"):
        if line.startswith("@"):
            profile, _, command = line[1:].partition(" ")
            found.append((Profile(profile), command.replace(BREAK, "\n")))
    return found


def real() -> list[str]:
    """Commands that agents run when they do their work."""
    return (DATA / "real.txt").read_text(encoding="utf-8").rstrip("\n").split("\n%%\n")
