"""``python -m foretell``: the command line, for whoever starts modules (``torchrun -m foretell train ...``).

This module owns nothing. It refuses to be imported for anything else.
"""

from foretell.cli import main

if __name__ == "__main__":
    main()
