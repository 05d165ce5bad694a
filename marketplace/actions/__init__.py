"""What can be done: one function, one atomic write, then the announcement.

Every action takes the `World` first and, usually, an `Actor` second. It checks permissions, asks
the domain for the next state, writes state and event in one transaction, and announces the change
to the affected rooms after the commit. REST, the socket and the consumers all use these functions.

    accounts.py       register, log in, refresh, log out
    vendors.py        onboarding, profile, directory
    rfis.py           draft, submit, revise, withdraw, award, and who may read them
    matches.py        offer an RFI to vendors, accept and decline
    offers.py         close expired offers
    quotes.py         submit and revise quotes
    conversations.py  messages, edits, deletions, read positions, notices
    blocks.py         block and unblock a conversation
    feeds.py          read entries and revisions from a number on, and notice a restore
    reports.py        report a message; list and close reports
    memberships.py    which vendors have lost access, and who may write
    announcements.py  which rooms get which push or signal
    events.py         builds events
"""
