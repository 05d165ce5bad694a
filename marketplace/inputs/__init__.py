"""What people type, paste and send, normalized the same way by every interface.

texts.py       names and titles (one line), bodies (several), and which texts are blank
emails.py      email addresses: one form to compare and to send to
phones.py      telephone numbers in E.164 form
passwords.py   which passwords are too easy to guess, and the form that is hashed
currencies.py  ISO 4217 currencies in use, and their decimals
devices.py     User-Agent headers in plain words
timezones.py   IANA time zones, with the old names that browsers still send

Each module either returns the value's one stored form or raises ValueError with a sentence for the
person who typed it. The schemas of REST and of the socket (`marketplace/schemas`) call these
modules.
"""
