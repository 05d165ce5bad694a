"""The demonstration's RFIs, who answers them, and how they end; every state is among them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from embedded.demo.people import DENVER_CIVIC_CENTER

_CHICAGO_LOGAN_SQUARE = (-87.7075, 41.9231)
_SEATTLE_BALLARD = (-122.3755, 47.6687)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one of the matched vendors does: it declines with a reason, or accepts and talks.

    `vendor` is "vendor" for the one to log in as, or the rank among the others, the closest first.
    """

    vendor: str | int
    script: str | None = None
    declines: str | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """An RFI and what becomes of it. A story without `began_h_ago` is a draft.

    An award is part of a script. `budget` is in US dollars.
    """

    customer: str
    category: str
    title: str
    description: str
    location: tuple[float, float]
    address: str
    began_h_ago: int = 0
    max_vendors: int = 5
    budget: tuple[int, int] | None = None
    needed_in_days: int = 14
    attributes: Mapping[str, Any] = field(default_factory=dict)
    revision: Mapping[str, Any] = field(default_factory=dict)
    answers: tuple[Answer, ...] = ()
    is_withdrawn: bool = False


def _denver(east_m: float, north_m: float) -> tuple[float, float]:
    """A place near the demo vendor's; a degree there is 85.6 km wide and 111.3 km high."""
    longitude, latitude = DENVER_CIVIC_CENTER
    return round(longitude + east_m / 85_600, 6), round(latitude + north_m / 111_300, 6)


STORIES: tuple[Story, ...] = (
    Story(
        customer="carla",
        category="event_photography",
        title="Photographer for a surprise party",
        description="My sister turns fifty and does not know. About forty guests, from the moment "
        "she comes in until the cake. Family pictures as well.",
        location=_denver(900, -700),
        address="1007 York St, Denver",
        began_h_ago=94,
        max_vendors=4,
        budget=(500, 1_000),
        needed_in_days=24,
        attributes={"guests": 40, "is_outdoors": True},
        answers=(Answer(0, "birthday_other"), Answer("vendor", "birthday")),
    ),
    Story(
        customer="maya",
        category="catering",
        title="Lunch for forty at a studio opening",
        description="Standing, at noon, in a pottery studio with one free outlet. About ten guests "
        "eat no meat, two cannot have wheat.",
        location=_denver(-600, 800),
        address="2525 16th St, Denver",
        began_h_ago=72,
        max_vendors=3,
        budget=(800, 1_400),
        needed_in_days=18,
        attributes={"guests": 40, "is_seated": False},
        answers=(Answer("vendor", "opening_other"), Answer(0, "opening")),
    ),
    Story(
        customer="tom",
        category="landscaping",
        title="Front garden that survives July",
        description="The lawn dies every summer. I want something that needs little water and no "
        "mowing, about 320 square feet, full sun.",
        location=_CHICAGO_LOGAN_SQUARE,
        address="2650 N Kedzie Blvd, Chicago",
        began_h_ago=70,
        budget=(1_500, 3_500),
        needed_in_days=30,
        attributes={"square_feet": 320},
        answers=(
            Answer(1, declines="We take no planting jobs before spring."),
            Answer(0, "garden"),
        ),
    ),
    Story(
        customer="carla",
        category="painting",
        title="Repaint hallway and stairwell",
        description="Two floors, no window, ceiling above the stairs included.",
        location=_denver(300, 200),
        address="1437 Bannock St, Denver",
        began_h_ago=52,
        max_vendors=3,
        budget=(1_200, 2_500),
        answers=(Answer("vendor", "hallway"),),
        is_withdrawn=True,
    ),
    Story(
        customer="tom",
        category="roofing",
        title="Missing shingles after the storm",
        description="Some ten shingles on the north side, two-story house.",
        location=_CHICAGO_LOGAN_SQUARE,
        address="2650 N Kedzie Blvd, Chicago",
        began_h_ago=40,
        max_vendors=3,
        is_withdrawn=True,
    ),
    Story(
        customer="priya",
        category="moving",
        title="Two bedrooms from Ballard to West Seattle",
        description="Third floor without an elevator to a ground floor. One upright piano.",
        location=_SEATTLE_BALLARD,
        address="5344 Ballard Ave NW, Seattle",
        began_h_ago=30,
        budget=(900, 1_600),
        needed_in_days=12,
        attributes={"bedrooms": 2, "has_elevator": False, "piano": "upright"},
        revision={"max_vendors": 6},
        answers=(Answer(0, "move"), Answer(1, "move_other")),
    ),
    Story(
        customer="carla",
        category="plumbing",
        title="Leaking kitchen sink",
        description="It drips under the right bowl, day and night. House from 1961.",
        location=_denver(300, 200),
        address="1437 Bannock St, Denver",
        began_h_ago=26,
        max_vendors=4,
        budget=(100, 300),
        needed_in_days=5,
        attributes={"floor": 1, "has_parking": True},
        revision={
            "description": "It drips under the right bowl, day and night. House from 1961, chrome "
            "trap. The dishwasher is on the same drain.",
            "attributes": {"floor": 1, "has_parking": True, "has_dishwasher": True},
        },
        answers=(
            Answer(1, declines="Fully booked until the end of the month."),
            Answer(0, "sink_other"),
            Answer("vendor", "sink"),
        ),
    ),
    Story(
        customer="luis",
        category="hvac",
        title="Furnace bangs when it starts",
        description="One loud bang some seconds after the click, since last week. Gas, from 2009.",
        location=_denver(1_100, 300),
        address="1510 E Colfax Ave, Denver",
        began_h_ago=20,
        max_vendors=4,
        budget=(150, 600),
        needed_in_days=4,
        answers=(Answer("vendor", "furnace"),),
    ),
    Story(
        customer="maya",
        category="cleaning",
        title="Clean a flat before handing it back",
        description="900 square feet, empty by then. Oven, blinds and the shower door included.",
        location=_denver(-900, -300),
        address="950 W 10th Ave, Denver",
        began_h_ago=9,
        max_vendors=4,
        budget=(250, 500),
        needed_in_days=9,
        answers=(
            Answer("vendor", declines="All our crews are out that day."),
            Answer(0, "handover"),
        ),
    ),
    Story(
        customer="carla",
        category="landscaping",
        title="Winterize a sprinkler system",
        description="Five zones, one of them a drip line. Blow-out before the first hard frost.",
        location=_denver(300, 200),
        address="1437 Bannock St, Denver",
        began_h_ago=3,
        max_vendors=3,
        budget=(60, 150),
        needed_in_days=7,
        answers=(Answer("vendor", "sprinkler"),),
    ),
    Story(
        customer="carla",
        category="roofing",
        title="Hail damage on a garage roof",
        description="Dents in the metal and two cracked tiles above the door. Insurance wants two "
        "estimates.",
        location=_denver(300, 200),
        address="1437 Bannock St, Denver",
        began_h_ago=1,
        budget=(400, 2_000),
        needed_in_days=21,
        attributes={"is_insured": True},
    ),
    Story(
        customer="carla",
        category="moving",
        title="Bring a loom from Boulder",
        description="Four feet wide, comes apart in three pieces. Dates to be settled.",
        location=(-105.2797, 40.0176),
        address="1777 Broadway, Boulder",
    ),
    Story(
        customer="luis",
        category="electrical",
        title="Outlet for a car charger",
        description="Detached garage, the panel is 40 feet away.",
        location=_denver(1_100, 300),
        address="1510 E Colfax Ave, Denver",
        budget=(600, 1_500),
    ),
)
