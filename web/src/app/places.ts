/** A few cities to choose from; any other place is entered by its coordinates. */

import type { Place } from "../parley/types";

export interface City {
  name: string;
  longitude: number;
  latitude: number;
}

const city = (name: string, longitude: number, latitude: number): City => ({
  name,
  longitude,
  latitude,
});

export const CITIES: readonly City[] = [
  city("Atlanta, GA", -84.388, 33.749),
  city("Austin, TX", -97.7431, 30.2672),
  city("Boston, MA", -71.0589, 42.3601),
  city("Chicago, IL", -87.6298, 41.8781),
  city("Dallas, TX", -96.797, 32.7767),
  city("Denver, CO", -104.9903, 39.7392),
  city("Houston, TX", -95.3698, 29.7604),
  city("Los Angeles, CA", -118.2437, 34.0522),
  city("Miami, FL", -80.1918, 25.7617),
  city("Minneapolis, MN", -93.265, 44.9778),
  city("New York, NY", -74.006, 40.7128),
  city("Philadelphia, PA", -75.1652, 39.9526),
  city("Phoenix, AZ", -112.074, 33.4484),
  city("Portland, OR", -122.6784, 45.5152),
  city("San Diego, CA", -117.1611, 32.7157),
  city("San Francisco, CA", -122.4194, 37.7749),
  city("Seattle, WA", -122.3321, 47.6062),
];

/** About 15 km: within it, a place is shown as near the city. */
const NEAR_DEGREES = 0.15;

/** The city at exactly these coordinates, for the select. */
export const cityAt = (longitude: number, latitude: number): City | undefined =>
  CITIES.find((each) => each.longitude === longitude && each.latitude === latitude);

/** A place as text: the city it is in or near, or its coordinates. */
export function placeName({ coordinates: [longitude, latitude] }: Place): string {
  const exact = cityAt(longitude, latitude);
  if (exact) return exact.name;
  const near = CITIES.find(
    (each) => Math.hypot(each.longitude - longitude, each.latitude - latitude) < NEAR_DEGREES,
  );
  const side = (value: number, plus: string, minus: string) =>
    `${Math.abs(value).toFixed(3)}° ${value < 0 ? minus : plus}`;
  const written = `${side(latitude, "N", "S")}, ${side(longitude, "E", "W")}`;
  return near ? `near ${near.name} (${written})` : written;
}
