"""The libraries of training say less."""

from __future__ import annotations

import warnings

import datasets
import transformers


def quiet() -> None:
    """No bars, no warnings that only their authors can mend."""
    warnings.filterwarnings("ignore", category=FutureWarning)
    datasets.disable_progress_bars()
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
