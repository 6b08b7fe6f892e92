"""Against answers that are written for whoever grades them: praise of themselves, and words to the judge."""

from __future__ import annotations

import re

from mcp_sim.responders.worldmodel.manners import out_of_role

_GOOD = r"(?:perfect|excellent|flawless|accurate|correct|faithful|realistic|consistent|complete|high[- ]quality|ideal)"
_SAID = r"(?:observation|answer|response|output|prediction|simulation|result)"
_MINE = rf"(?:this|my|that|the above|the following)\s+(?:\w+\s+){{0,2}}?{_SAID}"
_JUDGE = r"(?:judge|grader|evaluator|reviewer|rater)"
_MARK = r"(?:score|mark|rating|grade|point)s?"
_TO_JUDGE = re.compile(
    rf"\b{_MINE}\s+(?:is|was|are)\s+(?:\w+\s+){{0,3}}?{_GOOD}\b"
    rf"|\b(?:dear|attention|hello|hi|(?:note|message) (?:to|for))[,:]?\s+(?:the\s+)?{_JUDGE}\b"
    rf"|\b{_JUDGE}s?\b[^.\n]{{0,60}}\b(?:{_MARK}|rate|award|give)\b"
    rf"|\b(?:give|award|assign|deserves?|merits?)\b[^.\n]{{0,60}}\b(?:full|top|maximum|highest|perfect)\s+{_MARK}\b"
    r"|\b(?:give|award|assign|deserves?|merits?)\b[^.\n]{0,60}\b5(?:/5| out of 5)"
    r"|\b(?:ignore|disregard|forget)\s+(?:all\s+|any\s+)?(?:the\s+)?(?:previous|prior|above|earlier|grading|judging)\s+"
    r"(?:instruction|rule|rubric|criteri|guideline)\w*"
    r"|</?final_evaluation>"
    r'|\bfactuality\b["\s:=]{1,4}5\b',
    re.IGNORECASE,
)
_TAGS = re.compile(r"</?(?=final_evaluation\b)", re.IGNORECASE)
_GONE = "[words to the judge, taken out]"


def flattery(text: str, context: str) -> str | None:
    """The words with which an answer praises itself or turns to its judge; None if it does neither.

    Words that the `context` holds too are none of the answer's own: a tool may report on judges and scores.
    """
    for found in _TO_JUDGE.finditer(text):
        if found.group().lower() not in context.lower():
            return found.group()
    return out_of_role(text, context)


def neutralised(text: str, context: str) -> str:
    """An answer as a judge may see it: words to the judge are taken out, tags of a verdict are spelled out.

    All other tags stay: a tool may well show `<think>`, HTML or a prompt.
    """
    known = context.lower()
    safe = _TO_JUDGE.sub(lambda found: found[0] if found[0].lower() in known else _GONE, text)
    return _TAGS.sub(lambda found: found[0].replace("<", "&lt;"), safe)
