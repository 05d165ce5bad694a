"""The `parley` command with `tiny` processes instead of Parley's own; the rest is real."""

from embedded import cli, processes

TINY = dict.fromkeys(processes.PROCESSES, "tests.embedded.tiny")

if __name__ == "__main__":
    processes.PROCESSES.update(TINY)
    cli.main()
