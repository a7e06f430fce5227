"""A small shop with planted causes: an event log whose truth is known.

This room owns the simulator that tests, benchmarks and ``foretell simulate`` use. It refuses to read, clean
or model a log: it only makes one, deterministic by seed, and writes the truth beside it.
"""

from foretell.simulate.causes import Cause, causes_of
from foretell.simulate.config import Causes, Economics, ShopConfig
from foretell.simulate.shop import Shop, simulate, simulate_into

__all__ = ["Cause", "Causes", "Economics", "Shop", "ShopConfig", "causes_of", "simulate", "simulate_into"]
