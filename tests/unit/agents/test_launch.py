"""How agents are started: what stands in argv, in files, in the environment."""

import json
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ccpar_hybrid.agents.base import Agent, Launch, LaunchContext, Terminal
from ccpar_hybrid.agents.claude import ClaudeAgent
from ccpar_hybrid.agents.claude_hook import EVENTS
from ccpar_hybrid.agents.command import CommandAgent
from ccpar_hybrid.agents.demo import DemoAgent
from ccpar_hybrid.agents.registry import all_agents
from ccpar_hybrid.core.settings import ClaudeSettings, Settings
from ccpar_hybrid.core.task import TaskKey, TaskSpec
from ccpar_hybrid.demo.agent_option import SANDBOXED, demo_home
from tests.unit.agents.recording import SESSION

SECRET = "a secret; $(touch x) 'of' \"many\" words\n"
Start = Callable[..., Launch]


@pytest.fixture
def scratch(home: Path) -> Path:
    place = home / "it's a scratch"
    place.mkdir(mode=0o700)
    return place


@pytest.fixture
def start(home: Path, scratch: Path, environment: dict[str, str]) -> Start:
    def start(
        agent: Agent | None = None,
        *,
        hook: tuple[str, ...] = ("hook",),
        resume: bool = False,
        opening: str = "",
        **fields: object,
    ) -> Launch:
        given = {"prompt": SECRET, "directory": str(home), "environment": {"TOKEN": SECRET}}
        spec = TaskSpec.model_validate({**given, **fields})
        context = LaunchContext(
            TaskKey("taaaaaaaa"),
            1,
            spec,
            scratch,
            SESSION,
            resume,
            hook,
            {**environment, "TOKEN": SECRET},
            opening,
        )
        return (agent or ClaudeAgent(ClaudeSettings())).launch(context)

    return start


def settings_of(launch: Launch) -> dict[str, dict[str, object]]:
    path = Path(launch.argv[launch.argv.index("--settings") + 1])
    loaded: dict[str, dict[str, object]] = json.loads(path.read_text())
    return loaded


def begin_session(home: Path) -> None:
    folder = home / "claude" / "projects" / "-srv"
    folder.mkdir(parents=True)
    (folder / f"{SESSION}.jsonl").touch()


AGENTS: list[Agent] = [ClaudeAgent(ClaudeSettings()), DemoAgent(ClaudeSettings()), CommandAgent()]


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.name)
def test_neither_prompt_nor_environment_stands_in_argv(start: Start, agent: Agent) -> None:
    launch = start(agent)
    assert not any("secret" in word for word in launch.argv)
    assert launch.environment["TOKEN"] == SECRET


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.name)
def test_the_files_of_an_attempt_are_for_the_user_only(
    start: Start, agent: Agent, scratch: Path
) -> None:
    start(agent, context=["/srv/a"])
    assert {path.stat().st_mode & 0o777 for path in scratch.iterdir()} == {0o600}


def test_claude_gets_the_prompt_on_standard_input(start: Start) -> None:
    launch = start()
    assert launch.terminal is Terminal.FOREGROUND
    assert launch.stdin is not None
    assert launch.stdin.read_bytes() == SECRET.encode()
    assert launch.argv[:3] == ("claude", "--session-id", SESSION)


def test_values_that_begin_with_a_dash_stay_values(start: Start) -> None:
    launch = start(model="--help", permission_mode="-p", allowed_tools=["-x", "Bash(git log:*)"])
    assert launch.argv[5:] == (
        "--model=--help",
        "--permission-mode=-p",
        "--allowedTools=-x,Bash(git log:*)",
    )


def test_what_the_task_says_goes_before_what_is_configured(start: Start) -> None:
    agent = ClaudeAgent(
        ClaudeSettings(model="opus", permission_mode="plan", allowed_tools=("Read",))
    )
    assert start(agent).argv[5:] == (
        "--model=opus",
        "--permission-mode=plan",
        "--allowedTools=Read",
    )
    task = start(agent, model="haiku", permission_mode="default", allowed_tools=["Bash"])
    assert task.argv[5:] == (
        "--model=haiku",
        "--permission-mode=default",
        "--allowedTools=Read,Bash",
    )


def test_context_files_may_be_read_if_their_names_are_no_patterns(start: Start) -> None:
    launch = start(context=["/srv/a b.md", "/srv/[x]*.md"])
    assert launch.argv[5:] == ("--allowedTools=Read(//srv/a b.md)",)
    assert launch.prompt is not None
    assert launch.prompt.endswith("Read these files first:\n- /srv/a b.md\n- /srv/[x]*.md")


def test_all_hooks_run_one_command_that_a_shell_reads_right(start: Start, home: Path) -> None:
    words = ("/bin/echo", "it's", 'a "b" $c', "; #")
    settings = settings_of(start(hook=words))
    assert set(settings["hooks"]) == set(EVENTS)
    command = settings["hooks"]["Stop"][0]["hooks"][0]["command"]  # type: ignore[index]
    said = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    assert said.stdout == 'it\'s a "b" $c ; #\n'


def test_without_a_status_line_of_the_users_ours_is_alone(start: Start) -> None:
    assert settings_of(start())["statusLine"]["command"] == "hook --status-line"


def test_a_status_line_of_the_users_goes_on_working(
    start: Start, home: Path, scratch: Path
) -> None:
    (home / "claude").mkdir()
    own = {"statusLine": {"type": "command", "command": "echo 'mine' | cat"}}
    (home / "claude" / "settings.json").write_text(json.dumps(own))
    command = str(settings_of(start())["statusLine"]["command"])
    script = scratch / "statusline.sh"
    assert shlex.split(command) == ["hook", "--status-line", str(script)]
    assert script.read_text() == "echo 'mine' | cat\n"


def test_a_session_that_has_begun_is_resumed(start: Start, home: Path) -> None:
    begin_session(home)
    launch = start(resume=True, opening="You were cut off. ", prompt="Fix it")
    assert launch.argv[1:3] == ("--resume", SESSION)
    assert launch.stdin is not None
    assert launch.stdin.read_text() == "You were cut off. Fix it"


def test_a_session_that_never_began_begins_with_the_tasks_own_words(start: Start) -> None:
    launch = start(resume=True, opening="You were cut off. ", prompt="Fix it")
    assert launch.argv[1:3] == ("--session-id", SESSION)
    assert launch.stdin is not None
    assert launch.stdin.read_text() == "Fix it"


def test_a_new_session_hears_what_was_before(start: Start) -> None:
    launch = start(opening="It was tried before. ", prompt="Fix it")
    assert launch.stdin is not None
    assert launch.stdin.read_text() == "It was tried before. Fix it"


@pytest.mark.parametrize("command", ["", "   ", 'claude "half'])
def test_a_command_that_is_none_is_refused_by_the_settings(command: str) -> None:
    with pytest.raises(ValueError, match="command"):
        ClaudeSettings(command=command)


def test_a_program_that_is_not_there_is_said_with_the_way_to_mend_it(home: Path) -> None:
    assert "npm install" in (ClaudeAgent(ClaudeSettings()).missing({"PATH": str(home)}) or "")
    program = home / "claude"
    program.touch(0o755)
    assert ClaudeAgent(ClaudeSettings()).missing({"PATH": str(home)}) is None


def test_the_command_may_have_words_of_its_own(start: Start) -> None:
    agent = ClaudeAgent(ClaudeSettings(command="nice -n 5 'my claude'"))
    assert start(agent).argv[:5] == ("nice", "-n", "5", "my claude", "--session-id")


# --- command


def test_a_command_runs_from_a_file_and_knows_its_context(start: Start, scratch: Path) -> None:
    launch = start(
        CommandAgent(), prompt='cat "$CCPAR_CONTEXT"; exit 3', context=["/srv/a b", "/c"]
    )
    assert (launch.terminal, launch.prompt, launch.stdin) == (Terminal.RELAYED, None, None)
    done = subprocess.run(launch.argv, env=dict(launch.environment), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (3, "/srv/a b\n/c\n")
    assert CommandAgent().missing({}) is None


def test_a_command_of_many_lines_runs_as_it_stands(start: Start) -> None:
    prompt = "x='a  b'\ncat <<'END'\n$(no)\nEND\nprintf '%s' \"$x\""
    done = subprocess.run(start(CommandAgent(), prompt=prompt).argv, capture_output=True, text=True)
    assert done.stdout == "$(no)\na  b"


# --- demo


def test_the_stand_in_is_given_its_prompt_by_paste(start: Start) -> None:
    launch = start(DemoAgent(ClaudeSettings(), name="demo"), prompt="!x")
    assert (launch.stdin, launch.prompt) == (None, "\n!x")
    assert launch.argv[1:4] == ("-P", "-m", "ccpar_hybrid.demo.agent")
    assert launch.environment[SANDBOXED] == "1"
    assert DemoAgent(ClaudeSettings()).missing({}) is None


def test_the_stand_in_resumes_its_own_sessions_only(
    start: Start, home: Path, environment: dict[str, str]
) -> None:
    begin_session(home)
    agent = DemoAgent(ClaudeSettings())
    own = demo_home(environment)
    assert start(agent, resume=True).argv[4] == (
        "--resume" if own == home / "claude" else "--session-id"
    )
    folder = own / "projects" / "-srv"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{SESSION}.jsonl").touch()
    assert start(agent, resume=True).argv[4] == "--resume"


def test_every_agent_is_registered_by_its_name() -> None:
    agents = all_agents(Settings())
    assert list(agents) == ["claude", "command", "demo"]
    assert all(agent.name == name for name, agent in agents.items())
    assert [agent.interactive for agent in agents.values()] == [True, False, True]
