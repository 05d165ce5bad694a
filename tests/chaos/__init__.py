"""Tests that try to break it: people talk, something is killed, and the record is checked afterwards.

history.py     all that apps sent, were answered, were pushed and read, with times; a file when it fails
record.py      the history sorted by conversation and by app
checker.py     what a record of conversations must be like, whatever happened; a list of violations
delivery.py    its rules about what an app was given on its connections
feed_checker.py   the same for RFI feeds
wire.py        Socket.IO over a websocket or over polling, each frame in the order it came
talks.py       where people talk, who they are, and the whole of what was said
outbox.py      the messages of an app that nobody has acknowledged yet
app.py         an app in a conversation: sends several at a time, resends, comes back by number
people.py      apps of one kind and another: restless, on two gateways at once, slow to read
feeds.py       a customer who revises an RFI, and apps that follow it
trade.py       a customer and a vendor who do business over REST, repeating what got no answer
effects.py     what they want to happen once, and the stored facts that show it
ledger.py      how often each of those facts is stored
effect_checker.py   the checker's rules about business over REST
rests.py       two `rest` and an nginx of their own
market.py      opens accounts for traders, and reads the ledger in the end
load.py        all of them together on a running stack, and how they come to rest
relayed.py     what Kafka has of a history
faults.py      what is done to the servers and processes meanwhile
scenarios.py   which fault goes with which load, in the long version and in the short one
results.py     the table RESULTS.md
planted.py     processes with a fault in them (launchers/), to show that the checkers find it

`python -m tests.chaos` (`make chaos`) plays the long version of every scenario and writes the table;
`test_scenarios.py` plays a short sample, and `test_planted.py` the planted faults.
"""
