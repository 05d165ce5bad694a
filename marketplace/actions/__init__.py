"""What can be done: one function, one atomic write, then the announcement.

Every action takes the `World` first and, usually, an `Actor` second. It checks permissions, asks
the domain for the next state, writes state and event in one transaction, and announces the change
to the affected rooms after the commit. REST, the socket and the consumers all use these functions.

    accounts.py       register, log in, refresh, log out; the profile
    verifications.py  verify an email address or a phone by a code
    emails.py         change the email address, and undo it
    passwords.py      change and reset the password
    sessions.py       list and end log-ins; confirm who somebody is
    second_factors.py set up, turn off and check a second factor
    exports.py        everything about an account
    erasures.py       erase an account
    codes.py          issue codes and links, and accept them
    notifications.py  codes, reset links and security notices
    vendors.py        profile, submission, suspension, directory
    reviews.py        the queue of reviews: claim, decide, approve automatically
    vendor_documents.py  a vendor's documents
    lapses.py         expire documents, suspend and reinstate their vendors
    vendor_changes.py what every change of a vendor has in common
    members.py        a vendor's team: invite, remove, assign
    audit.py          read the audit trail
    rfis.py           draft, submit, revise, copy, withdraw, close, and who may read them
    awards.py         award an RFI, and cancel the award
    closing.py        closes everything that is live on an RFI that ended
    reopening.py      opens it again
    lifetimes.py      extend an RFI; end what has waited too long
    matches.py        offer an RFI to vendors, accept and decline
    offers.py         take a vendor off an RFI that goes on without it
    quotes.py         submit, revise, confirm, withdraw and decline quotes
    quote_reading.py  quotes and their revisions as somebody may see them
    outdated_quotes.py
                      asks vendors to confirm their quotes after a change of the RFI
    conversations.py  messages, edits, deletions, read positions, notices
    inbox.py          mute and archive a conversation
    account_feed.py   what accounts are told, and their feeds from a number on
    blocks.py         block and unblock a conversation
    timelines.py      everything that happened to an RFI
    decisions.py      read decisions
    uploads.py        upload files
    attachments.py    give uploaded files to messages and RFIs
    attachment_access.py  who may read an attachment
    blobs.py          write stored files, delete those that nothing owns
    sweeping.py       delete what nothing owns
    reports.py        report a message; list and close reports
    memberships.py    which vendors have lost access, and who may write
    announcements.py  which rooms get which push or signal
    events.py         builds events
"""
