"""One step of a script, and how its JSON is read. Standard library only."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass


class ScriptError(ValueError):
    """A script that can't be played: the message says where, what was wrong, what is accepted."""


@dataclass(frozen=True, slots=True)
class Say:
    """Answer with this text."""

    text: str


@dataclass(frozen=True, slots=True)
class Tool:
    """Call the tool ``name`` with ``input`` and wait for its result."""

    name: str
    input: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Pause:
    """Let this many seconds go by, with the answer open."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Fail:
    """Refuse with an HTTP status; the first ``times`` requests only, or all of them if 0."""

    status: int
    type: str
    message: str
    headers: Mapping[str, str]
    times: int = 0


@dataclass(frozen=True, slots=True)
class Headers:
    """Send these HTTP headers with every good answer from here on."""

    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Usage:
    """Report these token counts for the answer instead of an estimate."""

    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Windows:
    """Tell with every good answer how much of the account's windows is used.

    ``values`` are percent and seconds until the reset, by the window's name. A window keeps its
    reset until that has passed.
    """

    values: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Limit:
    """Use up the account's ``window``: until its reset every request is refused.

    A conversation meets the step once: asked again after the reset, it goes on behind it.
    """

    window: str
    resets_in_s: float


Step = Say | Tool | Pause | Fail | Headers | Usage | Windows | Limit

WINDOWS = ("five_hour", "seven_day")
ACCEPTED = (
    '{"say": TEXT}, {"tool": NAME, "input": {...}}, {"pause": SECONDS}, '
    '{"error": {"status": 400-599, "type", "message", "headers", "times"}}, '
    '{"headers": {NAME: VALUE}}, {"usage": {"input_tokens": N, "output_tokens": N}}, '
    '{"windows": {"five_hour"|"seven_day": {"used_percent": N, "resets_in_s": N}}}, '
    '{"limit": {"window": "five_hour"|"seven_day", "resets_in_s": N}}'
)
ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
LONGEST_PAUSE_S = 86_400.0

# These say where an answer ends; another value would break the connection, not play a script.
_OWN_HEADERS = {"connection", "content-length", "content-type", "transfer-encoding"}
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")


def parse_steps(raw: object) -> tuple[Step, ...]:
    """The steps of a decoded JSON array; raises ScriptError for the first that is not one."""
    if not isinstance(raw, list):
        raise ScriptError(f"a script is a JSON array of steps, not {kind_of(raw)}")
    return tuple(_step(index, item) for index, item in enumerate(raw))


def _step(index: int, raw: object) -> Step:
    try:
        if not isinstance(raw, dict):
            raise ScriptError(f"it is {kind_of(raw)}, not an object")
        return _parsed(raw)
    except ScriptError as error:
        raise ScriptError(f"step {index}: {error}; accepted are {ACCEPTED}") from error


def _parsed(raw: dict[str, object]) -> Step:
    for keyword, parse in _PARSERS.items():
        if keyword in raw:
            _refuse_others(raw, {"tool", "input"} if keyword == "tool" else {keyword})
            return parse(raw)
    raise ScriptError(f"unknown step with the keys {sorted(raw)}")


def _tool(raw: dict[str, object]) -> Tool:
    name = _text(raw, "tool")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", name):
        raise ScriptError(f"{name!r} can't be the name of a tool")
    return Tool(name, _object(raw, "input"))


def _pause(raw: dict[str, object]) -> Pause:
    seconds = raw["pause"]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ScriptError(f"pause is {kind_of(seconds)}, not a number of seconds")
    if not 0 <= seconds <= LONGEST_PAUSE_S:
        raise ScriptError(f"pause is {seconds}, not from 0 to {LONGEST_PAUSE_S:.0f} seconds")
    return Pause(float(seconds))


def _fail(raw: dict[str, object]) -> Fail:
    body = _object(raw, "error")
    _refuse_others(body, {"status", "type", "message", "headers", "times"})
    status = _count(body, "status")
    if not 400 <= status <= 599:
        raise ScriptError(f"status is {status}, not from 400 to 599")
    return Fail(
        status,
        _text(body, "type") if "type" in body else ERROR_TYPES.get(status, "api_error"),
        _text(body, "message") if "message" in body else f"scripted error {status}",
        _headers(body) if "headers" in body else {},
        _count(body, "times") if "times" in body else 0,
    )


def _usage(raw: dict[str, object]) -> Usage:
    body = _object(raw, "usage")
    _refuse_others(body, {"input_tokens", "output_tokens"})
    return Usage(_count(body, "input_tokens"), _count(body, "output_tokens"))


def _windows(raw: dict[str, object]) -> Windows:
    body = _object(raw, "windows")
    _refuse_others(body, set(WINDOWS))
    return Windows({name: _window(body, name) for name in body})


def _window(raw: dict[str, object], name: str) -> tuple[float, float]:
    body = _object(raw, name)
    _refuse_others(body, {"used_percent", "resets_in_s"})
    used_percent = _number(body, "used_percent")
    if used_percent > 100:
        raise ScriptError(f"used_percent is {used_percent:g}, not from 0 to 100")
    return used_percent, _number(body, "resets_in_s")


def _limit(raw: dict[str, object]) -> Limit:
    body = _object(raw, "limit")
    _refuse_others(body, {"window", "resets_in_s"})
    window = _text(body, "window")
    if window not in WINDOWS:
        raise ScriptError(f"window is {window!r}, not one of {', '.join(WINDOWS)}")
    return Limit(window, _number(body, "resets_in_s"))


def _headers(raw: dict[str, object]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in _object(raw, "headers").items():
        if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            raise ScriptError(f"header {name!r} is not a line of text")
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN_HEADERS:
            raise ScriptError(f"{name!r} can't be the name of a header")
        values[name] = value
    return values


def _refuse_others(raw: dict[str, object], known: set[str]) -> None:
    if others := sorted(set(raw) - known):
        raise ScriptError(f"unknown key {others[0]!r} beside {sorted(known & set(raw))}")


def _text(raw: dict[str, object], key: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str):
        raise ScriptError(f"{key} is {kind_of(value)}, not text")
    return value


def _count(raw: dict[str, object], key: str) -> int:
    value = raw.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ScriptError(f"{key} is {kind_of(value)}, not a whole number from 0")
    return value


def _number(raw: dict[str, object], key: str) -> float:
    value = raw.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise ScriptError(f"{key} is {kind_of(value)}, not a number from 0")
    return float(value)


def _object(raw: dict[str, object], key: str) -> dict[str, object]:
    value = raw.get(key)
    if not isinstance(value, dict):
        raise ScriptError(f"{key} is {kind_of(value)}, not an object")
    return value


def kind_of(value: object) -> str:
    """A short name of what stands where something else was expected."""
    return "missing" if value is None else f"{type(value).__name__} {value!r:.60}"


_PARSERS: dict[str, Callable[[dict[str, object]], Step]] = {
    "say": lambda raw: Say(_text(raw, "say")),
    "tool": _tool,
    "pause": _pause,
    "error": _fail,
    "headers": lambda raw: Headers(_headers(raw)),
    "usage": _usage,
    "windows": _windows,
    "limit": _limit,
}
