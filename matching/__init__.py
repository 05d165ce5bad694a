"""matching: finds the closest vendors for an RFI, and ends what has waited too long.

__main__.py   the process (consumer group "matching")
handler.py    which events trigger matching or end matches
sweeping.py   sets timers for rows that the previous version wrote

Kafka rfis, matches, vendors ─▶ handler ─▶ actions.matches.match_rfi ─▶ MongoDB (2dsphere) ─▶ match.offered
                                        ─▶ actions.offers.close_departed ─▶ match.closed
MongoDB timers ─▶ marketplace.timer_runner ─▶ actions.lifetimes ─▶ match.closed, rfi.withdrawn
                                           ─▶ actions.lapses ─▶ vendor.suspended
"""
