"""The real Claude Code, in print mode, against the scripted model.

Seen with Claude Code 2.1.197. CCPAR_CLAUDE_COMMAND names the program where `claude` is not on
PATH.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ccpar_hybrid.demo.model import ScriptedModel
from tests.support.claude import claude_command

pytestmark = pytest.mark.claude

Json = dict[str, Any]
Ask = Callable[..., Json]


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel() as running:
        yield running


@pytest.fixture
def ask(model: ScriptedModel, home: Path) -> Ask:
    """Asks Claude Code and returns its JSON result; the prompt goes in through stdin."""
    command = claude_command()
    environment = {
        "HOME": str(home),
        "TMPDIR": str(home),
        "PATH": os.environ["PATH"],
        "CLAUDE_CONFIG_DIR": str(home / "claude"),
        "ANTHROPIC_BASE_URL": model.url,
        "ANTHROPIC_API_KEY": "local",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }

    def run(*steps: object, options: tuple[str, ...] = ()) -> Json:
        done = subprocess.run(
            [command, "-p", "--output-format", "json", *options],
            input=f"go\nscript: {json.dumps(steps)}",
            env=environment,
            cwd=home,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.stdout, done.stderr
        result: Json = json.loads(done.stdout)
        return result

    return run


def conversations(model: ScriptedModel) -> list[list[Json]]:
    """The messages of every request that asked the model for an answer."""
    bodies = [json.loads(seen.body) for seen in model.requests if seen.method == "POST"]
    return [body["messages"] for body in bodies]


def test_claude_says_what_the_script_says(ask: Ask) -> None:
    result = ask(
        {"usage": {"input_tokens": 111, "output_tokens": 22}}, {"say": "Grüße, 世界\n" * 20}
    )
    assert (result["is_error"], result["num_turns"]) == (False, 1)
    assert result["result"].strip() == ("Grüße, 世界\n" * 20).strip()
    assert result["usage"]["input_tokens"] == 111
    assert result["usage"]["output_tokens"] == 22


def test_claude_runs_the_tools_and_gives_their_results_back(
    ask: Ask, model: ScriptedModel, home: Path
) -> None:
    write = {"tool": "Bash", "input": {"command": "echo made-$((40 + 2)) | tee made"}}
    result = ask(
        {"say": "Working."}, write, {"say": "Finished."}, options=("--allowedTools", "Bash")
    )
    assert result["result"] == "Finished."
    assert (home / "made").read_text() == "made-42\n"
    assert "made-42" in json.dumps(conversations(model)[-1][-1])


def test_claude_tries_again_after_an_error(ask: Ask, model: ScriptedModel) -> None:
    result = ask({"error": {"status": 529, "times": 1}}, {"say": "At last."})
    assert result["result"] == "At last."
    assert len(conversations(model)) == 2


def test_claude_obeys_the_headers_of_an_error(ask: Ask, model: ScriptedModel) -> None:
    stay = {"x-should-retry": "false"}
    result = ask({"error": {"status": 429, "message": "used up", "headers": stay}})
    assert (result["is_error"], result["api_error_status"]) == (True, 429)
    assert "used up" in result["result"]
    assert len(conversations(model)) == 1
