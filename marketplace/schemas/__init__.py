"""Validation and serialization of everything that goes in and out, with marshmallow schemas.

REST, the socket, live announcements and Kafka events use the same schemas, so an object looks the
same everywhere, and the OpenAPI and AsyncAPI documents are generated from what is actually checked.

    strict.py         the base class of every schema; reports errors with their paths
    fields/           strict field types
    bounds.py         how large a payload may be, checked before it is loaded
    json_text.py      strict JSON parsing that names the value at fault
    fast_check.py     validates common payloads without marshmallow
    fast_reader.py    reads the product's own views without marshmallow
    people.py         fields of accounts: email, phone, password, time zone
    accounts.py  vendors.py  rfis.py  matches.py  quotes.py  conversations.py  inbox.py
    account_feed.py  reports.py  notifications.py  decisions.py  timelines.py  attachments.py
    vendor_profiles.py  vendor_documents.py  reviews.py  members.py  invitations.py  audit.py
                      for each noun: what a caller may send, and what it receives
    entries.py        one schema for each kind of entry
    views.py          entries, items of feeds and lists written by hand, for speed
    answers.py        acknowledgements and pushes that only the socket has
    socket.py         the socket's contract: every call and push with its schemas
"""
