"""relay: committed events → Kafka, and the safety net of the live path.

__main__.py   the process
lease.py      one relay works, another waits and takes over
relay.py      reads the tail, sends to Kafka, keeps the position
records.py    what was committed, as a Kafka record
heads.py      announces the heads again, in case a writer died between commit and announcement

__main__ ─▶ lease ─▶ relay ─▶ storage.tail (MongoDB)
                       ├────▶ records ─▶ kafka
                       └────▶ heads ───▶ live (Redis)
"""
