"""A jq filter (jq 1.7's manual; yq 4's operators too): whether it only computes."""

from __future__ import annotations

import re

Found = list[tuple[str, str]]
_REACHING = re.compile(
    r"\$ENV|(?<![\w.$])(env|strenv|envsubst|load(_\w+)?|eval|system|import|include|input_filename|get_search_list|halt_error|debug|stderr|modulemeta|"
    r"getpath/1|\$__prog_args)(?!\w)"
)


def look(program: str) -> Found:
    """Empty if it only computes; else why it is not understood. Strings may hold programs too."""
    for found in _REACHING.finditer(program):
        if found[0] not in ("input_filename", "debug", "stderr", "halt_error"):
            return [("unclear", f"jq's {found[0]} reaches the environment or other files")]
    return []
