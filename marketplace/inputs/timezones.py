"""IANA time zones, with the old names that browsers still send (`Asia/Calcutta`).

Debian 13 ships the old names in a package of their own; the `tzdata` wheel has all of them, and
`zoneinfo` looks there after the system's folders.
"""

from zoneinfo import available_timezones

TIMEZONES = frozenset(available_timezones())
