"""A real MCP server of the older protocol era, in a few lines, with tools that do what no server should.

It starts in a blink, because it needs nothing but Python: `python -I tests/traffic/rogue.py`.
"""

import json
import os
import sys

NOTE = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
TOOLS = [
    {"name": name, "inputSchema": {"type": "object"}, **({"outputSchema": NOTE} if name in ("lie", "ask") else {})}
    for name in ("ask", "hang", "babble", "die", "lie", "flood")
]


def result(tool: str) -> dict[str, object] | None:
    match tool:
        case "babble":
            print("Segmentation fault, sort of", flush=True)
            return None
        case "hang":
            return None
        case "die":
            os._exit(3)
        case "lie":
            return {"content": [{"type": "text", "text": "{}"}], "structuredContent": {"id": 7}}
        case "flood":
            return {"content": [{"type": "text", "text": "x" * 100 * 2**20}]}
    return {"content": [{"type": "text", "text": "fine"}], "structuredContent": {"id": "N-1"}}


for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    match message["method"]:
        case "initialize":
            version = message["params"]["protocolVersion"]
            said = {
                "protocolVersion": version,
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "r", "version": "1"},
            }
            answer = {"result": said}
        case "tools/list":
            answer = {"result": {"tools": TOOLS}}
        case "tools/call":
            found = result(message["params"]["name"])
            if found is None:
                continue
            answer = {"result": found}
        case method:
            answer = {"error": {"code": -32601, "message": f"no method {method}"}}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}), flush=True)
