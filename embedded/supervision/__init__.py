"""Starts, watches, restarts and stops programs; knows nothing of Parley or of particular servers.

    Supervisor ──▶ Keeper (one per program) ──▶ tether.py ──▶ the program
        └────────▶ Guard (knows every process group)

- `supervisor.py` all programs by name; `keeper.py` one program and its current process
- `program.py` describes a program: how it is started, when it is ready, how long that may take
- `tether.py` becomes the program, after asking the kernel to kill it when its parent ends
- `guard.py` kills the programs' own children when their supervisor is killed
- `jobs.py` short programs that complete before others start
- `loop_thread.py` an event loop in a thread, for callers that are not asynchronous
- `ports.py` free ports; `lock.py` one holder per file; `logs.py` log files; `probes.py` readiness

Every failure that a person can fix is a `StackError` of `embedded/errors.py`.
"""
