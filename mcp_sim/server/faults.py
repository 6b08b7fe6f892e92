"""The boundary of the MCP face: every fault leaves as one JSON-RPC error with one sentence."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, INVALID_REQUEST

from mcp_sim.errors import McpSimError, UnknownSession
from store.errors import StoreError

CODES: dict[type[Exception], int] = {UnknownSession: INVALID_REQUEST}
log = logging.getLogger(__name__)


@contextmanager
def boundary() -> Iterator[None]:
    """Turn what is raised inside into an MCPError; a cancellation passes through."""
    try:
        yield
    except MCPError:
        raise
    except (McpSimError, StoreError) as error:
        raise MCPError(CODES.get(type(error), INTERNAL_ERROR), str(error)) from error
    except Exception:
        log.exception("A request failed for a reason of our own")
        raise MCPError(INTERNAL_ERROR, "The server failed on this request; its log says why.") from None
