"""How good is an answer beside the real one? The reward of reinforcement learning, and the rubric of the bench."""

from trainer.rewards.errors import RewardError
from trainer.rewards.guards import flattery, neutralised
from trainer.rewards.judge import Judge, Judged, Judgement, ServedJudge
from trainer.rewards.reward import Mix, Reward, reward, rewards, rule_reward, trusted
from trainer.rewards.rubric import DIMENSIONS
from trainer.rewards.rules import RULES as RULE_NAMES
from trainer.rewards.worth import RUBRIC, RULES, Means, Worth, worth

__all__ = [
    "DIMENSIONS",
    "RUBRIC",
    "RULES",
    "RULE_NAMES",
    "Judge",
    "Judged",
    "Judgement",
    "Means",
    "Mix",
    "Reward",
    "RewardError",
    "ServedJudge",
    "Worth",
    "flattery",
    "neutralised",
    "reward",
    "rewards",
    "rule_reward",
    "trusted",
    "worth",
]
