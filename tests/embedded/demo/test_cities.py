"""Cities: each occurs once, with a fair share of the vendors."""

from embedded.demo.cities import METRES_PER_DEGREE, City, cities, distance_m, moved, shares


def _a_city(population: int, name: str = "Springfield") -> City:
    return City(name, "IL", population, -89.6, 39.8, "America/Chicago")


def test_the_largest_cities_come_first() -> None:
    """The list begins with New York, Los Angeles, Chicago and Houston."""
    assert [city.name for city in cities()[:4]] == [
        "New York City", "Los Angeles", "Chicago", "Houston",
    ]  # fmt: skip


def test_boroughs_are_counted_only_in_their_city() -> None:
    """No place lies within a larger one of its state, so nobody is counted twice."""
    found = cities()

    in_new_york = {city.name for city in found if city.state == "NY"}
    assert not in_new_york & {"Brooklyn", "Queens", "Manhattan", "The Bronx", "Harlem"}
    for at, small in enumerate(found):
        for large in found[:at]:
            assert large.state != small.state or distance_m(small, large) > large.radius_m


def test_shares_add_up_and_follow_the_population() -> None:
    """The method is largest remainders: 10 vendors over 50, 30 and 20 thousand people, then 11."""
    places = [_a_city(50_000), _a_city(30_000), _a_city(20_000)]

    assert shares(places, 10) == [5, 3, 2]
    assert shares(places, 11) == [6, 3, 2]  # exactly 5.5, 3.3 and 2.2


def test_a_moved_place_is_at_the_right_distance() -> None:
    """Three kilometres east and four north make five."""
    city = _a_city(100_000)

    place = moved(city, 3_000, 4_000)

    longitude, latitude = place["coordinates"]
    there = City("", "IL", 0, longitude, latitude, "")
    assert abs(distance_m(there, city) - 5_000) < 1
    assert abs((latitude - city.latitude) * METRES_PER_DEGREE - 4_000) < 1
