"""The whole of Parley on one Linux machine: real servers from packages, the processes, nginx.

    cli ──▶ stack ──┬─▶ machine, lock           can it start here?
      │             ├─▶ credentials, ports      created once and stored
      │             ├─▶ servers ─▶ mongod, valkey, kafka ─▶ maven (jar files)
      │             ├─▶ page                    npm ci, npm run build
      │             ├─▶ processes               rest, realtime-1, realtime-2, relay, …, nginx
      │             ├─▶ supervisor ─▶ keeper ─▶ program ─▶ tether.py ─▶ the program itself
      │             │        └─▶ guard          kills what a killed parent leaves behind
      │             └─▶ status                  written at every change
      └──▶ status ─▶ probes                     is each one healthy?

- `cli.py` the `parley` command; `stack.py` the order in which everything starts and stops
- `servers.py` MongoDB, Valkey, Kafka alone: for developers and for tests
- `running.py` a running stack under the control of a test: addresses, and ways to cause trouble
- `loop_thread.py` an event loop in a thread, for callers that are not asynchronous
- `paths.py`, `ports.py`, `logs.py`, `errors.py`: files, ports, log files, the error people see
- `jobs.py` short programs that complete before others start; `loading.py` is one of them
- `restored.py` what follows a restore of MongoDB
- `sandbox/` simulates SendGrid and Twilio; `demo/` the demo's people, conversations and log-ins
"""
