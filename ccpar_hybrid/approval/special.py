"""POSIX's special builtins: some shells run them before a function of that name, others after."""

SPECIAL = frozenset([
    ".", ":", "break", "continue", "eval", "exec", "exit", "export", "readonly", "return", "set",
    "shift", "source", "times", "trap", "unset",
])  # fmt: skip
CLAUSES = frozenset([
    "time", "coproc", "select", "declare", "local", "typeset", "nameref", "let", "function", "if",
    "then", "elif", "else", "fi", "for", "in", "do", "done", "while", "until", "case", "esac", "{",
    "}", "[[", "]]", "[", "]", "!",
])  # fmt: skip
"""What the parser takes for a part of the grammar, though bash takes some of them for a command now
and then (`a | time b`): a function of such a name may be called unseen."""
