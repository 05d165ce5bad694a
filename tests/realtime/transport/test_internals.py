"""The undocumented names of the Socket.IO libraries are used as listed, and still exist."""

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from realtime import transport
from realtime.transport.internals import INTERNALS
from tests.realtime.transport.test_libraries import used_of_sockets

PACKAGE = Path(transport.__file__).parent
LIBRARIES = ("socketio", "engineio")
# Inherited, and in the libraries' reference.
DOCUMENTED = {("socketio.AsyncServer", "on")}
SOCKET = "engineio.async_socket.AsyncSocket"
# The names by which our objects hold one of the libraries'.
HANDLES = {
    "eio": "engineio.AsyncServer",
    "server": "socketio.AsyncServer",
    "_server": "socketio.AsyncServer",
}

Use = tuple[str, str]


def resolve(dotted: str) -> ModuleType | type:
    """The module or class of this name."""
    try:
        return import_module(dotted)
    except ModuleNotFoundError:
        module, _, name = dotted.rpartition(".")
        found = getattr(import_module(module), name)
        assert isinstance(found, type)
        return found


def members(dotted: str) -> set[str]:
    """The names that a module or class of a library has, instances' attributes included."""
    found = resolve(dotted)
    names = set(dir(found)) - set(dir(object))
    for kind in inspect.getmro(found)[:-1] if isinstance(found, type) else ():
        for node in ast.walk(ast.parse(inspect.getsource(inspect.getmodule(kind) or kind))):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                names |= {node.attr} if ast.unparse(node.value) == "self" else set()
    return names


class Reader:
    """Reads which names of the libraries a module uses."""

    def __init__(self, source: str) -> None:
        self._tree = ast.parse(source)
        # Local name → dotted name, of what is imported from the libraries.
        self._imported: dict[str, str] = {}
        # Local name → dotted name of the class, of variables that hold a library's object.
        self._held = dict(HANDLES)
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                module = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
                for alias in node.names:
                    if (module + alias.name).split(".")[0] in LIBRARIES:
                        self._imported[alias.asname or alias.name] = module + alias.name
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                held = self._held_by(node.value)
                if held is not None:
                    self._held[node.targets[0].id] = held

    def uses(self) -> set[Use]:
        """Every undocumented name, with the dotted name of its owner; `?` if that is not known."""
        found = set(self._imports())
        for node in ast.walk(self._tree):
            if isinstance(node, ast.ClassDef):
                found |= set(self._inherited(node))
            elif isinstance(node, ast.Attribute):
                found |= set(self._of_others(node))
        return found - DOCUMENTED

    def _imports(self) -> Iterator[Use]:
        for dotted in self._imported.values():
            owner, _, name = dotted.rpartition(".")
            is_module = owner in LIBRARIES and isinstance(resolve(dotted), ModuleType)
            is_public = owner in LIBRARIES and name in resolve(owner).__dict__["__all__"]
            if owner and not is_module and not is_public and owner != "socketio.exceptions":
                yield owner, name

    def _inherited(self, node: ast.ClassDef) -> Iterator[Use]:
        """What a class derived from a library's overrides, or uses of itself."""
        bases = [base for base in map(self._dotted, node.bases) if base is not None]
        for base in bases:
            names = {inner.name for inner in node.body if isinstance(inner, _METHOD)}
            for inner in ast.walk(node):
                if isinstance(inner, ast.Attribute) and ast.unparse(inner.value) in _SELF:
                    names.add(inner.attr)
            yield from ((base, name) for name in names & members(base))

    def _of_others(self, node: ast.Attribute) -> Iterator[Use]:
        """A name of a library's object or module, or a private one of any object but itself."""
        dotted, held = self._dotted(node.value), self._held_by(node.value)
        if dotted is not None and isinstance(resolve(dotted), ModuleType):
            if dotted not in LIBRARIES:
                yield dotted, node.attr
        elif held is not None and node.attr in members(held):
            yield held, node.attr
        elif _is_private(node.attr) and ast.unparse(node.value) not in _SELF:
            yield "?", node.attr

    def _dotted(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Name):
            return self._imported.get(node.id)
        if isinstance(node, ast.Attribute):
            owner = self._dotted(node.value)
            return f"{owner}.{node.attr}" if owner else None
        return None

    def _held_by(self, node: ast.expr) -> str | None:
        name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
        return self._held.get(name)


_METHOD = (ast.FunctionDef, ast.AsyncFunctionDef)
_SELF = ("self", "super()", "cls")


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def test_exactly_the_listed_undocumented_names_are_used() -> None:
    """The package uses exactly the undocumented names that it lists."""
    used = set[Use]()
    for path in PACKAGE.rglob("*.py"):
        used |= Reader(path.read_text()).uses()
    used |= {(SOCKET, name) for name in used_of_sockets()}

    assert used == {(owner, name) for owner, names in INTERNALS.items() for name in names}


@pytest.mark.parametrize("owner", INTERNALS)
def test_the_libraries_have_every_listed_name(owner: str) -> None:
    """The installed libraries have every name listed."""
    assert set(INTERNALS[owner]) - members(owner) == set()


@pytest.mark.parametrize(
    ("source", "use"),
    [
        ("from socketio.packet import CONNECT", ("socketio.packet", "CONNECT")),
        ("from engineio import packet\npacket.NOOP", ("engineio.packet", "NOOP")),
        ("engine = self._server.eio\nengine._ok()", ("engineio.AsyncServer", "_ok")),
        ("self.server.handlers", ("socketio.AsyncServer", "handlers")),
        ("socket._get_socket", ("?", "_get_socket")),
        (
            "import socketio\nclass A(socketio.AsyncServer):\n def _trigger_event(self): ...",
            ("socketio.AsyncServer", "_trigger_event"),
        ),
        (
            "from socketio import AsyncManager as B\nclass A(B):\n def a(self): self.callbacks",
            ("socketio.AsyncManager", "callbacks"),
        ),
    ],
)
def test_every_kind_of_use_is_found(source: str, use: Use) -> None:
    """An import, a call, an override and an attribute of the libraries are each found."""
    assert use in Reader(source).uses()
