"""MongoDB: the state of the marketplace. Only this package imports the driver.

store.py          MongoStore: all collections, and transactions
collection.py     what the repositories share: sessions, and driver errors as TemporaryError
documents.py      domain values ⇄ documents
transactions.py   runs work in a transaction, and again after a conflict
migrations/       collections, validators and indexes, versioned
accounts.py  addresses.py  codes.py  second_factors.py  passkeys.py  erasures.py  vendors.py  rfis.py
submissions.py  matches.py  quotes.py  conversations.py  entries.py  read_positions.py
inbox.py  account_feed.py  reports.py  notifications.py  recipients.py  timers.py  decisions.py
attachments.py  blobs.py  vendor_documents.py  members.py  audit.py
                  one noun each, as specified by its port in `marketplace.ports`
newest_entries.py the newest entry of many conversations at once
unread.py         counts unread messages in many conversations at once
message_states.py a message's latest change: its deletion, its newest edit, or itself
gridfs.py         the bytes of blobs
outbox.py         events, written with their state; handled-event marks
idempotency.py    responses stored under their Idempotency-Key
entry_writer.py   group commit of conversation entries
epoch.py          which history the feeds' numbers belong to
restore.py        repairs after a restore from a backup
leases.py         one of several processes works, the others wait
tail.py           committed events and entries in order, for the relay
traces.py         spans of commands and of batches of entries

bootstrap ─▶ store.open_store ─▶ migrations, then the repositories
actions ─▶ store.transact(work) ─▶ repositories bound to a session
"""

from marketplace.storage.store import MongoStore, open_store

__all__ = ["MongoStore", "open_store"]
