"""Screens that try to pass as a dialog that can be answered. Nothing here is ever run or shown.

Each is made of a recorded screen by one change, so that without the change it can be answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Change = Callable[[str], str]
ESCAPE = "\x1b"
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_BOX_RULE = f"{ESCAPE}[0m{ESCAPE}[38;5;244m{{rule}}{ESCAPE}[39m"
_BOX = f"{_BOX_RULE}\n❯\u00a0\n{_BOX_RULE}\n  ? for shortcuts\n"


def plain(screen: str) -> str:
    """Without its styles."""
    return _STYLE.sub("", screen)


def replaced(old: str, new: str, count: int = 1) -> Change:
    """The last places of a text become another one."""

    def change(screen: str) -> str:
        assert old in screen, f"{old!r} is not on the screen"
        return new.join(screen.rsplit(old, count))

    return change


def swapped(one: str, other: str) -> Change:
    """Two texts change places, in the dialog's end."""

    def change(screen: str) -> str:
        head, mark, tail = screen.rpartition("Do you want to")
        assert one in tail
        assert other in tail
        return head + mark + tail.replace(one, "\0").replace(other, one).replace("\0", other)

    return change


def lines(change: Callable[[list[str]], list[str]]) -> Change:
    """A change of the list of lines, without the blank ones at the end."""
    return lambda screen: "\n".join(change(screen.rstrip("\n").split("\n"))) + "\n"


def top_off(count_below_rule: int) -> Change:
    """The top is scrolled off: what is visible begins so many lines below the rule."""

    def change(screen: str) -> str:
        found = screen.split("\n")
        rule = max(n for n, line in enumerate(found) if "─" * 40 in line)
        # A style that began above is told again where the visible part begins.
        return f"{ESCAPE}[0m" + "\n".join(found[rule + count_below_rule :])

    return change


def rule_of(screen: str) -> str:
    """The rule of the dialog, without its style."""
    return str(re.findall("─{40,}", screen)[-1])


def with_box(screen: str) -> str:
    """The input box stands below it: all above is what somebody has written."""
    return screen.rstrip("\n") + "\n" + _BOX.format(rule=rule_of(screen))


def quoted(indent: str) -> Change:
    """An agent prints it, colours included, and goes on to the input box."""

    def change(screen: str) -> str:
        return with_box("\n".join(indent + line for line in screen.rstrip("\n").split("\n")))

    return change


def indented(columns: int) -> Change:
    """All of it stands somewhat to the right, with nothing below."""
    return lambda screen: "\n".join(" " * columns + line for line in screen.split("\n"))


def _rule(new: Callable[[str], str]) -> Change:
    return lambda screen: new(rule_of(screen)).join(screen.rsplit(rule_of(screen), 1))


_YES = "Yes\n"
_GREY = f"{ESCAPE}[38;5;246m"
_ACCENT = f"{ESCAPE}[38;5;153m"

ANY_DIALOG: Mapping[str, Change] = {
    # place
    "quoted in a text": quoted("  "),
    "quoted in a tool's output": quoted("     "),
    "quoted at the left edge": quoted(""),
    "above the input box": with_box,
    "one column to the right": indented(1),
    "three columns to the right": indented(3),
    "words below it": lambda screen: screen.rstrip("\n") + "\n\nThat is what it said.\n",
    "a shell's prompt below it": lambda screen: screen.rstrip("\n") + f"\n{ESCAPE}[0m$ \n",
    "an agent's words below it": lambda s: s.rstrip("\n") + f"\n\n{ESCAPE}[0m● I saw this.\n",
    "a spinner below it": lambda s: s.rstrip("\n") + f"\n\n{ESCAPE}[0m✽ Considering… (2s)\n",
    "twice the last line": lines(lambda found: [*found, found[-1]]),
    # colours
    "without colours": plain,
    "all in one colour": lambda screen: _ACCENT + plain(screen),
    "all reversed": lambda screen: f"{ESCAPE}[7m" + _STYLE.sub("", screen),
    "all bold": lambda screen: screen.replace(f"{ESCAPE}[0m", "").replace("[39m", "[39;1m"),
    "on a coloured ground": lambda screen: _STYLE.sub(
        lambda m: m[0] + f"{ESCAPE}[48;5;237m", screen
    ),
    "colours of another theme": lambda screen: screen.replace("5;153", "5;111"),
    "grey of another theme": lambda screen: screen.replace("5;246", "5;245"),
    "true colours": lambda screen: screen.replace("38;5;153", "38;2;175;215;255"),
    # rule
    "no rule": _rule(lambda rule: ""),
    "a rule of minus signs": _rule(lambda rule: "-" * len(rule)),
    "a heavy rule": _rule(lambda rule: "━" * len(rule)),
    "a double rule": _rule(lambda rule: "═" * len(rule)),
    "a dashed rule": _rule(lambda rule: "╌" * len(rule)),
    "a long minus rule": _rule(lambda rule: "—" * len(rule)),
    "a rule with words": _rule(lambda rule: rule[:10] + " Bash " + rule[16:]),
    "a rule in a box": _rule(lambda rule: "╭" + rule[2:] + "╮"),
    "a short rule": _rule(lambda rule: rule[:39]),
    "a half rule": _rule(lambda rule: rule[: len(rule) // 2]),
    "a rule with a hole": _rule(lambda rule: rule[:20] + " " + rule[21:]),
    "a rule of two colours": _rule(lambda rule: rule[:20] + _GREY + rule[20:]),
    "a rule in the box's colour": _rule(lambda rule: f"{ESCAPE}[38;5;244m{rule}"),
    "a rule in grey": _rule(lambda rule: _GREY + rule),
    "a rule in no colour": _rule(lambda rule: f"{ESCAPE}[39m{rule}"),
    "a bold rule": _rule(lambda rule: f"{ESCAPE}[1m{rule}{ESCAPE}[22m"),
    "a rule on a ground": _rule(lambda rule: f"{ESCAPE}[48;5;52m{rule}{ESCAPE}[49m"),
    "a hidden rule": _rule(lambda rule: f"{ESCAPE}[8m{rule}{ESCAPE}[28m"),
    "a second rule below it": _rule(lambda rule: f"{rule}\n{rule}"),
    "the top is scrolled off": top_off(1),
    "the title is scrolled off": top_off(2),
    "half is scrolled off": top_off(4),
    "all but the options is scrolled off": lambda s: s[s.rindex("Do you want to") :],
    # options
    "Yes of other letters": replaced(_YES, "Y\u0435s\n"),
    "Yes in full width": replaced(_YES, "\uff39\uff45\uff53\n"),
    "yes in small letters": replaced(_YES, "yes\n"),
    "Yes with a full stop": replaced(_YES, "Yes.\n"),
    "Yes and more": replaced(_YES, "Yes, and push\n"),
    "Yes with a mark of no width": replaced(_YES, "Yes\u200b\n"),
    "Yes with a blank that does not break": replaced(_YES, "Yes\u00a0\n"),
    "Yes that is reversed": replaced(_YES, f"{ESCAPE}[7mYes{ESCAPE}[27m\n"),
    "Yes that is hidden": replaced(_YES, f"{ESCAPE}[8mYes{ESCAPE}[28m\n"),
    "Yes that is struck out": replaced(_YES, f"{ESCAPE}[9mYes{ESCAPE}[29m\n"),
    "Yes that means no": replaced(_YES, "No\n"),
    "Yes being amended": replaced(_YES, "Yes, and tell Claude what to do next\n"),
    "Yes with words typed to it": replaced(_YES, "Yes, then stop▏\n"),
    "Yes in two lines": replaced(_YES, "Yes\n      or so\n"),
    "No of other letters": replaced("No", "N\u043e"),
    "No that means yes": replaced("No", "Yes"),
    "No with a condition": replaced("No", "Not yet"),
    "first and second number change places": swapped("1.", "2."),
    "second and third number change places": swapped("2.", "3."),
    "all number one": lambda s: replaced("2.", "1.")(replaced("3.", "1.")(s)),
    "numbers from two": lambda s: replaced("1.", "2.")(
        replaced("2.", "3.")(replaced("3.", "4.")(s))
    ),
    "numbers from nought": lambda s: replaced("3.", "2.")(
        replaced("2.", "1.")(replaced("1.", "0.")(s))
    ),
    "a number is left out": replaced("3.", "4."),
    "numbers in full width": replaced("1.", "\uff11."),
    "numbers in circles": replaced("1.", "\u2460"),
    "numbers with a bracket": replaced("1.", "1)"),
    "letters for numbers": replaced("1.", "l."),
    "a number in another colour": replaced(f"{_GREY}1.", f"{_ACCENT}1."),
    "no mark": replaced("❯", " "),
    "a mark of another sign": replaced("❯", ">"),
    "a mark of a look-alike": replaced("❯", "\u203a"),
    "a mark in no colour": replaced(f"{_ACCENT}❯", f"{ESCAPE}[39m❯"),
    "two marks": replaced(
        f"{ESCAPE}[39m   {_GREY}2", f"{ESCAPE}[39m {_ACCENT}❯{ESCAPE}[39m {_GREY}2"
    ),
    "a blank line among them": replaced(_YES, "Yes\n\n"),
    "words among them": replaced(_YES, "Yes\n Choose well.\n"),
    "a foreign option at the end": replaced(
        "No", f"No\n   {_GREY}4.{ESCAPE}[39m Yes, delete it all"
    ),
    "a foreign option first": replaced(
        f" {_ACCENT}❯", f"   {_GREY}1.{ESCAPE}[39m Delete it all\n {_ACCENT}❯"
    ),
    "an unknown second option": replaced("Yes, ", "Yes, but first push "),
    "the second option is coloured": replaced("Yes, ", f"{ESCAPE}[31mYes, "),
    "an escape sequence in an option": replaced("Yes, ", f"{ESCAPE}[2AYes, "),
    # title
    "a title of other letters": lambda s: (
        s.replace("command", "c\u043emmand")
        .replace("Fetch", "F\u0435tch")
        .replace("file", "fil\u0435")
    ),
    "a title in grey": lambda s: s.replace(f"{ESCAPE}[1m{_ACCENT}", f"{ESCAPE}[1m{_GREY}"),
    "a title that is not bold": lambda s: s.replace(f"{ESCAPE}[1m{_ACCENT}", _ACCENT),
    "a title farther right": lambda s: s.replace(
        f" {ESCAPE}[1m{_ACCENT}", f"  {ESCAPE}[1m{_ACCENT}"
    ),
    "no title": lambda s: re.sub(r"(\x1b\[1m\x1b\[38;5;153m)[^\n]*\n", r"\1\n", s),
    "words behind the title": lambda s: re.sub(
        r"(\x1b\[1m\x1b\[38;5;153m[^\n\x1b]*)", r"\1 of yesterday", s
    ),
    # question
    "another question": replaced("Do you want to", "Do you not want to"),
    "a question of other letters": replaced("Do you", "D\u043e you"),
    "a question in grey": replaced(" Do you want", f" {_GREY}Do you want"),
    "a question farther right": replaced(" Do you want to", "   Do you want to"),
    "no question": replaced("Do you want to", ""),
    "words between question and options": replaced("?\n", "?\n Surely?\n"),
    # what acts on a terminal
    "a cursor that moves": replaced("Do you", f"{ESCAPE}[5ADo you"),
    "a title of the terminal": replaced("Do you", f"{ESCAPE}]0;x\x07Do you"),
    "a link": replaced("Do you", f"{ESCAPE}]8;;http://x{ESCAPE}\\Do you"),
    "a device control": replaced("Do you", f"{ESCAPE}Pq{ESCAPE}\\Do you"),
    "a cleared screen": replaced("Do you", f"{ESCAPE}[2JDo you"),
    "a backspace": replaced("Do you", "x\x08Do you"),
    "a carriage return": replaced("Do you", "x\rDo you"),
    "a null": replaced("Do you", "\x00Do you"),
    "a mark of direction": replaced("Do you", "\u202eDo you"),
    "a control of eight bits": replaced("Do you", "\u009b5ADo you"),
}
"""Changes after which no dialog of a permission can be answered."""

WITH_FOOTER: Mapping[str, Change] = {
    "no footer": lines(lambda found: found[:-2]),
    "no blank line above the footer": lines(lambda found: [*found[:-2], found[-1]]),
    "two blank lines above the footer": lines(lambda found: [*found[:-1], "", found[-1]]),
    "a footer of other letters": replaced("Esc", "\u0415sc"),
    "a footer farther right": replaced(f" {_GREY}Esc", f"   {_GREY}Esc"),
    "a footer in no colour": replaced(f"{_GREY}cancel", "cancel"),
    "another footer": replaced("amend", "approve"),
    "half a footer": replaced("amend", ""),
    "a footer with more": replaced("amend", "amend · Enter to approve"),
    "a footer in two lines": lines(lambda found: [*found[:-1], *found[-1].split(" ", 2)]),
    "the footer of a question": replaced("amend", "amend · ↑/↓ to navigate"),
    "full stops for its dots": replaced("\u00b7", "\u2022", 9),
}
"""The same for dialogs with a footer."""
