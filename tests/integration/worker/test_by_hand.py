"""Tasks that people add with plain `pueue add`."""

import subprocess

from tests.support.instance import GROUP, Instance
from tests.support.waiting import wait_until


def test_a_task_by_hand_runs_under_its_label_and_keeps_its_identity_over_a_restart(
    instance: Instance,
) -> None:
    instance.setup(1)
    first = instance.pueue_add("-g", GROUP, "--", "exec true")
    number = instance.pueue_add(
        *("-g", GROUP, "-l", "fix-1", "-o", "7", "-a", str(first), "--"),
        *("ccpar-task", "--prompt", "echo one   two '>>' said"),
    )
    outcome = instance.settled(number)
    view = instance.view(number)
    assert outcome.result == "succeeded"
    assert (view.task.spec.label, view.task.spec.priority) == ("fix-1", 7)
    assert view.task.spec.prompt == "echo one two >> said"
    assert instance.file("said").read_text() == "one two\n"
    assert view.task.spec.directory == str(instance.project)

    instance.pueue("restart", "-i", str(number))
    wait_until(lambda: instance.attempts(view.key) == 2)
    instance.settled(number)
    assert instance.view(number).key == view.key


def test_a_prompt_file_and_every_option_reach_the_task(instance: Instance) -> None:
    instance.setup(1)
    script = instance.file("what to do.sh")
    script.write_text('echo "$GREETING from $PWD" > out; cat $CCPAR_CONTEXT >> out\n')
    (instance.project / "sub").mkdir()
    instance.file("notes.md").write_text("x")
    number = instance.pueue_add(
        *("-g", GROUP, "--", "ccpar-task", "--prompt-file", f"'{script}'", "--dir", "sub"),
        *("--agent", "command", "--env", "GREETING='hello you'", "--timeout", "30"),
        *("--context", "notes.md", "--allowed-tools", "Bash,Read", "--model", "m1"),
        *("--permission-mode", "plan", "--retries", "0", "--idle", "600", "--memory", "512"),
    )
    assert instance.outcome(number).result == "succeeded"
    spec = instance.view(number).task.spec
    said = (instance.project / "sub" / "out").read_text().splitlines()
    assert said == [f"hello you from {instance.project}/sub", str(instance.file("notes.md"))]
    assert (spec.timeout_s, spec.model, spec.permission_mode) == (30, "m1", "plan")
    assert spec.allowed_tools == ("Bash", "Read")
    assert (spec.retries, spec.idle_s, spec.memory_mib) == (0, 600, 512)


def test_two_identical_tasks_by_hand_are_two_tasks(instance: Instance) -> None:
    instance.setup(2)
    words = ("-g", GROUP, "--", "ccpar-task", "--prompt", "echo run '>>' runs")
    first, second = instance.pueue_add(*words), instance.pueue_add(*words)
    assert instance.outcome(first).result == instance.outcome(second).result == "succeeded"
    assert instance.view(first).key != instance.view(second).key
    assert instance.file("runs").read_text() == "run\nrun\n"


def test_a_task_by_hand_outlives_the_daemon_under_its_identity(instance: Instance) -> None:
    instance.setup(1)
    instance.file("do.sh").write_text(
        "echo run >> runs; while [ ! -e go ]; do sleep 0.05; done; echo the end"
    )
    number = instance.pueue_add("-g", GROUP, "--", "ccpar-task", "--prompt-file", "do.sh")
    instance.wait_file("runs")
    key = instance.view(number).key
    instance.daemon.kill()
    instance.daemon.start()
    instance.pueue("restart", "-i", str(number))
    instance.pueue("start", "-g", GROUP)
    wait_until(lambda: "attempt 1" in instance.log(number), message="attached")
    instance.file("go").touch()
    assert instance.settled(number).result == "succeeded"
    assert instance.view(number).key == key
    assert instance.file("runs").read_text() == "run\n"


def test_a_command_without_our_shim_does_no_harm(instance: Instance) -> None:
    instance.setup(1)
    number = instance.pueue_add("-g", GROUP, "--", "echo stranger > stranger")
    assert instance.wait_file("stranger") == "stranger\n"
    wait_until(lambda: '"Success"' in instance.pueue("status", "--json"))
    task = instance.add("echo ours > ours")
    assert instance.outcome(task).result == "succeeded"
    assert instance.worker().last.startswith("last: " + task)
    assert str(number) in instance.pueue("status")


def test_an_unknown_key_ends_with_words_and_code_3(instance: Instance) -> None:
    instance.setup(1)
    number = instance.pueue_add("-g", GROUP, "--", "exec ccpar-task tnosuchke")
    wait_until(lambda: '"Failed"' in instance.pueue("status", "--json"))
    assert "there is no task 'tnosuchke' in the ledger" in instance.pueue("log", str(number))
    assert '"Failed":3' in instance.pueue("status", "--json").replace(" ", "").replace("\n", "")
    instance.wait_idle()


def test_bad_words_end_at_once_with_what_is_accepted(instance: Instance) -> None:
    def say(*words: str) -> tuple[int, str]:
        done = subprocess.run(
            ["ccpar-task", *words],
            env=instance.environment,
            cwd=instance.project,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
        )
        return done.returncode, done.stdout + done.stderr

    assert say()[0] == 2
    assert "--prompt" in say()[1]
    code, words = say("--prompt-file", "nosuch")
    assert (code, "cannot read the prompt from nosuch" in words) == (2, True)
    code, words = say("--prompt", "x", "--prompt-file", "y")
    assert (code, "one of --prompt and --prompt-file" in words) == (2, True)
    code, words = say("--prompt", "  ")
    assert (code, "empty" in words) == (2, True)
    code, words = say("--prompt", "x", "--env", "NOT_SET_ANYWHERE")
    assert (code, "NOT_SET_ANYWHERE" in words) == (2, True)
    code, words = say("--prompt", "x", "--timeout", "soon")
    assert (code, "--timeout" in words) == (2, True)
    assert say("--nosuch")[0] == 2


def test_a_worker_refuses_what_the_shim_could_not_check(instance: Instance) -> None:
    instance.setup(1)
    number = instance.pueue_add(
        *("-g", GROUP, "--", "ccpar-task", "--prompt", "x", "--timeout", "-4")
    )
    wait_until(lambda: "timeout_s" in instance.log(number))
    unknown = instance.pueue_add(
        *("-g", GROUP, "--", "ccpar-task", "--prompt", "x", "--agent", "nobody")
    )
    outcome = instance.outcome(unknown)
    assert (outcome.exit_code, "nobody" in outcome.reason) == (127, True)
