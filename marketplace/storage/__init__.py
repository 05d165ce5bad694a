"""MongoDB: the state of the marketplace, and who is closest.  Nothing else imports the driver.

store.py          MongoStore: all collections, and transactions
documents.py      values of the domain ⇄ documents
migrations.py     collections, validators and indexes, versioned
accounts.py  vendors.py  rfis.py  matches.py  quotes.py  conversations.py  reports.py  notifications.py
                  one noun each, as its port in `marketplace.ports` says
outbox.py         events in the same write as their state; handled-event marks
idempotency.py    answers kept under their Idempotency-Key
entry_writer.py   group commit of conversation entries
leases.py         one of several processes works, the others wait
tail.py           committed events and entries in order, for the relay

bootstrap ─▶ store.open_store ─▶ migrations, then the repositories
actions ─▶ store.transact(work) ─▶ repositories bound to a session
"""

from marketplace.storage.store import MongoStore, open_store

__all__ = ["MongoStore", "open_store"]
