"""Arguments that are judged by what stands beside them: archives, links, edits, requests."""

from __future__ import annotations

import os
import re

from ccpar_hybrid.approval.arg import Arg, exact
from ccpar_hybrid.approval.host import Host
from ccpar_hybrid.approval.invocation import Invocation
from ccpar_hybrid.approval.script import is_elsewhere
from ccpar_hybrid.approval.state import State
from ccpar_hybrid.approval.tool import Kind

_TAR_MODES = frozenset(["-c", "--create", "-t", "--list", "-x", "--extract"])


def edit(host: Host, call: Invocation, word: Arg, state: State, words: tuple[str, ...]) -> None:
    """A file that is read, and changed where an option says so."""
    host.path("read", word, state, words)
    if not any(option in ("-i", "--in-place") for option in call.options):
        return
    host.path("write", word, state, words)
    if any(kind is Kind.SED and not script.text for kind, script in call.takes):
        # BSD's sed takes the empty word for the suffix of `-i`, and this one for the script.
        host.unclear(str(word), "seds differ in which word is the script")


def tar(host: Host, call: Invocation, word: Arg, state: State, words: tuple[str, ...]) -> None:
    """An archive, or what is packed into one."""
    modes = {option for option in call.options if option in _TAR_MODES}
    if ":" in word.text.partition("/")[0]:
        host.unclear(f"tar {word}", "the archive may be on another machine")
    named = any(option in ("-f", "--file") for option in call.options)
    printing = any(kind is Kind.TAR and is_elsewhere(each.text) for kind, each in call.takes)
    if modes & {"-c", "--create"} and (printing or not named):
        host.unclear(f"tar {word}", "it prints all that it packs")
    if not modes <= {"-c", "--create", "-t", "--list"} or len(modes) != 1:
        host.unclear(f"tar {word}", "the archive decides which files it writes")
    elif modes & {"-c", "--create"} and (Kind.TAR, word) not in call.operands:
        if word.text != "-":
            host.path("write", word, state, words)
    elif word.text != "-" and not (modes & {"-t", "--list"} and (Kind.TAR, word) in call.operands):
        host.path("read", word, state, words)


def body(host: Host, kind: Kind, word: Arg, state: State, words: tuple[str, ...]) -> None:
    """What a request sends: a text, or a file that it names."""
    file = re.fullmatch(r"(?:[\w-]+=)?@([\w./~-]+)(;(type|filename)=[\w./+-]+)*", word.text)
    if "%output" in word.text:
        host.unclear(f"{' '.join(words)} {word}", "it writes to a file")
    elif file and word.is_exact:
        host.path("read", exact(file[1]), state, words)
    elif (kind is Kind.FORM or not word.text.startswith(("{", "["))) and (
        not word.is_exact or re.search(r"[@<]", word.text)
    ):
        host.unclear(f"{' '.join(words)} {word}", "the request may hold a file")


def link(host: Host, call: Invocation, word: Arg, state: State, words: tuple[str, ...]) -> None:
    """A symbolic link is seen from where it lies; what it leads to can be read and written."""
    last = call.operands[-1][1] if len(call.operands) > 1 else exact(".")
    folders = state.folders
    if folders is not None and last.is_exact and not word.text.startswith("/"):
        above = frozenset(
            os.path.normpath(os.path.join(base, os.path.dirname(last.text)))  # noqa: PTH118, PTH120
            for base in folders
        )
        folders = folders | above
    host.path("read", word, state.at(folders), words)
    host.path("write", word, state.at(folders), words)
