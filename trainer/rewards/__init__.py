"""How good is an answer beside the real one? The reward of reinforcement learning, and the rubric of the bench."""

from trainer.rewards.errors import RewardError
from trainer.rewards.guards import flattery, neutralised
from trainer.rewards.judge import Judge, Judged, Judgement, ServedJudge
from trainer.rewards.monitor import Monitor
from trainer.rewards.reward import Mix, Reward, reward, rule_reward, trusted
from trainer.rewards.rubric import DIMENSIONS
from trainer.rewards.rules import RULES

__all__ = [
    "DIMENSIONS",
    "RULES",
    "Judge",
    "Judged",
    "Judgement",
    "Mix",
    "Monitor",
    "Reward",
    "RewardError",
    "ServedJudge",
    "flattery",
    "neutralised",
    "reward",
    "rule_reward",
    "trusted",
]
