"""An awk program (gawk 5's manual): whether it only computes and prints."""

from __future__ import annotations

import re

Found = list[tuple[str, str]]
_TOKEN = re.compile(
    r'"(?:\\.|[^"\\\n])*"|\|\||>=|==|!=|<=|&&|[A-Za-z_]\w*|\d[\w.]*|#[^\n]*|\s+|.', re.DOTALL
)
_REGEX = re.compile(r"/(?:\\.|\[\^?\]?(?:\\.|[^\]\n])*\]|[^/\\\n\[])+/")
_BEFORE_DIVISION = re.compile(r"[\w)\]$\"]")
_RUNNING = {
    "system": "awk's system() runs a program",
    "getline": "awk's getline reads files and programs",
    "ENVIRON": "it reads the environment",
    "PROCINFO": "it changes how awk talks to others",
    "ARGV": "it changes which files are read",
    "ARGC": "it changes which files are read",
    "SYMTAB": "it reaches every variable",
    "FUNCTAB": "it reaches every function",
    "include": "it reads another program",
    "load": "it loads code",
    "extension": "it loads code",
}


def look(program: str) -> Found:
    """Empty if it only computes and prints; else why it is not understood."""
    at, printing, last = 0, False, ""
    depth = 0
    while at < len(program):
        regex = None
        if program[at] == "/" and not (last and _BEFORE_DIVISION.fullmatch(last[-1])):
            regex = _REGEX.match(program, at)
            if regex is None:
                return [("unclear", "a regular expression of this awk program has no end")]
        token = regex[0] if regex else _TOKEN.match(program, at)[0]  # type: ignore[index]
        at += len(token)
        if regex:
            last = "]"
            continue
        if reason := _reason(token, printing and depth == 0):
            return [("unclear", reason)]
        if token in ("print", "printf"):
            printing, depth = True, 0
        elif token in ("(", ")") and printing:
            depth += 1 if token == "(" else -1
        elif token in (";", "}", "{") or "\n" in token:
            printing = False
        if not token.isspace():
            last = token
    return []


def _reason(token: str, is_printing: bool) -> str:
    if token in _RUNNING:
        return _RUNNING[token]
    if token == "@":
        return "an indirect call or a directive of gawk"
    if token in ("|", "&"):
        return "awk's pipe runs a program"
    if token == ">" and is_printing:
        return "it prints to a file whose name it computes"
    if token in ('"', "\\", "`"):
        return "this awk program is not understood"
    return ""
