"""Step 6, showing: dashboards written in Python from the same plan as the rules, and checked like code.

A `<question>.dashboard.py` reads as a table of contents: a function `dashboard(plan)` decorated with `question`, which
returns rows of panels from `objective_panels`, `service_panels` and `host_panels`.
"""

from featurewatch.dashboards.generate import build, generate, load
from featurewatch.dashboards.layout import Row, line, row
from featurewatch.dashboards.question import Question, current_plan, question
from featurewatch.rules.plan import Plan

__all__ = ["Plan", "Question", "Row", "build", "current_plan", "generate", "line", "load", "question", "row"]
