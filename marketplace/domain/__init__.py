"""The rules of the marketplace: pure functions over frozen values, without input or output.

The rules use the standard library only; a test checks this.

    accounts.py       accounts, roles, log-in sessions and actors
    addresses.py      email addresses and phones: consented to, verified, suppressed
    codes.py          codes and links that prove who somebody is
    second_factors.py time-based one-time passwords and recovery codes
    erasures.py       what stays of an erased account
    vendors.py        profile, capacity, and the proposal of an approved vendor
    onboarding.py     the steps of the onboarding, done and left
    reviews.py        claims and decisions (in_review → active …), and the rule that approves
    vendor_reviews.py steps, and what a review leaves at the vendor
    vendor_documents.py  documents: which are required, and which count
    lapses.py         what follows when a document expires
    opening_hours.py  hours by weekday, holidays, pauses
    service_areas.py  circles and polygons
    members.py        a vendor's team
    audit.py          who changed what, from what, to what, and why
    rfis.py           draft, submit, revise, extend, withdraw …; revisions with field-level changes
    awards.py         the award of an RFI, and its cancellation
    matches.py        one RFI × one vendor: offered, accepted, declined, closed
    lifetimes.py      how long everything that waits may wait
    timers.py         something that falls due at a moment
    decisions.py      rules, and what they decided from which inputs
    matching.py       which vendors an RFI is offered to, and which leave it
    timelines.py      everything that happened to an RFI, in one order
    quotes.py         a price for one revision of the RFI
    quote_lines.py    what a quote consists of, and its total
    quote_revisions.py
                      the revisions of a quote, and what differs between them
    conversations.py  participants, and entries numbered densely from 1
    feeds.py          pages of a conversation's entries and an RFI's revisions
    inbox.py          a participant's list of conversations
    account_feed.py   what an account was told, numbered densely from 1
    unread.py         what a participant has not read yet
    reports.py        reports of messages to the admins
    notifications.py  one event, one person, one channel
    sms_text.py       texts as SMS: alphabet, segments, links
    visibility.py     who sees which part of an RFI
    policy.py         quotas and lifetimes that the operator sets
    requests.py       idempotent requests
    pages.py          pages of a list
    categories.py     the categories of RFIs and vendors

A rule that refuses raises `ParleyError` with a code from the closed list.
"""
