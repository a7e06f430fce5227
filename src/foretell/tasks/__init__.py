"""The tasks: six built-in questions, each with the rule that finds its examples and labels in a log.

This room owns what is asked, of whom and what happened; one file per kind. It refuses to predict and to score.
"""

from foretell.tasks.registry import TASKS, build_examples, default_tasks, response_action

__all__ = ["TASKS", "build_examples", "default_tasks", "response_action"]
