"""IANA time zones, with the old names that browsers still send (`Asia/Calcutta`).

Debian 13 ships the old names in a separate package; the `tzdata` wheel has all of them, and
`zoneinfo` falls back to it after the system's directories.
"""

from zoneinfo import available_timezones

TIMEZONES = frozenset(available_timezones())
