"""The whole of Parley on one Linux machine: real servers from packages, the processes, nginx.

    cli ──▶ stack ──┬─▶ machine, lock          can it start here?
      │             ├─▶ credentials, ports     created once and stored
      │             ├─▶ servers/               mongod, valkey, kafka, nginx
      │             ├─▶ processes              rest, realtime-1, realtime-2, relay, …
      │             ├─▶ page                   npm ci, npm run build
      │             ├─▶ supervision/           starts all of them, and keeps them running
      │             └─▶ status                 written at every change
      └──▶ status ─▶ probes                    is each one healthy?

- `supervision/` starts, watches, restarts and stops programs; knows nothing of Parley
- `servers/` the servers as programs, their readiness, the secrets; servers alone, for tests
- `cli.py` the `parley` command; `stack.py` the order in which everything starts and stops
- `processes.py` Parley's own processes as programs; `page.py` builds the page
- `machine.py` whether a stack can run here; `status.py` the health of what runs
- `paths.py` the folders of a stack; `errors.py` the error that people see
- `loading.py` loads the demo data in a process of its own; `restored.py` what follows a restore
- `sandbox/` simulates SendGrid and Twilio; `demo/` the demo's people, conversations and log-ins

`setup.cfg` declares who may import whom, from `cli` down to `errors`.
"""
