"""Whole stories over the real stack: every server and process, entered through nginx alone.

    tests.conftest ─▶ site ─▶ embedded.stack (mongod, Kafka, Valkey, the processes, nginx, the sandbox)
    a journey ─┬─▶ people   accounts over REST (httpx)
               ├─▶ app      a connected app (python-socketio's client)
               ├─▶ browsers headless Chromium (Playwright) ─▶ chromium
               └─▶ site, topics, sandbox   what MongoDB, Kafka and the providers hold afterwards

- `test_story.py` from the registration to the award, by websocket and by polling
- `test_page.py` the same on the page
- `test_page_states.py` what the page says where there is little to show, or no connection
- `test_unsent.py` what is written on the page outlives the tab
- `test_tabs.py` several tabs of one browser
- `test_links.py` where the links of each email and SMS lead
- `test_killed_writer.py` a write that was begun and never ended holds nobody up
- `test_kafka_away.py` each RFI is matched once, whatever was away meanwhile
- `test_bad_neighbours.py` providers in trouble, forged tokens, bodies and records that do not fit
- `waiting.py` waits for what no event tells of

What is killed under load is in `tests/chaos`, on the same stack.
"""
