"""Trying a policy: which one is in force, and what it says of a call."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ccpar_hybrid.approval import policy as policies
from ccpar_hybrid.approval import tool
from ccpar_hybrid.approval.ground import ground
from ccpar_hybrid.approval.policy import Policy, Profile
from ccpar_hybrid.approval.rule import Asker
from ccpar_hybrid.approval.tool import Tools
from ccpar_hybrid.approval.verdict import Verdict, decide
from ccpar_hybrid.core.decision import Decision
from ccpar_hybrid.core.errors import BadInput
from ccpar_hybrid.system import paths

TOOLS_FOLDER = "tools"


class Call(BaseModel):
    """One line of standard input; `tool_name`, `tool_input` and `cwd` are a hook's words for it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    tool: str
    input: dict[str, Any]
    dir: str | None = None
    agent: str = "claude"
    group: str = ""


class Bench:
    """A policy with all that it needs to be tried."""

    def __init__(
        self,
        environment: Mapping[str, str],
        file: str | None = None,
        profile: str | None = None,
    ) -> None:
        self._environment = environment
        self._given = file
        self._paths = paths.resolve(environment)
        self.policy: Policy = policies.load(self._file(file), _profile(profile))
        self.tools: Tools = tool.load(Path(self._paths.config) / TOOLS_FOLDER)

    def _file(self, given: str | None) -> Path | None:
        if given is not None:
            return Path(given)
        own = Path(self._paths.config) / policies.FILE_NAME
        return own if own.exists() else None

    def judge(self, call: Call) -> Verdict:
        """What the policy says of the call; raises BadInput if its directory is none."""
        directory = Path(call.dir or ".").absolute()
        if not directory.is_dir():
            raise BadInput(f"{directory} is no directory", "name the task's directory with --dir")
        asker = Asker(tool=call.tool, agent=call.agent, group=call.group)
        return self.judge_at(asker, call.input, str(directory))

    def allowed_by(self, call: Call) -> Profile | None:
        """The first wider profile that allows the call beside the same rules."""
        wider = list(Profile)[list(Profile).index(self.policy.profile) + 1 :]
        for profile in wider:
            other = Bench(self._environment, self._given, profile.value)
            if other.judge(call).decision is Decision.ALLOW:
                return profile
        return None

    @property
    def file(self) -> str:
        """Where the user's policy is, or would be."""
        return self.policy.where or str(Path(self._paths.config) / policies.FILE_NAME)

    def judge_at(
        self, asker: Asker, given: Mapping[str, Any], directory: str, folder: str = ""
    ) -> Verdict:
        """The same in the words of a running agent, whose shell stands in `folder`."""
        own = (self._paths.config, self._paths.state, self._paths.data, self._paths.runtime)
        place = ground(directory, self._environment, own, folder)
        return decide(asker, given, place, self.policy, self.tools)


def read_call(data: object, directory: str | None) -> Call:
    """A call from JSON; raises BadInput that says what is accepted."""
    accepted = 'accepted is {"tool": "Bash", "input": {"command": "ls"}, "dir": "/path"}'
    if not isinstance(data, dict):
        raise BadInput("a call is a JSON object", accepted)
    names = {"tool_name": "tool", "tool_input": "input", "cwd": "dir"}
    plain = {names.get(key, key): value for key, value in data.items()}
    plain.setdefault("dir", directory)
    try:
        return Call.model_validate(plain)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", accepted) from error


def _profile(name: str | None) -> Profile | None:
    if name is None:
        return None
    try:
        return Profile(name)
    except ValueError:
        accepted = ", ".join(Profile)
        raise BadInput(f"there is no profile {name!r}", f"accepted are {accepted}") from None
