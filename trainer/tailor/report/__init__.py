"""What a data set looks like: a page with plots, and a card."""

from trainer.tailor.report.card import card
from trainer.tailor.report.page import page

__all__ = ["card", "page"]
