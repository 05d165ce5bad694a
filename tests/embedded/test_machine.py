"""A machine that cannot run the stack is refused early, each time with a way out."""

import os
import socket
from pathlib import Path

import pytest

from embedded import machine
from embedded.errors import StackError
from embedded.supervision.ports import HOST, choose


@pytest.mark.parametrize(
    ("system", "architecture"), [("Darwin", "arm64"), ("Linux", "riscv64"), ("Windows", "AMD64")]
)
def test_other_machines_are_refused(system: str, architecture: str) -> None:
    """Only Linux on x86_64 and aarch64 has all packages; elsewhere external servers are needed."""
    with pytest.raises(StackError, match=f"{system} on {architecture}.*MONGODB_URL"):
        machine.check_architecture(system, architecture)


def test_this_machine_passes_every_check() -> None:
    """The machine that runs these tests passes every check, so no check refuses everything."""
    machine.check_architecture()
    machine.check_library()
    machine.check_disk(Path.cwd())
    machine.check_port(choose())


def test_a_missing_library_names_its_package() -> None:
    """The sentence says what to install."""
    with pytest.raises(StackError, match="apt-get install libcurl4"):
        machine.check_library("libnowhere.so.4")


def test_a_full_disk_is_reported_with_the_missing_space(tmp_path: Path) -> None:
    """The sentence has the free and the needed space, and how to choose another disk."""
    with pytest.raises(StackError, match=r"GiB free and the stack needs 1048576\.0 GiB"):
        machine.check_disk(tmp_path, needed_bytes=1024**5)


def test_a_taken_port_names_the_process_that_has_it() -> None:
    """The process that listens there is named, and so is a port to try."""
    port = choose()

    with socket.create_server((HOST, port)), pytest.raises(StackError) as refusal:
        machine.check_port(port)

    assert f"Port {port} is taken by" in str(refusal.value)
    assert f"(process {os.getpid()})" in str(refusal.value)
    assert f"PARLEY_HTTP_PORT={port + 1}" in str(refusal.value)
