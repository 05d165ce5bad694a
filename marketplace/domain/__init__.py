"""The rules of the marketplace: pure functions over frozen values, no input or output.

    accounts.py       who somebody is, and in what role they act
    vendors.py        onboarding (applied → in_review → active …), profile, capacity
    rfis.py           draft, submit, revise, withdraw, award; revisions with field-level changes
    matches.py        one RFI × one vendor: offered, accepted, declined, closed
    quotes.py         a price pinned to a revision of the RFI
    conversations.py  participants, and entries numbered densely from 1
    ids.py            opaque ids in the order of their making
    categories.py     what can be asked for

A rule that says no raises `ParleyError` with a code of the closed list.
"""
