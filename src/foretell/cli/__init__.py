"""The command line: one command per verb, data on stdout, talk on stderr.

This room owns arguments, output and exit codes. It refuses logic of its own: every verb is one call that Python users
can make too. The order of the imports is the order of the verbs in the help.
"""

from foretell.cli.program import app, main  # isort: skip
from foretell.cli import runs, logs, experiments, tables  # isort: skip

__all__ = ["app", "experiments", "logs", "main", "runs", "tables"]
