"""Which rows of a dialog tell their command."""

from __future__ import annotations

import pytest

from ccpar_hybrid.agents.claude_command import is_told

TOLD = (
    "touch a",
    "git commit -m 'fix #12: $HOME is `not` read'",
    'git commit -m "fix #12; and more"',
    "npm run build && npm test 2>&1 | tail -20",
    "cd src && rm -r build || true",
    "echo a >> notes.txt; cat < notes.txt",
    "grep -rn 'a\\.b' src",
    "find . -name '*.o' -delete",
    "rm -f *.pyc src/[ab]?.o ~/x",
    "FOO=bar make test",
    "awk '{print $1}' a",
    "python -m pytest -q",
    "./run.sh a &",
    "git log HEAD^..HEAD",
    "echo in if done",
)
NOT_TOLD = (
    "",
    " ls",
    "ls ",
    "ls  -l",
    "ls\t-l",
    "ls é",
    "ls a\u2060b",
    "ls \x1b[31m",
    "ls \\; rm a",
    'echo "a\\"b"',
    "echo '\\' '; rm a'",
    "ls # a",
    "echo $HOME",
    'echo "$HOME"',
    "echo `id`",
    'echo "`id`"',
    "echo $(id)",
    "cat <<EOF",
    "cat <<< a",
    "cat <(id)",
    "(ls)",
    "{ ls; }",
    "! ls",
    "ls {a,b}",
    "[[ a > b ]]",
    "ls; [[ a > b ]]",
    "if ls; then id; fi",
    "ls && while ls; do id; done",
    "time ls",
    ". ./a",
    "eval ls",
    "ls >| a",
    "ls >&a",
    "ls <> a",
    "ls 'a",
    'ls "a',
    "ls ;; id",
    "sed 's/a/b/' c",
    "sed -n '1p;w x' a",
    "ls | perl -ne 'print'",
    "python3 -c 'print(1)'",
    "node -e 'f()'",
    "bash -c 'ls'",
    "/bin/sh -c 'ls'",
    "'bash' -c ls",
    "env -S 'ls -l'",
    "xargs sh -c 'ls' < a",
    "command eval 'ls'",
    "ssh host 'ls'",
)


@pytest.mark.parametrize("text", TOLD)
def test_a_plain_command_is_told(text: str) -> None:
    assert is_told(text)


@pytest.mark.parametrize("text", NOT_TOLD)
def test_what_a_letter_that_is_not_seen_could_turn_into_another_structure_is_not_told(
    text: str,
) -> None:
    assert not is_told(text)
