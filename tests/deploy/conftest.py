"""Fixtures for the deployment tests: the parsed stack file, and copies of it with a fault."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
STACK_FILE = ROOT / "swarm-stack.yml"

Stack = dict[str, Any]


@pytest.fixture(scope="session")
def parsed_stack() -> Stack:
    """The stack file with its anchors resolved; tests must not change it."""
    stack: Stack = YAML(typ="safe").load(STACK_FILE)
    return stack


@pytest.fixture
def planted(parsed_stack: Stack, tmp_path: Path) -> Callable[[Callable[[Stack], None]], Path]:
    """A function that plants a fault in a copy of the stack file and returns its path."""

    def plant(fault: Callable[[Stack], None]) -> Path:
        stack = copy.deepcopy(parsed_stack)
        fault(stack)
        path = tmp_path / "swarm-stack.yml"
        YAML(typ="safe").dump(stack, path)
        return path

    return plant
