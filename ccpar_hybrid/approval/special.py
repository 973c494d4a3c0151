"""POSIX's special builtins: some shells run them before a function of that name, others after."""

SPECIAL = frozenset([
    ".", ":", "break", "continue", "eval", "exec", "exit", "export", "readonly", "return", "set",
    "shift", "source", "times", "trap", "unset",
])  # fmt: skip
