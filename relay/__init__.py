"""relay: publishes committed events to Kafka, moves inboxes, and is the live path's safety net.

__main__.py   the process
lease.py      one relay works; another waits to take over
relay.py      reads the tail, sends to Kafka, saves the position
records.py    turns committed documents into Kafka records, in their traces
heads.py      announces heads again, in case a writer died between commit and announcement
inbox.py      moves conversations with new entries up in their participants' inboxes

__main__ ─▶ lease ─▶ relay ─▶ storage.tail (MongoDB)
                       ├────▶ records ─▶ kafka
                       ├────▶ heads ───▶ live (Redis)
                       └────▶ inbox ───▶ store (MongoDB), live (Redis)
"""
