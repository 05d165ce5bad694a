"""What people type, paste and send, read the same way by every interface.

texts.py       names and titles (one line), bodies (several), and what shows nothing
emails.py      an email address: one form to compare and to send to
phones.py      a telephone number in E.164 form
passwords.py   which passwords are too easy to guess, and in what form one is hashed
currencies.py  ISO 4217 currencies in use, and their decimals
timezones.py   IANA time zones, with the old names that browsers still send

Each module either returns a value in its one stored form or raises ValueError with a sentence for
the person who typed it.  REST and socket schemas (`marketplace/schemas/fields.py`) call these; so do
inbound SMS and email.
"""
