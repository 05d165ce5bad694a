"""Tests that try to break Parley: people talk, something is killed, the record is checked.

- `history.py` what apps sent, got as answers and pushes, and read, with times; dumped on failure
- `record.py` the history sorted by conversation and by app
- `checker.py` the rules for a record of conversations, whatever happened; returns violations
- `delivery.py` its rules about what an app got on its connections
- `feed_checker.py` the same for RFI feeds
- `account_checker.py` the same for the feeds of accounts
- `wire.py` Socket.IO over a websocket or over polling, frame by frame in order of arrival
- `talks.py` where people talk, who they are, and the whole conversation
- `unacknowledged.py` the messages of an app that are not acknowledged yet
- `app.py` an app in a conversation: sends several at a time, resends, resumes by sequence
- `people.py` kinds of use: restless, on two gateways at once
- `slow_reader.py` an app that stops reading for a while
- `followers.py` what all apps do that follow a numbered feed: connect, join, resume
- `feeds.py` a customer who revises an RFI, and apps that follow it
- `accounts.py` offers that are made and declined, and apps that follow the accounts' feeds
- `trade.py` a customer and a vendor who do business over REST and repeat unanswered requests
- `effects.py` the effects that must happen once, and the stored facts that prove them
- `ledger.py` how often each of those facts is stored
- `deadlines.py` offers that expire and of which vendors are warned, in bursts
- `effect_checker.py` the checker's rules about business over REST and timers
- `rests.py` two separate `rest` processes with an nginx
- `market.py` opens accounts for traders, and reads the ledger in the end
- `uploads.py` customers who upload files over bad networks, and put some of them into RFIs
- `upload_checker.py` the checker's rules about uploads
- `uploading.py` opens accounts for uploaders; finally reads all files back, and sweeps
- `repeating.py` requests that are repeated until they are answered
- `load.py` all of them together on a running stack, and how they come to rest
- `relayed.py` a history compared with the events in Kafka
- `faults.py` the faults that servers and processes suffer meanwhile
- `stopping.py` a process frozen for a while
- `scenarios.py` which fault goes with which load, in the long version and in the short one
- `results.py` the table RESULTS.md
- `planted.py` processes with a planted fault (`launchers/`), to show that the checkers find it

`python -m tests.chaos` (`make chaos`) plays the long version of every scenario and writes the
table; `test_scenarios.py` plays a short sample, and `test_planted.py` the planted faults.
"""
