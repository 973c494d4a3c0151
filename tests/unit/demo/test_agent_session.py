"""What the demo agent keeps on the disk, and what it reads from its settings."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.demo.agent_hook import Reply, read_hooks
from ccpar_hybrid.demo.agent_option import Trust, demo_home, read_options
from ccpar_hybrid.demo.agent_permission import Mode
from ccpar_hybrid.demo.agent_status import Meter
from ccpar_hybrid.demo.agent_transcript import (
    Transcript,
    Usage,
    find_transcript,
    new_id,
    read_records,
    transcript_path,
)
from ccpar_hybrid.demo.agent_turn import steps_of
from ccpar_hybrid.demo.script import Say, ScriptError


def test_a_record_is_private_chained_and_found_again(tmp_path: Path) -> None:
    path = transcript_path(tmp_path, Path("/srv/my.app"), "one")
    assert path == tmp_path / "projects" / "-srv-my-app" / "one.jsonl"
    transcript = Transcript(path, "one", Path("/srv/my.app"))
    transcript.prompt("hello", "default", "typed")
    transcript.block("msg_1", {"type": "text", "text": "hi"}, "m", Usage(3, 4), "end_turn")
    first, second = read_records(path)
    assert second["parentUuid"] == first["uuid"]
    assert dict(second["message"])["usage"]["output_tokens"] == 4  # type: ignore[call-overload]
    assert path.stat().st_mode & 0o777 == 0o600
    assert find_transcript(tmp_path, "one") == path
    assert find_transcript(tmp_path, "two") is None


def test_a_torn_line_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"type": "user"}\n{"type": "assis')
    Transcript(path, "a", tmp_path).turn_ended(5)
    assert [each["type"] for each in read_records(path)] == ["user", "system"]


def test_ids_are_random_uuids_of_version_4() -> None:
    assert new_id() != new_id()
    assert [len(part) for part in new_id().split("-")] == [8, 4, 4, 4, 12]
    assert new_id()[14] == "4"


def test_trust_holds_below_a_folder_and_keeps_what_else_the_file_holds(tmp_path: Path) -> None:
    (tmp_path / ".claude.json").write_text('{"theme": "dark", "projects": {"/a": {"x": 1}}}')
    trust = Trust(tmp_path)
    assert not trust.holds_for(Path("/a/b"))
    trust.accept(Path("/a"))
    assert trust.holds_for(Path("/a/b"))
    assert not trust.holds_for(Path("/"))
    config = json.loads((tmp_path / ".claude.json").read_text())
    assert config["theme"] == "dark"
    assert config["projects"]["/a"] == {"x": 1, "hasTrustDialogAccepted": True}


def test_a_worktree_of_a_trusted_repository_is_trusted(tmp_path: Path) -> None:
    worktree = tmp_path / "other" / "tree"
    worktree.mkdir(parents=True)
    (worktree / ".git").write_text(f"gitdir: {tmp_path}/main/.git/worktrees/tree\n")
    trust = Trust(tmp_path)
    assert not trust.holds_for(worktree)
    trust.accept(tmp_path / "main")
    assert trust.holds_for(worktree)


def test_the_real_program_s_own_directory_is_never_the_default() -> None:
    assert demo_home({"HOME": "/h", "XDG_STATE_HOME": "/s"}) == Path("/s/ccpar-hybrid/demo")
    assert demo_home({"CLAUDE_CONFIG_DIR": "/c", "CCPAR_DEMO_HOME": "/d"}) == Path("/c")
    assert demo_home({"CCPAR_DEMO_HOME": "/d"}) == Path("/d")


def test_the_command_line_and_settings_are_read(tmp_path: Path) -> None:
    settings = {"permissions": {"allow": ["Edit"], "deny": ["WebFetch"]}}
    file = tmp_path / "s.json"
    file.write_text(json.dumps(settings))
    argv = [
        "--settings",
        str(file),
        "--permission-mode",
        "plan",
        "--allowedTools",
        "Bash(a:*) Read",
    ]
    options = read_options(argv, {})
    assert options.mode is Mode.PLAN
    assert options.allowed == ("Bash(a:*)", "Read", "Edit")
    assert options.denied == ("WebFetch",)
    assert read_options(["--settings", json.dumps(settings)], {}).settings == settings
    with pytest.raises(ValueError):
        read_options(["--settings", "{"], {})


def test_hooks_fit_by_event_and_matcher() -> None:
    command = {"type": "command", "command": "x", "timeout": 3}
    groups = [{"matcher": "Bash|Edit", "hooks": [command]}, {"hooks": [{"type": "http"}]}]
    (hook,) = read_hooks({"hooks": {"PreToolUse": groups, "Stop": "nonsense"}})
    assert hook.timeout_s == 3
    assert hook.fits("PreToolUse", "Edit")
    assert not hook.fits("PreToolUse", "NotebookEdit")
    assert not hook.fits("Stop", "Bash")


@given(
    st.recursive(
        st.none() | st.text(), lambda each: st.lists(each) | st.dictionaries(st.text(), each)
    )
)
def test_no_reply_of_a_hook_decides_by_accident(value: object) -> None:
    assert Reply({"hookSpecificOutput": value}).permission is None


def test_a_prompt_without_a_script_is_answered_with_its_first_line() -> None:
    (step,) = steps_of("Fix it\nplease", ())
    assert isinstance(step, Say)
    assert step.text.endswith("\nFix it")
    assert steps_of('x\nscript: [{"say": "y"}]', ()) == (Say("y"),)
    with pytest.raises(ScriptError):
        steps_of("script: [1]", ())


def test_the_meter_names_limits_only_once_headers_told_them() -> None:
    meter = Meter()
    assert "rate_limits" not in meter.facts()
    meter.headers({"Anthropic-Ratelimit-Unified-7d-Utilization": "0.5", "x": "y"})
    assert meter.facts()["rate_limits"] == {"seven_day": {"used_percentage": 50, "resets_at": None}}
