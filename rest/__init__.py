"""REST over HTTP: accounts, onboarding, RFIs, quotes, and conversations for apps without a socket.

request ─▶ app ─▶ performing ─┬─▶ requests, queries, authentication   parse and validate the request
                              ├─▶ idempotency                         a stored answer, if any
                              ├─▶ the operation's handler ─▶ marketplace.actions
                              └─▶ responses, or problems              write the response

accounts.py account_feed.py verifications.py password_resets.py own_sessions.py second_factors.py
passkeys.py personal_data.py tokens.py vendors.py administration.py categories.py rfis.py
awards.py matches.py quotes.py inbox.py conversations.py blocks.py reports.py attachments.py
files.py notifications.py timelines.py decisions.py reviews.py vendor_documents.py members.py
audit.py health.py
                  the operations, by noun
operations.py     an operation: route, schemas, errors and handler in one place
context.py        what a handler receives and returns
documents/        /openapi.json, /asyncapi.json and the pages /docs and /docs/socket
bodies.py multipart.py     bodies that are received in a stream; the file in a form
file_links.py     signed URLs of files
sweeping.py       deletes files that nothing owns
preconditions.py cursors.py     If-Match and If-None-Match; sealed cursors
limits.py log_ins.py     rate limits per account and address; slows down password guessing
teams.py          members of a vendor's team, who act as the vendor
uploading.py      receives a file in a form, or JSON
sessions.py       whether the log-in behind a token is still active
archives.py       a ZIP archive that is sent while it is made
erasing.py        runs the erasures of accounts that are due
serving.py        listens; shuts down without breaking off requests
service.py        state shared by all requests
metrics.py        counts and durations of requests
"""
