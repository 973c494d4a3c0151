"""Whatever a real bash runs, reads and writes of a text by chance, the judge has seen before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.referee.bash import Bash
from tests.referee.comparison import compare, one_parser, texts
from tests.referee.script import PROGRAMS

TEXTS = 150
FOUND = (
    'set --; zp "$@" z "$*"',
    'r=(); zp "${r[@]}" z ${r[*]} "a${r[@]}"',
    'zp "$@" a "x$@y"',
    'f() { zp "$@" "$#" "$1"; }; f "a b" *.txt; f',
    "zp ${v+''} ${v-''} ${v:-'a b' c} ${v:+x}",
    "zp {01..3} {-02..1} {1..'3'} {1..$#} {3..1..2}",
    "v=1; zw new$((v + 1)) d/$((1))x; zp x > n$((v))",
    'v=$(zp a b); zp "$1"$v x',
    'zp "$*"{*,a}',
    "echo one two | xargs -n 1 zp",
    "for v in; do zw $v; done; for w in a; do zw $w; done",
    "find d -name '*.txt' | while read -r v; do zr \"$v\"; done",
    "zp *$1 d/*$2",
    'v=1; va=2; vb=3; zp $v{a,b} {$v,x}a {x,$v}b ${v}{a,b} $v/{a,b} "$v"{a,b}',
    "v=xa; zp \"${v/x/'$(zt a)'}\" \"${v#'$(zt b)'}\" \"${v%%'a'}\"",
    "zp \"${v:+'$(zt a)'}\" \"${v:-$'$(zt b)'}\"",
    "zp a >& '$(zt b; echo new)'",
    "zp $(zp a <<E; zt b; zt c\nx\nE\n)",
)
"""Words and files of which the judge once knew something else than bash."""


@pytest.fixture
def bash(tmp_path: Path) -> Bash:
    return Bash(tmp_path / "bash", PROGRAMS)


def test_what_was_once_missed_is_judged(bash: Bash) -> None:
    cases = compare(bash, FOUND)
    assert [(case.text, case.missed) for case in cases if case.missed] == []
    assert sum(not case.asked for case in cases) >= len(FOUND) - 7


@pytest.mark.parametrize("seed", ["one", "two"])
def test_what_bash_does_of_a_text_was_judged(bash: Bash, seed: str) -> None:
    cases = compare(bash, texts(seed, TEXTS, isolated=bash.is_isolated))
    assert sum(not case.asked for case in cases) >= TEXTS / 8
    assert [(case.text, case.missed) for case in cases if case.missed] == []


@pytest.mark.parametrize("seed", ["three", "four"])
def test_what_follows_the_tree_needs_no_second_parser(
    bash: Bash, seed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccpar_hybrid.approval.shell.parse", one_parser)
    cases = compare(bash, texts(seed, TEXTS, isolated=bash.is_isolated))
    assert sum(not case.asked for case in cases) >= TEXTS / 6
    assert [(case.text, case.missed) for case in cases if case.missed] == []


def test_a_command_that_the_judge_does_not_see_is_told(
    bash: Bash, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ccpar_hybrid.approval.shell.parse", lambda text, dialect="": ())
    (case,) = compare(bash, ["zt one > new; cd d && zw x.txt; zr < ../a.txt"])
    told = " ".join(case.missed)
    assert all(each in told for each in ("('zt', 'one')", "w/new", "('zw', 'x.txt')", "d/x.txt"))


def test_bash_is_watched_without_namespaces_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.referee.bash._UNSHARE", ("false",))
    bash = Bash(tmp_path / "bash", PROGRAMS)
    assert not bash.is_isolated
    text = (
        "v='a b'; zt $v \"$v\" *.txt; ./run; nothing-z; zp x > new; read -r w < b.txt; "
        "zf || cd l && zt"
    )
    directory = bash.directory()
    (record,) = bash.run([(directory, text)])
    assert record is not None
    assert record.calls == (
        (str(directory), ("zt", "a", "b", "a b", "a.txt", "b.txt", "c d.txt")),
        (str(directory), ("./run",)),
        (str(directory), ("nothing-z",)),
        (str(directory), ("zp", "x")),
        (str(directory), ("zf",)),
        (str(directory / "d"), ("zt",)),
    )
    assert record.written == {str(directory / "new")}
    assert str(directory / "b.txt") in record.read
    assert compare(bash, texts("five", 40, isolated=False))
