"""What the Dockerfile promises of the image."""

import re

from tests.deploy.conftest import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
FINAL_STAGE = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]


def last(instruction: str) -> str:
    """Return the arguments of the last such instruction in the final stage."""
    found = re.findall(rf"^{instruction} (.+)$", FINAL_STAGE, re.MULTILINE)
    assert found, f"the final stage has no {instruction}"
    return str(found[-1])


def test_the_image_runs_as_an_account_without_rights() -> None:
    """The final user is a number other than 0, so that `runAsNonRoot` checks can see it."""
    user, group = last("USER").split(":")

    assert int(user) >= 10_000
    assert int(group) >= 10_000


def test_only_locked_and_hashed_wheels_are_installed() -> None:
    """Packages come from the lock file with their hashes, as wheels; npm takes its own lock."""
    installs = re.findall(r"pip install (.+)", DOCKERFILE)

    assert installs[0].startswith("--only-binary :all: --require-hashes -r ")
    assert all("--no-deps" in install for install in installs[1:])
    assert "npm ci " in DOCKERFILE
    assert "npm install" not in DOCKERFILE


def test_both_bases_are_build_arguments() -> None:
    """Every stage starts from an argument, so that it builds where no registry is reached."""
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)

    assert set(stages) == {"${BASE}", "${NODE_BASE}"}


def test_every_root_package_is_in_the_build_context() -> None:
    """What the Dockerfile copies is not held back by .dockerignore, and the rest is."""
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


def test_the_image_stops_on_sigterm_and_knows_its_health() -> None:
    """It stops by the signal the processes listen for, and asks them whether they are ready."""
    assert last("STOPSIGNAL") == "SIGTERM"
    assert "/health/ready" in last("HEALTHCHECK")
    assert last("CMD") == '["python", "-m", "rest"]'
