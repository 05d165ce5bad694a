"""The whole of Parley on one Linux machine: real servers from packages, the processes, nginx.

    cli ──▶ stack ──┬─▶ machine, lock           may it start here?
      │             ├─▶ credentials, ports      what is made once and remembered
      │             ├─▶ servers ─▶ mongod, valkey, kafka ─▶ maven (jar files)
      │             ├─▶ page                    npm ci, npm run build
      │             ├─▶ processes               rest, realtime-1, realtime-2, relay, …, nginx
      │             ├─▶ supervisor ─▶ keeper ─▶ program ─▶ tether.py ─▶ the program itself
      │             │        └─▶ guard          kills what a killed parent leaves
      │             └─▶ status                  written at every change
      └──▶ status ─▶ probes                     is each one healthy?

- `cli.py` the `parley` command; `stack.py` what starts when, and in which order it stops
- `servers.py` MongoDB, Valkey, Kafka alone: for developers and for tests
- `running.py` a running stack in the hands of a test: addresses, and buttons to make trouble
- `background.py` an event loop in a thread, for callers that are not asynchronous
- `paths.py`, `ports.py`, `logs.py`, `errors.py`: files, ports, log files, the error people see
- `jobs.py` short programs that run to their end before others start; `loading.py` one of them
- `sandbox/` plays SendGrid and Twilio; `demo/` the demo's people, conversations and log-ins
"""
