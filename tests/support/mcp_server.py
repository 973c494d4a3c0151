"""A small MCP server with one tool, `put`, over standard input and output. Standard library only.

`python tests/support/mcp_server.py [TITLE]`: it takes anything and does nothing. With TITLE it says
that its tool is called so for people.
"""

from __future__ import annotations

import json
import sys
from typing import Any

TOOL: dict[str, Any] = {
    "name": "put",
    "description": "Puts a thing somewhere",
    "inputSchema": {"type": "object", "properties": {"what": {"type": "string"}}},
    **({"annotations": {"title": sys.argv[1]}} if sys.argv[1:] else {}),
}


def answer(method: str, params: dict[str, Any]) -> dict[str, Any] | None:
    """The result of a request; None: there is no such method."""
    if method == "initialize":
        return {
            "protocolVersion": params.get("protocolVersion", "2025-06-18"),
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "box", "version": "1"},
        }
    if method == "tools/list":
        return {"tools": [TOOL]}
    if method == "tools/call":
        return {"content": [{"type": "text", "text": "put"}]}
    return {} if method == "ping" else None


def main() -> None:
    """Serve until standard input ends."""
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message:
            continue
        result = answer(message["method"], message.get("params") or {})
        error = {"code": -32601, "message": "no such method"}
        body = {"error": error} if result is None else {"result": result}
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **body}), flush=True)


if __name__ == "__main__":
    main()
