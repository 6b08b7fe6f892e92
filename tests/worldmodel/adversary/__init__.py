"""An adversarial world-model server: honest or bad on purpose, the same each time."""

from tests.worldmodel.adversary.draft import OBSERVATION
from tests.worldmodel.adversary.fault import ALL, HARMLESS, SLOW, STREAM_ONLY, Fault
from tests.worldmodel.adversary.mishaps import Pace
from tests.worldmodel.adversary.server import Adversary

__all__ = ["ALL", "HARMLESS", "OBSERVATION", "SLOW", "STREAM_ONLY", "Adversary", "Fault", "Pace"]
