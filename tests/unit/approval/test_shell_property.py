"""Whatever stands around it: a denied part is never allowed, and no text breaks the judge."""

from __future__ import annotations

import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccpar_hybrid.approval.policy import Profile
from ccpar_hybrid.system.process import run
from tests.support.policy import Project, hostile, real

DENIED = (
    "rm -rf /etc",
    "cat ~/.ssh/id_rsa",
    "git push --force",
    "x=rm; $x /etc",
    "tmux kill-server",
)
ALLOWED = tuple(command for command in real() if "<<" not in command and "\n" not in command)
HOSTILE = tuple(
    command for command in hostile() if not any(letter in command for letter in "\n\r<#\\!")
)
BEFORE = (
    "{d}; {a}",
    "{d} && {a}",
    "{d} || {a}",
    "{d} | {a}",
    "{d}\n{a}",
    "{d} & {a}",
    "({d}); {a}",
)
WITHIN = (
    '{a} "$({d})"',
    "{a} `{d}`",
    "{a} <({d})",
    "{a} > >({d})",
    "x=$({d}) {a}",
    "x=$({d}); {a}",
    "{a} $((1 + $({d}; echo 1)))",
    '{a} "${{x:-$({d})}}"',
    "{a} <<E\n$({d})\nE",
    '{a} <<< "$({d})"',
    '{a} > "$({d})"',
    "[[ -n $({d}) ]] && {a}",
    "if {d}; then {a}; fi",
    "for x in $({d}); do {a}; done",
    "f() {{ {d}; }}; f; {a}",
    "{a} && f() {{ {a}; {d}; }} && f",
    "trap '{q}' EXIT; {a}",
    "eval '{q}'; {a}",
    "bash -c '{q}'; {a}",
    "{a} | bash -c '{q}'",
    "echo '{q}' | bash; {a}",
)
RUNNERS = (
    "env",
    "env X=1",
    "nice -n 5",
    "timeout 5",
    "nohup",
    "stdbuf -o0",
    "setsid",
    "command",
    "exec",
    "builtin command",
    "time",
    "!",
    "sudo",
    "xargs",
    "bash -c '\"$@\"' _",
    "find src -maxdepth 0 -exec",
)
PROGRAMS = ("rm -rf /etc", "cat ~/.ssh/id_rsa", "git push --force", "tmux kill-server", "dd of=x")
JOINS = ("{a}; {d}", "{a} && {d}", "{a} || {d}", "{d}; {a}", "{d} && {a}", "{d} & {a}")
NESTS = (
    "{d}",
    "({d})",
    "{{ {d}; }}",
    'echo "$({d})"',
    "echo `{d}`",
    "if true; then {d}; fi",
    "while true; do {d}; done",
    "for i in a; do {d}; done",
    "case x in *) {d};; esac",
    "f() {{ {d}; }}; f",
    "echo ${{x:-$({d})}}",
    "cat <({d})",
    "! {{ {d}; }}",
    "[[ -n $({d}) ]]",
)
WORDS = """
rm ls echo cat -rf / ~ .env $x ${x} $(id) `id` ' " \\ ; & | && || > < >> << <<< ( ) { } [[ ]] [ ]
if then fi for do done in while case esac function * ? ! # = x=1 a=(1) $((1)) eval bash -c 1
"""
PIECES = st.sampled_from([*WORDS.split(), "\n"])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("p"), profile=Profile.STANDARD)


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(
    allowed=st.sampled_from(ALLOWED),
    denied=st.sampled_from(DENIED),
    join=st.sampled_from(JOINS),
    nests=st.lists(st.sampled_from(NESTS), max_size=3),
)
def test_adding_a_denied_part_anywhere_never_gives_allow(
    project: Project, allowed: str, denied: str, join: str, nests: list[str]
) -> None:
    for nest in nests:
        denied = nest.format(d=denied)
    assert project.bash(join.format(a=allowed, d=denied)) != "allow"


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    allowed=st.sampled_from(ALLOWED),
    denied=st.sampled_from(HOSTILE),
    join=st.sampled_from(BEFORE),
)
def test_no_command_makes_a_hostile_one_before_it_harmless(
    project: Project, allowed: str, denied: str, join: str
) -> None:
    assert project.bash(join.format(a=allowed, d=denied)) != "allow"


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    allowed=st.sampled_from(ALLOWED),
    denied=st.sampled_from(DENIED),
    place=st.sampled_from(WITHIN),
)
def test_a_denied_part_within_an_allowed_command_is_found(
    project: Project, allowed: str, denied: str, place: str
) -> None:
    quoted = denied.replace("'", "'\\''")
    assert project.bash(place.format(a=allowed, d=denied, q=quoted)) != "allow"


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(
    program=st.sampled_from(PROGRAMS),
    runners=st.lists(st.sampled_from(RUNNERS), max_size=3),
    shadow=st.booleans(),
)
def test_what_runs_a_program_runs_no_function_of_that_name(
    project: Project, program: str, runners: list[str], shadow: bool
) -> None:
    text = " ".join([*runners, program])
    if shadow and any(each not in ("time", "!", "bash -c '\"$@\"' _") for each in runners):
        text = f"{program.split(maxsplit=1)[0]}() {{ :; }}; {text}"
    if "find" in text:
        text += " \\;"
    assert project.bash(text) != "allow"


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, max_size=14).map(" ".join))
def test_any_text_is_judged_without_an_error(project: Project, text: str) -> None:
    assert project.bash(text) in ("allow", "ask", "deny")


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=60))
def test_any_letters_are_judged_without_an_error(project: Project, text: str) -> None:
    assert project.bash(text) in ("allow", "ask", "deny")


CRASHED = (
    '"\u05f0+\u8c63,\\}?;\U0007dae2.\U0003882aa,,\t\U00069e53\U000647d0"'
    '${\U0006ea7a\ud114h:\u9f55,><($=)\t?-E@^x0"/\\7[.\'\u38e3_\U00075948"='
)


def test_no_letter_breaks_the_second_parser() -> None:
    """Its scanner read beyond a table; what lies there differs from process to process."""
    code = "import sys; from ccpar_hybrid.approval.opinion import other_commands as read\n"
    code += "print(len(read(sys.argv[1])))"
    done = run([sys.executable, "-c", code, CRASHED], timeout_s=60)
    assert int(done.stdout) > 0
