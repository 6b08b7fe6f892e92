"""The act: simulated tools that answer, remember and can be rewound, served over MCP and plain HTTP."""

__version__ = "0.1.0"
