"""`python -m tests.worldmodel.adversary`: the adversary as a process of its own, until it is interrupted."""

from __future__ import annotations

import os
import signal
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tests.worldmodel.adversary import ALL, Adversary, Fault, Pace
from tests.worldmodel.adversary.server import MODEL


def main(
    port: Annotated[int, typer.Option(help="Where to listen; 0 for any free port.")] = 0,
    rate: Annotated[float, typer.Option(min=0, max=1, help="The share of requests that something befalls.")] = 0.0,
    seed: Annotated[int, typer.Option(help="The same seed and requests go wrong the same way.")] = 0,
    kind: Annotated[list[Fault] | None, typer.Option(help="What may go wrong; may be repeated. Default: all.")] = None,
    model: Annotated[str, typer.Option(help="The name that it serves.")] = MODEL,
    context: Annotated[int | None, typer.Option(help="Tokens of prompt and answer together. Default: any.")] = None,
    first_token: Annotated[float, typer.Option(help="Seconds before the first token, where that is slow.")] = 0.5,
) -> None:
    """Serve an adversarial world model: its address is printed first, and at the end what it did."""
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    pace = Pace(first_token=first_token)
    server = Adversary(seed=seed, rate=rate, kinds=kind or ALL, model=model, context=context, pace=pace, port=port)
    try:
        with server:
            print(server.url, flush=True)
            signal.pause()
    except OSError as error:
        raise SystemExit(
            f"Cannot listen on port {port}: {os.strerror(error.errno or 0)}; --port 0 takes a free one"
        ) from None
    except KeyboardInterrupt:
        _report(server)


def _report(server: Adversary) -> None:
    table = Table("fault", "done")
    for fault, number in server.counts.most_common():
        table.add_row(fault, str(number))
    Console().print(table, f"{server.cancelled} cancelled by the client")


if __name__ == "__main__":
    typer.run(main)
