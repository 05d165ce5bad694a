"""Whole stories over the real stack: every server and process, entered through nginx alone.

    conftest ─▶ site ─▶ embedded.stack (mongod, Kafka, Valkey, the processes, nginx, the sandbox)
    a journey ─┬─▶ people   accounts over REST (httpx)
               ├─▶ app      a connected app (python-socketio's client)
               ├─▶ talker   an app that sends, comes back and resumes ─▶ history
               ├─▶ browsers headless Chromium (Playwright) ─▶ chromium
               └─▶ site, topics, sandbox   what MongoDB, Kafka and the providers hold afterwards

- `test_story.py` from the registration to the award, by websocket and by polling
- `test_page.py` the same on the page
- `test_killed_gateway.py` nothing acknowledged is lost, doubled or reordered
- `test_killed_writer.py` a write that was begun and never ended holds nobody up
- `test_kafka_away.py` each RFI is matched once, whatever was away meanwhile
- `test_bad_neighbours.py` providers in trouble, forged tokens, bodies and records that do not fit
- `test_history.py` the history's own check: planted faults are found
- `waiting.py` waits for what no event tells of
"""
