"""Stands in for vLLM where only starting and ending matter: takes its arguments, offers its model, has a child.

`$STAND_IN` says how it goes: unset, it serves; `dies` ends at once with what `$STAND_IN_SAYS`, `breaks` as soon as it
has offered its model; `hangs` never listens. Its child ignores every request to end.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    parser.add_argument("--served-model-name", "--name", dest="name")
    arguments, _ = parser.parse_known_args()
    how = os.environ.get("STAND_IN")
    if how == "dies":
        sys.exit(os.environ.get("STAND_IN_SAYS", ""))
    subprocess.Popen([sys.executable, "-c", STUBBORN])
    print("Loading weights", flush=True)
    if how == "hangs":
        time.sleep(600)

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            if self.path == "/v1/models":
                self.wfile.write(json.dumps({"data": [{"id": arguments.name}]}).encode())
                if how == "breaks":
                    print("(EngineCore pid=7) RuntimeError: the engine is gone", flush=True)
                    threading.Timer(0.5, lambda: os._exit(1)).start()

        def log_message(self, *_: object) -> None:
            pass

    ThreadingHTTPServer((arguments.host, arguments.port), Answers).serve_forever()


if __name__ == "__main__":
    main()
