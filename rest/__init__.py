"""REST over HTTP: accounts, onboarding, RFIs, quotes, and conversations for apps without a socket.

request ─▶ app ─▶ performing ─┬─▶ requests, queries, authentication   what came in, checked
                              ├─▶ idempotency                         done before? then the answer
                              ├─▶ the operation's handler ─▶ marketplace.actions
                              └─▶ responses, or problems              what goes out

accounts.py tokens.py vendors.py administration.py categories.py rfis.py matches.py quotes.py
conversations.py notifications.py health.py     the operations, by noun
operations.py     an operation: route, schemas, errors and handler in one place
context.py        what a handler receives and returns
openapi.py asyncapi.py documentation.py pages/     /openapi.json, /asyncapi.json, /docs, /docs/socket
limits.py         how often an account and an address ask, log in, register
sessions.py       whether the log-in behind a token goes on
serving.py        listens; ends without breaking off what was begun
service.py        what all requests share
"""
