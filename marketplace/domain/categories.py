"""The categories of RFIs and vendors: a closed list, so that both mean the same by a word."""

from collections.abc import Mapping

CATEGORIES: Mapping[str, str] = {
    "catering": "Catering",
    "cleaning": "Cleaning",
    "electrical": "Electrical work",
    "event_photography": "Event photography",
    "hvac": "Heating and air conditioning",
    "landscaping": "Landscaping",
    "moving": "Moving",
    "painting": "Painting",
    "plumbing": "Plumbing",
    "roofing": "Roofing",
}
