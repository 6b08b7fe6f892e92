"""OpenAPI documents, from which tools, entities, references and effects are learned."""

from mcp_sim.learn.openapi.api import Api, Evidence, learn_openapi
from mcp_sim.learn.openapi.spec import SpecError
from mcp_sim.learn.openapi.twin import learn_api

__all__ = ["Api", "Evidence", "SpecError", "learn_api", "learn_openapi"]
