"""matching: finds the closest suitable vendors for an RFI (consumer group "matching").

__main__.py   the process
handler.py    which events trigger matching, and the matching itself

Kafka `rfis` ─▶ handler ─▶ actions.matches.match_rfi ─▶ MongoDB (2dsphere) ─▶ match.offered
"""
