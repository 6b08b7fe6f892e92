"""Where a real service is: a URL, or the command that starts it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from mcp_sim.errors import SetupError


@dataclass(frozen=True, slots=True)
class Address:
    """The one place of a real service.

    Attributes:
        url: of an MCP endpoint or an HTTP API.
        command: of an MCP server that speaks over its standard input and output.
        headers: what every HTTP request carries.
    """

    url: str | None = None
    command: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What it is called in sentences: without credentials."""
        if self.url is None:
            return f"'{shlex.join(self.command)[:80]}'"
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def address_of(text: str, headers: list[str] | None = None) -> Address:
    """The address in a text.

    Args:
        text: a URL that begins with http:// or https://, or a command with its arguments.
        headers: `Name: value` each.

    Raises:
        SetupError: it is neither, or a header is none.
    """
    named = dict(map(_header, headers or ()))
    if text.startswith(("http://", "https://")):
        try:
            host = urlsplit(text).hostname
        except ValueError:
            host = None
        if not host:
            raise SetupError(f"'{text[:100]}' names no host; write e.g. http://127.0.0.1:3000/mcp")
        return Address(text, headers=named)
    if named:
        raise SetupError("a command takes no headers; give it its secrets in the environment")
    try:
        command = tuple(shlex.split(text))
    except ValueError as error:
        raise SetupError(f"'{text[:100]}' cannot be read as a command: {str(error).lower()}") from None
    if not command:
        raise SetupError("name a real service: a URL, or the command that starts an MCP server")
    return Address(command=command)


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip() or not value.strip() or not name.strip().isascii():
        raise SetupError(f"'{name.strip()[:40]}' is no header; write 'Name: value'")
    return name.strip(), value.strip()
