"""A process that stands in for a world model's server: honest, at a steady pace, and it never answers with an error."""

from __future__ import annotations

import signal
from typing import Annotated, Any

import typer

from tests.worldmodel.adversary import Adversary, Fault, Pace
from tests.worldmodel.adversary.chance import Dice
from tests.worldmodel.adversary.draft import Draft
from tests.worldmodel.adversary.mishaps import MISHAPS, Mishap
from tests.worldmodel.adversary.request import ChatRequest


class Steady(Adversary):
    """The adversary on its best behaviour.

    A schema of ours allows the answer or an error of the service; drawn by chance, half of all answers would be errors.
    """

    def __init__(self, *, pace: Pace | None = None, port: int = 0) -> None:
        """Prepare a server; without a pace it answers at once."""
        dripping: dict[str, Any] = {"rate": 1.0, "kinds": (Fault.DRIP,)} if pace else {"rate": 0.0}
        super().__init__(pace=pace, port=port, **dripping)

    def _draft(self, request: ChatRequest, dice: Dice, thinks: bool) -> Draft:
        while True:
            draft = super()._draft(request, dice, thinks)
            if not isinstance(draft.value, dict) or set(draft.value) != {"error"}:
                return draft

    async def _suffer(self, fault: Fault, mishap: Mishap) -> None:
        await mishap.pause(mishap.pace.first_token)
        await MISHAPS[fault](mishap)


def main(
    port: int,
    first_token: Annotated[float, typer.Option(help="Seconds before the first token.")] = 0.0,
    token: Annotated[float, typer.Option(help="Seconds between tokens; with both 0 answers come at once.")] = 0.0,
    interval: Annotated[int, typer.Option(min=1, help="Tokens that come at once.")] = 1,
) -> None:
    """Serve until told to end."""
    pace = Pace(first_token=first_token, token=token, interval=interval) if first_token or token else None
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Steady(pace=pace, port=port):
            signal.pause()
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    typer.run(main)
