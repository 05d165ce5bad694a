"""Whole stories on the real stack: every server and process, entered only through nginx.

    tests.conftest ─▶ site ─▶ embedded.stack (mongod, Kafka, Valkey, the processes, nginx, the sandbox)

    a journey ─┬─▶ people   accounts over REST (httpx)
               ├─▶ app      a connected app (python-socketio's client)
               ├─▶ browsers headless Chromium (Playwright) ─▶ chromium
               └─▶ site, topics, sandbox   what MongoDB, Kafka and the providers contain afterwards

- `test_story.py` from registration to award, over websockets and over polling
- `test_page.py` the same on the page
- `test_page_states.py` the page with little to show, or without a connection
- `test_unsent.py` text written on the page survives the tab
- `test_tabs.py` several tabs of one browser
- `test_links.py` where the links of each email and SMS lead
- `test_killed_writer.py` an abandoned transaction does not block other writers
- `test_kafka_away.py` each RFI is matched once, whatever was down meanwhile
- `test_bad_neighbours.py` provider errors, forged tokens, oversized bodies and unreadable records
- `waiting.py` waits for conditions that no event signals

Kills under load are in `tests/chaos`, on the same stack.
"""
