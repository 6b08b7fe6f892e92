"""Start a server of a model, vLLM for a preset, wait until it answers, and end it with everything it started."""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from mcp_sim.errors import SetupError
from mcp_sim.worldmodel import leash
from mcp_sim.worldmodel.failures import explain
from mcp_sim.worldmodel.presets import Preset

LOOK = 0.2
"""Seconds between two looks at whether the server answers."""

Progress = Callable[[float, str], None]
"""Told now and then how many seconds have passed, and the last line of the log."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What starts a server.

    Attributes:
        environment: variables it needs; one that is set already is left as it is.
        model: the name under which it will serve the model.
        server: what it is called in messages.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    host: str
    port: int
    model: str
    server: str = "vLLM"

    @property
    def url(self) -> str:
        """Where it will answer, as a client on this machine writes it."""
        shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - shown, not bound
        return f"http://[{shown}]:{self.port}" if ":" in shown else f"http://{shown}:{self.port}"


def plan(
    preset: Preset,
    *,
    python: Path,
    model: str | Path | None = None,
    host: str = "127.0.0.1",
    port: int = 8801,
    gpus: int | None = None,
    extra: tuple[str, ...] = (),
) -> Launch:
    """The command and environment for a preset; touches nothing.

    Args:
        python: of the environment that has vLLM.
        model: in place of the preset's own: a folder as a Path, a Hugging Face id as text.
        gpus: over which it is split, in place of the preset's own.
        extra: further arguments for vLLM; where they repeat one of ours, theirs counts.

    Raises:
        SetupError: the preset needs a folder and got none, or GPUs were asked of one that uses none.
    """
    chosen = model if model is not None else preset.model
    if chosen is None:
        raise SetupError(f"preset '{preset.name}' serves a checkpoint of your own: name its folder with --model PATH")
    if gpus is not None and not preset.gpus:
        raise SetupError(f"preset '{preset.name}' uses no GPU; leave --gpus out, or take preset 'local'")
    name = chosen.name if isinstance(chosen, Path) else chosen
    command = [str(python), "-m", *preset.entry, str(chosen), "--served-model-name", name]
    command += ["--host", host, "--port", str(port)]
    if preset.gpus:
        command += ["--tensor-parallel-size", str(gpus or preset.gpus)]
    if preset.context:
        command += ["--max-model-len", str(min(preset.context, _positions(chosen)))]
    command += ["--override-generation-config", _json(asdict(preset.sampling))]
    if preset.thinking is not None:
        command += ["--default-chat-template-kwargs", _json({"enable_thinking": preset.thinking})]
    return Launch((*command, *preset.flags, *extra), dict(preset.environment), host, port, name)


def _positions(model: str | Path) -> float:
    """Tokens that a checkpoint was made for, as far as that is known here; vLLM refuses to be asked for more."""
    if isinstance(model, str):
        return math.inf
    try:
        found = json.loads((model / "config.json").read_bytes()).get("max_position_embeddings")
    except (OSError, ValueError, AttributeError):  # vLLM says it better
        return math.inf
    return found if isinstance(found, int) and found > 0 else math.inf


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


class Server:
    """A server that was started here; use `serving` where it ends with a block.

    Raises:
        SetupError: its port is taken.
    """

    def __init__(self, launch: Launch, log: Path) -> None:
        self.launch, self.log = launch, log
        # Else whoever has the port would be taken for the server that is about to fail.
        _refuse_taken_port(launch.host, launch.port)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as file:
            self._process = subprocess.Popen(  # noqa: S603 - the user's own command
                [sys.executable, str(Path(leash.__file__)), *launch.command],
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**launch.environment, **os.environ},
                start_new_session=True,
            )

    def wait_until_ready(self, tell: Progress | None = None, timeout: float | None = None) -> None:
        """Return as soon as it answers and offers its model.

        Raises:
            SetupError: it ended, or did not answer within `timeout` seconds.
        """
        began = time.monotonic()
        with httpx.Client(base_url=self.launch.url, timeout=2, trust_env=False) as client:
            while not self._answers(client):
                self.check()
                passed = time.monotonic() - began
                if timeout is not None and passed > timeout:
                    raise SetupError(
                        f"{self.launch.server} did not answer at {self.launch.url} within {timeout:g} s: see {self.log}"
                    )
                if tell:
                    tell(passed, self._last_line())
                self._pause(LOOK)

    def wait(self) -> None:
        """Return never, unless it ends.

        Raises:
            SetupError: it did.
        """
        while True:
            self.check()
            self._pause(60)

    def check(self) -> None:
        """Nothing, as long as it runs.

        Raises:
            SetupError: it does not; the message is one sentence that says why.
        """
        status = self._process.poll()
        if status is not None:
            launch = self.launch
            why = explain(status, self._tail(200_000), launch.host, launch.port, launch.server)
            raise SetupError(f"{why} (log: {self.log})")

    def stop(self) -> None:
        """End it and all its children, and wait until it has."""
        stdin = self._process.stdin
        if stdin is not None and not stdin.closed:
            stdin.close()
        self._process.wait(timeout=leash.GRACE + 10)

    def _pause(self, seconds: float) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=seconds)

    def _answers(self, client: httpx.Client) -> bool:
        headers = {"authorization": f"Bearer {key}"} if (key := os.environ.get("VLLM_API_KEY")) else {}
        try:
            if client.get("/health").status_code != httpx.codes.OK:
                return False
            models = client.get("/v1/models", headers=headers)
            # A key given with --api-key is not ours to know; that it is asked for shows that the server is up.
            if models.status_code == httpx.codes.UNAUTHORIZED:
                return True
            return self.launch.model in {offered["id"] for offered in models.json()["data"]}
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return False

    def _last_line(self) -> str:
        lines = self._tail(2000).strip().splitlines()
        return lines[-1].strip() if lines else ""

    def _tail(self, length: int) -> str:
        with self.log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - length))
            return file.read().decode(errors="replace")


def _refuse_taken_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            hint = f"; take another with --port, e.g. --port {port + 1}"
            raise SetupError(f"cannot listen on {host}:{port}: {error.strerror}{hint}") from None


@contextmanager
def serving(launch: Launch, log: Path) -> Iterator[Server]:
    """A server that ends with the block, or with this process; its output goes to the file `log`."""
    server = Server(launch, log)
    try:
        yield server
    finally:
        server.stop()
