"""The servers that Parley needs, from packages: MongoDB, Valkey, Kafka, and nginx in front.

- `packaged.py` MongoDB, Valkey and Kafka by name, and the variables that point processes to them
- `mongod.py`, `valkey.py`, `kafka.py`, `nginx.py` each as a program; `maven.py` Kafka's jar files
- `probes.py` whether a server is ready, a packaged or an external one
- `credentials.py` secrets, created once and stored
- `running.py` servers alone, for tests; and a running stack or its servers under a test's control

At the terminal, `python -m embedded.servers [mongod] [valkey] [kafka]` starts servers alone.
"""
