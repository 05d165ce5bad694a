"""The core of Parley: business rules, storage, events and contracts, shared by every process.

settings.py errors.py events.py        the vocabulary of all other modules
environment.py                         reads settings from variables and files
domain/                                business rules: pure functions over frozen values
schemas/ inputs/                       validation and serialization of payloads; typed text
ports/                                 the interfaces that actions depend on
actions/                               what can be done: one function, one transaction
storage/ kafka/ live/                  MongoDB, Kafka, and Redis publish/subscribe
presence.py                            who is connected, in Redis
passwords.py tokens.py refresh_tokens.py derived_secrets.py   hashes, tokens, codes, encryption
addresses.py places.py links.py        network addresses, rounded places, links to the page
limits.py fair_queue.py coalescing.py  rate limits, fair queueing, batched reads
backoff.py                             pauses between retries
tasks.py loop_watch.py                 asyncio tasks, event-loop lag
logs.py metrics.py                     logs with the ids of their origin; metrics
tracing/                               OpenTelemetry traces
bootstrap.py process.py                opening the real dependencies; a process's life cycle
"""
