"""JSON by what `json` is made of: a shim that imports `json` itself starts 8 ms later.

`_json` is CPython's accelerator of `json` (3.11 to 3.14); where it is not, or is another one,
`json` does the work. Same text, same values.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Reading:
    """What the accelerator's scanner asks for."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float
    memo: dict[str, str] = {}  # noqa: RUF012 - the scanner's own cache of keys


def _refuse(value: object) -> Any:
    raise TypeError(f"{type(value).__name__} is no JSON")


try:
    import _json

    _scan = _json.make_scanner(_Reading)  # type: ignore[arg-type]
    _chunks = _json.make_encoder(
        None, _refuse, _json.encode_basestring_ascii, None, ":", ",", False, False, True
    )
    if "".join(_chunks({"a": [1, None]}, 0)) != '{"a":[1,null]}':
        raise ImportError
except (ImportError, TypeError, AttributeError):
    import json

    def dumps(value: object) -> str:
        """ASCII text on one line; lone surrogates survive."""
        return json.dumps(value, separators=(",", ":"))

    def loads(text: str) -> Any:
        """The value at the beginning of the text; raises ValueError."""
        return json.JSONDecoder().raw_decode(text)[0]

else:

    def dumps(value: object) -> str:
        """ASCII text on one line; lone surrogates survive."""
        return "".join(_chunks(value, 0))

    def loads(text: str) -> Any:
        """The value at the beginning of the text; raises ValueError."""
        try:
            return _scan(text, 0)[0]
        except StopIteration as error:
            raise ValueError("no JSON value") from error
