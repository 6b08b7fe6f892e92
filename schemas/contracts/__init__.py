"""Contracts: what an agent must, must not and may do; and those that ship, by world."""

from schemas.contracts.contract import Contract
from schemas.contracts.load import load_contract, shipped_contract, shipped_contracts

__all__ = ["Contract", "load_contract", "shipped_contract", "shipped_contracts"]
