"""What has to be there, and to be set, before torch is imported."""

from __future__ import annotations

import logging
import os
import warnings
from importlib.util import find_spec

from trainer.errors import TrainingError

_SET = {
    # Threads that wait give way: on a machine that others use too, this is several times as fast.
    "OMP_WAIT_POLICY": "PASSIVE",
    "TOKENIZERS_PARALLELISM": "false",
    "TRL_EXPERIMENTAL_SILENCE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "PYTHONWARNINGS": "ignore::FutureWarning",
}


def prepare(purpose: str, *libraries: str) -> None:
    """Make sure that the libraries for a purpose are there, and that they say no more than they must.

    Raises:
        TrainingError: one of them is not installed.
    """
    if missing := [name for name in libraries if find_spec(name) is None]:
        raise TrainingError(
            f"{purpose} needs {' and '.join(missing)}, which this Python has not: `make train-env` makes .venv-train, "
            "or `pip install 'mcp-sim[train]'`"
        )
    for name, value in _SET.items():
        os.environ.setdefault(name, value)
    warnings.filterwarnings("ignore", category=FutureWarning)
    from transformers.utils import logging as library  # noqa: PLC0415 - torch is imported here, once the environment is set

    library.disable_progress_bar()
    library.set_verbosity_error()
    if "trl" in libraries:
        import datasets  # noqa: PLC0415 - as well

        datasets.disable_progress_bars()


def tell_progress() -> None:
    """Let the stages say on stderr how far they are."""
    logging.basicConfig(format="%(message)s")
    logging.getLogger("trainer").setLevel(logging.INFO)
