"""What goes in and comes out, checked and written by marshmallow schemas.

REST, the socket, the live announcements and the Kafka events use the same schemas, so a thing looks
the same wherever it is met, and the OpenAPI and AsyncAPI documents are made from what is really checked.

    fields.py         strict field types, and the base class that reports errors with their paths
    bounds.py         how large a payload may be, judged before it is loaded
    people.py         fields of accounts: email, phone, password, time zone
    accounts.py  vendors.py  rfis.py  matches.py  quotes.py  conversations.py
                      for each noun: what a caller may send, and what a caller gets
    entries.py        the forms of an entry, one for each kind
    answers.py        what the socket alone tells: acknowledgements, and pushes of no other noun
    socket.py         the contract of the socket: every call and push with its schemas
"""
