"""The function behind a `python` clause, found by `module:function`."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from schemas.validate import nearest


def function_at(entry: str) -> Callable[..., Any]:
    """The function of a `module:function` text. Its module is imported.

    Raises:
        LookupError: there is none; the message says what is missing, and the nearest name.
    """
    module_name, _, name = entry.partition(":")
    if not module_name or not name:
        raise LookupError(f"'{entry}' names no function: write module:function")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and module_name.startswith(error.name):
            raise LookupError(f"no module '{error.name}' on the Python path") from None
        raise LookupError(f"module '{module_name}' cannot be imported: {error}") from None
    except Exception as error:
        raise LookupError(f"module '{module_name}' cannot be imported: {type(error).__name__}: {error}") from None
    found = getattr(module, name, None)
    if not callable(found):
        names = [known for known, value in vars(module).items() if callable(value)]
        raise LookupError(f"module '{module_name}' has no function '{name}'{nearest(name, names)}")
    function: Callable[..., Any] = found
    return function


def misfit(function: Callable[..., Any], parameters: Mapping[str, Any]) -> str | None:
    """Why a function cannot be called with (trace, run, **parameters), or None."""
    try:
        inspect.signature(function).bind(None, None, **parameters)
    except TypeError as error:
        return f"cannot be called with (trace, run{''.join(f', {name}' for name in parameters)}): {error}"
    except ValueError:  # a function written in C tells no signature
        return None
    return None
