"""`python -m tests.memory.audit URL`: what is wrong with a database."""

from __future__ import annotations

import sys

from tests.memory.audit import audit

problems = audit(sys.argv[1])
print("\n".join(problems) or "nothing is wrong")
sys.exit(bool(problems))
