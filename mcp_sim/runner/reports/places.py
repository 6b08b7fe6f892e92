"""Where a clause stands: the file of its contract, the line, and the JSON Pointer."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from mcp_sim.runner.report import Case
from schemas.contracts.load import SHIPPED, shipped_contracts
from schemas.document import Document, DocumentError, Pointer
from schemas.validate import pointer

_ROOT = SHIPPED.parent.parent
"""What the shipped contracts are named relative to."""


class Places:
    """Looks into each contract file once.

    Attributes:
        bases: what relative addresses are relative to, where that is not the place where the run was started.
    """

    def __init__(self) -> None:
        self.bases: dict[str, Any] = {}
        self._documents: dict[str, Document | None] = {}

    def at(self, case: Case, place: Pointer) -> dict[str, Any]:
        """A SARIF location. One without a file, where the contract comes from none."""
        logical = {"logicalLocations": [{"fullyQualifiedName": pointer(place), "kind": "element"}]} if place else {}
        document = self._document(case.source)
        if document is None:
            return logical
        artifact = self._artifact(document.path)
        region = {"startLine": document.line(place)}
        return {"physicalLocation": {"artifactLocation": artifact, "region": region}, **logical}

    def _document(self, source: str) -> Document | None:
        if source not in self._documents:
            try:
                self._documents[source] = Document(shipped_contracts().get(source) or Path(source))
            except (DocumentError, ValueError):  # made in Python, or gone
                self._documents[source] = None
        return self._documents[source]

    def _artifact(self, path: Path) -> dict[str, str]:
        if path.is_relative_to(SHIPPED):
            self.bases["MCP_SIM"] = {"uri": f"{_ROOT.as_uri()}/", "description": {"text": "Where mcp-sim is installed"}}
            return {"uri": quote(path.relative_to(_ROOT).as_posix()), "uriBaseId": "MCP_SIM"}
        return {"uri": path.as_uri() if path.is_absolute() else quote(path.as_posix())}
