"""Runs a program that dies with the process that started it.

Run as a file, `python -I -S tether.py PARENT PROGRAM ARGUMENT…`: asks the kernel to kill this
process when its parent ends (PR_SET_PDEATHSIG, prctl(2)), then becomes PROGRAM. The request
survives `execve`. This is a program of its own because `subprocess`'s `preexec_fn` may deadlock
when the parent has threads. The kernel's "parent" is the *thread* that forked: start children from
a thread that lives as long as they should.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    """Tie this process to its parent, then become the program; returns only on failure."""
    parent, *command = arguments
    if ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        sys.stderr.write("The kernel refused PR_SET_PDEATHSIG.\n")
        return 126
    if os.getppid() != int(parent):  # it had ended before the request was made
        return 125
    try:
        os.execvp(command[0], command)  # noqa: S606 (no shell wanted: this is the point)
    except OSError as error:
        sys.stderr.write(f"{command[0]} could not be started: {error.strerror}.\n")
    return 127


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
