"""The words of the simulated shop: categories, brands, queries and what reviewers write.

This module owns the vocabulary and nothing else; it refuses probabilities. No ordinary query contains the
intent word, so that a search for it is a planted cause and never an accident.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "AGE_GROUPS",
    "BRANDS",
    "CATEGORIES",
    "CHANNELS",
    "CONSUMABLE",
    "GIFTS",
    "INTENT_QUERIES",
    "INTENT_WORD",
    "QUERIES",
    "REGIONS",
    "REVIEWS",
    "SUBCATEGORIES",
]

CATEGORIES: Final = (
    ("coffee", ("beans", "capsules", "filters"), 9.0),
    ("pantry", ("pasta", "oil", "spices"), 5.0),
    ("household", ("detergent", "paper", "sponges"), 7.0),
    ("beauty", ("shampoo", "cream", "soap"), 11.0),
    ("pets", ("cat food", "dog food", "litter"), 16.0),
    ("baby", ("nappies", "wipes", "formula"), 20.0),
    ("gifts", ("candles", "cards", "boxes"), 18.0),
    ("books", ("novels", "cookbooks", "guides"), 14.0),
    ("sports", ("yoga", "running", "cycling"), 32.0),
    ("garden", ("tools", "seeds", "pots"), 21.0),
    ("kitchen", ("pans", "knives", "mugs"), 26.0),
    ("electronics", ("cables", "speakers", "lamps"), 45.0),
)
"""Top category, its three subcategories and its median price."""

CONSUMABLE: Final = 6
"""The first so many categories are used up and bought again."""

GIFTS: Final = 6
"""Index of the category whose view after an intent search raises the purchase hazard."""

INTENT_WORD: Final = "gift"
INTENT_QUERIES: Final = ("gift", "birthday gift", "gift ideas", "gift for mum")

SUBCATEGORIES: Final = tuple(word for _, words, _ in CATEGORIES for word in words)
BRANDS: Final = (
    "Alder",
    "Birk",
    "Cedar",
    "Dune",
    "Elm",
    "Fjord",
    "Grove",
    "Heath",
    "Isle",
    "Juno",
    "Kite",
    "Loam",
)
QUERIES: Final = (
    *SUBCATEGORIES,
    *(f"{brand.lower()} {word}" for brand in BRANDS for word in SUBCATEGORIES),
    *INTENT_QUERIES,
)
"""Every query by code: subcategory words, then brand and subcategory, then the intent queries."""

AGE_GROUPS: Final = ("18-29", "30-44", "45-59", "60+")
REGIONS: Final = ("north", "east", "south", "west")
CHANNELS: Final = ("web", "app", "email")

REVIEWS: Final = (
    ("Broke on the first day.", "Terrible, I want my money back.", "Nothing like the picture."),
    ("Disappointing quality.", "Arrived late and damaged.", "Not worth the price."),
    ("It is fine.", "Does the job, nothing more.", "Average."),
    ("Good value.", "Works well, would buy again.", "Happy with it."),
    ("Excellent!", "Exactly what I wanted.", "Best I have ever had."),
)
"""What reviewers write, by rating 1 to 5."""
