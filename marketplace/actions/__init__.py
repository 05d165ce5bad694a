"""What can be done: one function, one atomic write, then the announcement.

Every action takes the `World` and an `Actor` first.  It checks who may, asks the domain what
follows, writes state and event in one transaction, and after the commit announces the change to the
rooms concerned.  REST, the socket, the consumers and inbound mail all come through here.

    accounts.py  vendors.py  rfis.py  matches.py  quotes.py  conversations.py  blocks.py  reports.py
    memberships.py  events.py
"""
