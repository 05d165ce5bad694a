"""The guarantees of the Dockerfile."""

import re

from tests.deploy.conftest import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
FINAL_STAGE = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]


def last(instruction: str) -> str:
    """The arguments of the last such instruction in the final stage."""
    found = re.findall(rf"^{instruction} (.+)$", FINAL_STAGE, re.MULTILINE)
    assert found, f"the final stage has no {instruction}"
    return str(found[-1])


def test_the_image_runs_as_an_unprivileged_user() -> None:
    """The final user is numeric and not 0, so `runAsNonRoot` checks can verify it."""
    user, group = last("USER").split(":")

    assert int(user) >= 10_000
    assert int(group) >= 10_000


def test_only_locked_and_hashed_wheels_are_installed() -> None:
    """Packages are wheels from the lock file with hashes; npm uses its own lock file."""
    installs = re.findall(r"pip install (.+)", DOCKERFILE)

    assert installs[0].startswith("--only-binary :all: --require-hashes -r ")
    assert all("--no-deps" in install for install in installs[1:])
    assert "npm ci " in DOCKERFILE
    assert "npm install" not in DOCKERFILE


def test_base_images_are_build_arguments() -> None:
    """Every stage's base image is an argument, so the image builds without access to a registry."""
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)

    assert set(stages) == {"${BASE}", "${NODE_BASE}"}


def test_every_root_package_is_in_the_build_context() -> None:
    """.dockerignore admits exactly what the Dockerfile copies."""
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    context = {line.removeprefix("!") for line in ignore if line.startswith("!")}
    copied = {
        source.rstrip("/")
        for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
        for source in sources.split()
        if not source.startswith("web/")
    }

    assert "*" in ignore
    assert context - {"web"} == copied


def test_the_image_declares_its_stop_signal_and_health_check() -> None:
    """It stops with the signal that the processes handle, and checks their readiness."""
    assert last("STOPSIGNAL") == "SIGTERM"
    assert "/health/ready" in last("HEALTHCHECK")
    assert last("CMD") == '["python", "-m", "rest"]'
