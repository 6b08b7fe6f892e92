"""A server and a client for each test that wants them."""

import pytest

from tests.worldmodel.adversary.asking import connected, served

server = pytest.fixture(served, name="server")
client = pytest.fixture(connected, name="client")
