"""The demo agent in a real tmux: its screens, hooks, record and ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.demo_pane import ALLOW, Pane, bash, is_running
from tests.support.waiting import wait_until


@pytest.fixture
def pane(home: Path, environment: dict[str, str]) -> Iterator[Pane]:
    if not shutil.which("tmux"):
        if os.environ.get("CI"):
            pytest.fail("tmux is missing")
        pytest.skip("tmux is missing")
    pane = Pane(home, environment)
    yield pane
    subprocess.run(["tmux", "kill-server"], env=environment, capture_output=True)


def test_a_turn_is_played_told_to_hooks_and_recorded(pane: Pane) -> None:
    pane.start()
    pane.ready()
    pane.play({"say": "Hello."}, bash("echo made; ls -a | wc -l"), {"say": "All done."})
    assert pane.event("Stop")["last_assistant_message"] == "All done."
    pane.see("● Hello.", "● Bash(echo made", "⎿  made", "● All done.", "✻ Brewed for")
    told = pane.event("PostToolUse")
    assert told["tool_input"] == {"command": "echo made; ls -a | wc -l"}
    assert str(dict(told["tool_response"])["stdout"]).startswith("made\n")  # type: ignore[call-overload]
    assert pane.event("SessionStart")["source"] == "startup"
    answers = [each for each in pane.records() if each["type"] == "assistant"]
    messages = [dict(each["message"]) for each in answers]  # type: ignore[call-overload]
    assert [each["content"][0]["type"] for each in messages] == ["text", "tool_use", "text"]
    assert messages[0]["id"] == messages[1]["id"] != messages[2]["id"]
    assert messages[0]["usage"]["output_tokens"] > 0


def test_a_folder_is_trusted_once(pane: Pane) -> None:
    pane.start(trusted=False)
    pane.see("Quick safety check", "❯ 1. Yes, I trust this folder")
    assert not pane.log.exists()
    pane.press("Enter")
    pane.ready()
    pane.restart("--session-id", str(uuid4()))
    pane.see("? for shortcuts")
    pane.event("SessionStart", 2)


def test_a_folder_that_is_not_trusted_is_left(pane: Pane) -> None:
    pane.start(trusted=False)
    pane.see("2. No, exit")
    pane.press("2")
    pane.see("code 1")


def test_a_key_answers_a_permission_dialog(pane: Pane) -> None:
    pane.start()
    pane.ready()
    pane.play(bash("git init -q . && echo yes"), {"say": "Over."})
    pane.see("Do you want to proceed?", "❯ 1. Yes", "3. No", "Esc to cancel")
    assert pane.event("PermissionRequest")["tool_name"] == "Bash"
    pane.press("1")
    pane.event("Stop")
    assert (pane.folder / ".git").is_dir()


def test_no_stops_the_turn_without_a_stop_hook(pane: Pane) -> None:
    pane.start()
    pane.ready()
    pane.play({"tool": "Write", "input": {"file_path": "a", "content": "x"}})
    pane.see("Do you want to create a?")
    pane.press("3")
    pane.see("Interrupted · What should Claude do instead?", "? for shortcuts")
    assert not (pane.folder / "a").exists()
    assert "[Request interrupted by user for tool use]" in json.dumps(pane.records())
    pane.play({"say": "Next."})
    assert pane.event("Stop")["last_assistant_message"] == "Next."


def test_a_hook_answers_a_permission_dialog(pane: Pane) -> None:
    (pane.home / "answer").write_text(json.dumps(ALLOW))
    pane.start()
    pane.ready()
    pane.play(bash("git init -q ."), {"say": "Over."})
    pane.event("Stop")
    assert (pane.folder / ".git").is_dir()
    pane.see("Allowed by PermissionRequest hook")


def test_a_hook_denies_and_the_turn_goes_on(pane: Pane) -> None:
    deny = json.dumps(ALLOW).replace('"allow"', '"deny", "message": "not here"')
    (pane.home / "answer").write_text(deny)
    pane.start()
    pane.ready()
    pane.play(bash("git init -q ."), {"say": "Over."})
    pane.event("Stop")
    pane.see("Error: not here", "● Over.")
    assert not (pane.folder / ".git").exists()


def test_a_question_is_answered(pane: Pane) -> None:
    pane.start()
    pane.ready()
    options = [{"label": "SQLite", "description": "One file"}, {"label": "Postgres"}]
    question = {"question": "Which database?", "header": "DB", "options": options}
    pane.play({"tool": "AskUserQuestion", "input": {"questions": [question]}}, {"say": "Good."})
    pane.see("☐ DB", "❯ 1. SQLite", "Chat about this", "↑/↓ to navigate")
    pane.press("Down", "Enter")
    assert "Postgres" in json.dumps(pane.event("PostToolUse")["tool_response"])
    pane.see("· Which database? → Postgres")


def test_escape_interrupts_a_command_and_its_children(pane: Pane) -> None:
    pane.start()
    pane.ready()
    pane.play({"say": "Wait."}, bash("sleep 1000 & echo $! > pid; wait"))
    pane.see("Do you want to proceed?")
    pane.press("1")
    pane.see("Running…", "esc to interrupt")
    pid = wait_until(lambda: (pane.folder / "pid").exists() and (pane.folder / "pid").read_text())
    pane.press("Escape")
    pane.see("Interrupted · What should Claude do instead?", "? for shortcuts")
    wait_until(lambda: not is_running(int(pid)))
    assert not pane.events("Stop")


def test_what_is_typed_during_a_turn_is_played_next(pane: Pane) -> None:
    pane.start()
    pane.ready()
    pane.play({"say": "One."}, {"pause": 1000})
    pane.see("● One.", "esc to interrupt")
    pane.press("second", "Enter")
    pane.see("❯ second", "Press up to edit queued messages")
    pane.press("Escape")
    assert "second" in str(pane.event("Stop")["last_assistant_message"])
    assert pane.event("UserPromptSubmit", 2)["prompt"] == "second"


@pytest.mark.parametrize("size", ["80x20", "200x50"])
def test_200_kb_arrive_whole(pane: Pane, size: str) -> None:
    pane.start(size=size)
    pane.ready()
    text = "".join(f"{number} ünï 日本 ' \" $(x) `y` #{{z}} \\\n" for number in range(6500))
    assert len(text.encode()) > 200_000
    pane.paste(text)
    assert pane.event("UserPromptSubmit")["prompt"] == text
    pane.event("Stop")
    assert all(len(line) <= int(size.split("x")[0]) for line in pane.screen().splitlines())


def test_sigterm_ends_cleanly(pane: Pane) -> None:
    pane.start()
    pane.ready()
    pane.play({"say": "One."}, {"pause": 1000})
    pane.see("● One.")
    os.kill(pane.pid, signal.SIGTERM)
    shown = pane.see("code 143")
    assert pane.event("SessionEnd")["reason"] == "other"
    assert f"--resume {pane.session_id}" in shown
    assert not any(mode in shown for mode in ("-icanon", "-echo ", "-opost", "-icrnl", "-isig"))
    form = "#{cursor_flag} #{alternate_on}"
    assert pane.tmux("display-message", "-p", "-t", ":agent", form).strip() == "1 0"


def test_ctrl_c_twice_and_exit_end_with_success(pane: Pane) -> None:
    pane.start()
    pane.ready()
    pane.press("C-c")
    pane.see("Press Ctrl-C again to exit")
    pane.press("C-c")
    pane.see("code 0")
    pane.restart("--session-id", str(uuid4()))
    pane.see("? for shortcuts")
    pane.press("/exit", "Enter")
    pane.see("code 0")


def test_a_stopped_agent_goes_on_where_it_was(pane: Pane) -> None:
    pane.start()
    pane.ready()
    os.kill(pane.pid, signal.SIGSTOP)
    pane.paste("typed while stopped")
    os.kill(pane.pid, signal.SIGCONT)
    assert pane.event("UserPromptSubmit")["prompt"] == "typed while stopped"


def test_a_session_goes_on_after_a_kill(pane: Pane) -> None:
    pane.start()
    pane.ready()
    pane.play({"say": "Before."}, {"pause": 1000}, says="Remember me")
    pane.see("● Before.")
    os.kill(pane.pid, signal.SIGKILL)
    pane.see("code 137")
    pane.restart("--resume", pane.session_id)
    pane.see("Remember me", "● Before.", "? for shortcuts")
    assert pane.event("SessionStart", 2)["source"] == "resume"
    before = len(pane.records())
    pane.play({"say": "After."})
    pane.event("Stop")
    parents = [each.get("parentUuid") for each in pane.records()[before:] if "uuid" in each]
    assert None not in parents


def test_a_session_that_is_not_there_is_refused(pane: Pane) -> None:
    pane.start("--resume", str(uuid4()))
    pane.see("No conversation found", "code 1")


def test_an_error_is_retried_shown_and_told(pane: Pane) -> None:
    pane.start()
    pane.ready()
    pane.play({"error": {"status": 529, "times": 1}}, {"say": "Better."})
    assert pane.event("Stop")["last_assistant_message"] == "Better."
    pane.play({"error": {"status": 400, "message": "bad"}})
    failure = pane.event("StopFailure")
    assert failure["last_assistant_message"] == "API Error: 400 bad"
    pane.see("● API Error: 400 bad", "? for shortcuts")


def test_a_limit_asks_by_itself_what_to_do_and_is_met_once(pane: Pane) -> None:
    pane.start()
    pane.ready()
    steps: list[dict[str, object]] = [
        {"limit": {"window": "five_hour", "resets_in_s": 1}},
        {"say": "After all."},
    ]
    pane.play(*steps)
    failure = pane.event("StopFailure")
    assert failure["error"] == "rate_limit"
    assert str(failure["last_assistant_message"]).startswith("You've hit your session limit")
    pane.see("/rate-limit-options", "❯ 1. Stop and wait for limit to reset", "2. Upgrade your plan")
    pane.press("Enter")
    pane.see("? for shortcuts")
    pane.restart("--resume", pane.session_id)
    pane.event("SessionStart", 2)
    pane.see("? for shortcuts")
    pane.play(*steps)
    assert pane.event("Stop")["last_assistant_message"] == "After all."


def test_a_background_command_is_listed_and_its_end_is_a_turn(pane: Pane) -> None:
    pane.start("--session-id", pane.session_id, "--allowedTools", "Bash")
    pane.ready()
    command = "while ! test -e go; do read -t 0.05 < <(:); done"
    pane.play(bash(command, run_in_background=True, description="bg"), {"say": "Started."})
    assert "bg" in json.dumps(pane.event("Stop")["background_tasks"])
    pane.see("1 shell")
    (pane.folder / "go").touch()
    assert "<task-notification>" in str(pane.event("UserPromptSubmit", 2)["prompt"])
    assert pane.event("Stop", 2)["background_tasks"] == []


def test_the_status_line_gets_figures_and_is_shown(pane: Pane) -> None:
    script = f"cat > {pane.home}/status.json; echo used some"
    pane.settings["statusLine"] = {"type": "command", "command": script}
    pane.start()
    pane.see("used some")
    name = "anthropic-ratelimit-unified-5h"
    limits = {f"{name}-utilization": "0.91", f"{name}-reset": "1800000000"}
    pane.play({"headers": limits}, {"say": "Done."})
    status = pane.home / "status.json"
    wait_until(lambda: "five_hour" in status.read_text())
    told = json.loads(status.read_text())
    assert told["rate_limits"]["five_hour"] == {"used_percentage": 91, "resets_at": 1800000000}
    assert told["cost"]["total_cost_usd"] > 0


@pytest.mark.parametrize("prompt", ["/exit", "!touch evil", "-x", "@a", "#(touch evil)", " a\tb "])
def test_hostile_prompts_are_taken_as_they_are(pane: Pane, prompt: str) -> None:
    pane.start()
    pane.ready()
    pane.paste(prompt)
    assert pane.event("UserPromptSubmit")["prompt"] == prompt
    pane.event("Stop")
    assert not (pane.folder / "evil").exists()


def test_a_resize_draws_the_screen_again(pane: Pane) -> None:
    pane.start()
    pane.ready()
    pane.play({"say": "日本語 " * 30})
    pane.event("Stop")
    pane.tmux("resize-window", "-t", ":agent", "-x", "81", "-y", "20")
    rule = "─" * 81

    def is_drawn_once() -> bool:
        shown = pane.screen()
        return shown.count(f"{rule}\n") == 2 and shown.count("? for shortcuts") == 1

    wait_until(is_drawn_once)


def test_a_plan_is_approved_and_a_long_command_pushes_the_dialog_s_top_out(pane: Pane) -> None:
    pane.start("--session-id", pane.session_id, "--permission-mode", "plan")
    pane.see("⏸ plan mode on")
    pane.event("SessionStart")
    command = "\n".join(f"echo {number} >> out" for number in range(60))
    pane.play({"tool": "ExitPlanMode", "input": {"plan": "1. Look"}}, bash(command), {"say": "x"})
    pane.see("Ready to code?", "1. Look", "❯ 1. Yes, and auto-accept edits", "3. No, keep planning")
    pane.press("2")
    shown = pane.see("echo 59 >> out", "❯ 1. Yes", "2. No")
    assert "Bash command" not in shown
    pane.press("1")
    assert pane.event("Stop")["permission_mode"] == "default"
    assert (pane.folder / "out").read_text().split() == [str(number) for number in range(60)]


def test_a_prompt_can_come_from_a_file_on_standard_input(pane: Pane) -> None:
    (pane.home / "prompt").write_bytes(b"a\tb \r\n/exit\n")
    pane.wrapper = f'"$@" < {pane.home}/prompt; exec cat'
    pane.start()
    assert pane.event("UserPromptSubmit")["prompt"] == "a\tb \r\n/exit\n"
    pane.ready()
    pane.paste("and by keyboard")
    assert pane.event("UserPromptSubmit", 2)["prompt"] == "and by keyboard"
