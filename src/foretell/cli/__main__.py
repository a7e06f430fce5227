"""``python -m foretell.cli``: the command line.

This module owns nothing. It refuses to be imported for anything else.
"""

from foretell.cli import main

if __name__ == "__main__":
    main()
