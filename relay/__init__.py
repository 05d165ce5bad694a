"""relay: publishes committed events to Kafka, and is the safety net of the live path.

__main__.py   the process
lease.py      one relay works; another waits to take over
relay.py      reads the tail, sends to Kafka, saves the position
records.py    turns committed documents into Kafka records, in their traces
heads.py      announces heads again, in case a writer died between commit and announcement

__main__ ─▶ lease ─▶ relay ─▶ storage.tail (MongoDB)
                       ├────▶ records ─▶ kafka
                       └────▶ heads ───▶ live (Redis)
"""
