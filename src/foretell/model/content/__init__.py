"""What an item is said to be, as numbers: vectors of its title, and vectors that the shop brings along.

This package owns the way from texts to vectors. It refuses to know customers: content is the same for everybody.
"""
