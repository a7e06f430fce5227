"""Live answers: events come in over HTTP, predictions go out, from the same objects as batch.

This room owns the state of a running service (stored events, grown histories, counters) and its HTTP routes. It
refuses to train, and to answer anything in a way of its own: it fills a ``ShopView`` and asks the ``Predictor``.
"""

from foretell.serve.app import create_app
from foretell.serve.server import serve

__all__ = ["create_app", "serve"]
