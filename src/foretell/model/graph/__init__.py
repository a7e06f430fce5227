"""Item graphs: which items follow which, counted; and the vectors that such a graph gives.

This package owns what is known of items from being near each other in histories, without a network.
"""
