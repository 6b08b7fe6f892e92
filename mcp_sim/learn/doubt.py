"""When it is better to say that nothing is known of a tool than to answer as what was learned of it says."""

from __future__ import annotations

import ast

from mcp_sim.learn.learner import Lesson
from mcp_sim.learn.support import Evidence

_JUDGED = 5
_LEAST = 0.2
_LONG = 120
"""Characters of a text that is always the same from which on it is rather one answer than a rule."""


def doubt(lesson: Lesson, evidence: Evidence) -> str | None:
    """Why what was learned of a tool is not used, or None."""
    if lesson.answer is None:
        return None
    if lesson.answer.total == 1 and _is_remembered(lesson.answer.source):
        return "only one answer was recorded: to repeat it would be memory, not a rule"
    judged = evidence.of(lesson.tool)
    if judged.of < _JUDGED or judged.likeness >= _LEAST * judged.of or _changes_rightly(lesson, evidence):
        return None
    explained = f"{lesson.explained:,} of {lesson.calls:,} calls"
    return f"the rules explain {explained}, but get {judged.right:,} of {judged.of:,} others right"


def _changes_rightly(lesson: Lesson, evidence: Evidence) -> bool:
    """Whether the changes of a tool are right more often than not, whatever it says about them."""
    found = [evidence.of(tool, *item) for tool, item in evidence.items if tool == lesson.tool and item[0] == "field"]
    return bool(found) and sum(one.right for one in found) * 2 > sum(one.of for one in found)


def _is_remembered(expression: str) -> bool:
    """Whether an expression is one value, whatever is asked, and says more than a few words."""
    tree = ast.parse(expression, mode="eval").body
    if any(isinstance(part, ast.Name) for part in ast.walk(tree)):
        return False
    return len(expression) > _LONG or (isinstance(tree, ast.Dict | ast.List) and bool(ast.unparse(tree)[1:-1]))
