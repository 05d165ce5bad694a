"""The tables in docs/ match the code: errors, events, settings, metrics."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from marketplace.domain import awards
from marketplace.domain.quotes import ClosedReason
from marketplace.domain.rfis import RfiState
from marketplace.errors import MEANINGS
from marketplace.events import EVENT_TYPES, TOPICS
from marketplace.settings import Settings
from nginx.settings import Settings as NginxSettings
from tests.docs.documents import CHECKOUT, DOCS, Row, only_span, read, rows, spans

ERRORS = list(rows(read(DOCS / "errors.md")))
EVENTS = [row for row in rows(read(DOCS / "events.md")) if "Event" in row.cells]
PUSHES = [row for row in rows(read(DOCS / "events.md")) if "Push" in row.cells]
SETTINGS = [row for row in rows(read(DOCS / "settings.md")) if "Variable" in row.cells]
METRICS = list(rows(read(DOCS / "metrics.md")))
_METRIC_KINDS = {"Counter": "counter", "Gauge": "gauge", "Histogram": "histogram"}


def _section(name: str) -> dict[str, str]:
    """The variables in one section of settings.md, with their documented defaults."""
    return {
        only_span(row.cells["Variable"]): row.cells["Default"]
        for row in SETTINGS
        if row.section == name
    }


def _source(*paths: str) -> str:
    return "\n".join(read(CHECKOUT / path) for path in paths)


def test_every_error_is_listed_with_its_status() -> None:
    """errors.md lists each code once, with its status and `temporary`."""
    written = [_error(row) for row in ERRORS]
    meant = [
        (code.value, meaning.status, meaning.is_temporary) for code, meaning in MEANINGS.items()
    ]
    assert sorted(written) == sorted(meant)


def _error(row: Row) -> tuple[str, int, bool]:
    cells = row.cells
    assert cells["It means"]
    assert cells["What to do"]
    return (
        only_span(cells["Code"]),
        int(cells["Status"]),
        {"yes": True, "no": False}[cells["Temporary"]],
    )


def test_every_event_is_listed_with_its_topic() -> None:
    """events.md lists each event once, with its topic."""
    written = [(only_span(row.cells["Event"]), only_span(row.cells["Topic"])) for row in EVENTS]
    assert sorted(written) == sorted((name, kind.topic) for (name, _), kind in EVENT_TYPES.items())
    assert {topic for _, topic in written} == set(TOPICS)


def test_the_page_says_all_version_1_exactly_while_it_is_true() -> None:
    """events.md says "All are version 1." exactly while it is true."""
    is_said = "All are version 1." in read(DOCS / "events.md")
    assert is_said == ({version for _, version in EVENT_TYPES} == {1})


def test_every_announced_push_is_listed() -> None:
    """events.md lists exactly the pushes that actions, gateways and notify send."""
    announced = set(re.findall(r'"([a-z]+\.[a-z]+)"', _source("marketplace/schemas/views.py")))
    for path in [
        *(f"marketplace/actions/{noun}.py" for noun in ("account_feed", "announcements")),
        *(
            f"marketplace/actions/{noun}.py"
            for noun in ("matches", "offers", "outdated_quotes", "quotes", "reopening")
        ),
        *(str(path.relative_to(CHECKOUT)) for path in (CHECKOUT / "realtime").glob("*.py")),
    ]:
        announced |= _announced(CHECKOUT / path)
    announced |= {"quote.submitted", "quote.updated"}  # one of the two, depending on a condition
    announced |= set(re.findall(r'"(gap)", gap', _source("realtime/room.py")))  # it has no dot
    assert {name for row in PUSHES for name in spans(row.cells["Push"])} == announced


def _announced(path: Path) -> set[str]:
    """Names passed as literals to any function that announces or pushes."""
    names = set[str]()
    for node in ast.walk(ast.parse(read(path))):
        if not isinstance(node, ast.Call):
            continue
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if called in {"Announcement", "FeedItem", "match_items", "quote_items", "push"}:
            names |= {
                argument.value
                for argument in node.args
                if isinstance(argument, ast.Constant)
                and isinstance(argument.value, str)
                and re.fullmatch(r"[a-z]+\.[a-z]+", argument.value)
            }
    return names


def test_every_notice_is_listed() -> None:
    """events.md lists exactly the codes of notices that the actions add."""
    line = next(
        line for line in read(DOCS / "events.md").splitlines() if line.startswith("The codes of")
    )
    modules = ("matches", "quotes", "offers", "closing", "outdated_quotes")
    source = _source(*(f"marketplace/actions/{module}.py" for module in modules))
    added = set(re.findall(r'add_notice\(\s*\w+, [\w.]+, "(\w+)"', source))
    assert 'name.replace(".", "_")' in source  # the event's name, with an underscore
    added |= {"quote_submitted", "quote_updated"}
    added |= set(re.findall(r'_saved\(\w+, \w+, .+, "(\w+)"', source))
    assert 'f"quote_{reason}"' in source  # how a person ended it
    added |= {f"quote_{reason}" for reason in (ClosedReason.WITHDRAWN, ClosedReason.DECLINED)}
    assert "awards.CANCELLED" in _source("marketplace/actions/reopening.py")
    added.add(awards.CANCELLED)
    assert 'reason = f"rfi_{rfi.state}"' in source  # the state in which an RFI ends
    added |= {f"rfi_{state}" for state in (RfiState.AWARDED, RfiState.WITHDRAWN)}
    closing = re.findall(r'"(conversation_\w+)"', _source("marketplace/actions/blocks.py"))
    assert set(spans(line)) == added | set(closing)


def test_every_setting_of_the_processes_is_listed_with_its_default() -> None:
    """settings.md has the variables that marketplace/settings.py reads, with their defaults."""
    assert _section("Every process") == _declared(Settings)


def test_every_setting_of_nginx_is_listed_with_its_default() -> None:
    """settings.md has the variables that nginx/settings.py reads, except the shared ones."""
    shared = _section("Every process")
    expected = {
        name: default for name, default in _declared(NginxSettings).items() if name not in shared
    }
    listed = _section("nginx")
    assert listed.pop("PARLEY_RUNTIME_DIR") != expected.pop("PARLEY_RUNTIME_DIR")  # in words
    assert listed == expected


def _declared(settings: type[Settings | NginxSettings]) -> dict[str, str]:
    """The variables of a class of settings, with their defaults as settings.md writes them."""
    defaults = {field.metadata["name"]: field.metadata["default"] for field in fields(settings)}
    return {name: _written(default) for name, default in defaults.items()}


def _written(default: object) -> str:
    if default is ...:
        return "required"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default}`" if default else "none"


def test_every_variable_stands_once() -> None:
    """Whatever reads a variable shares its name, default and bounds with all others that do."""
    paths = [
        path
        for package in ("marketplace", "nginx", "embedded", "rest", "realtime", "notify")
        for path in (CHECKOUT / package).rglob("*.py")
    ]
    declared = re.findall(r'\bsetting\(\s*"([A-Z_]+)"', _source(*map(str, paths)))
    declared += re.findall(r'environ(?:ment)?\.get\("([A-Z_]+)"', _source(*map(str, paths)))
    assert len(declared) > 25
    assert sorted(declared) == sorted(set(declared))


def test_every_setting_of_the_embedded_stack_is_listed() -> None:
    """settings.md has the variables that only embedded/ reads."""
    paths = [str(path.relative_to(CHECKOUT)) for path in (CHECKOUT / "embedded").rglob("*.py")]
    read_there = set(re.findall(r'environ(?:ment)?\.get\("([A-Z_]+)"', _source(*paths)))
    listed = _section("The stack on one machine")
    assert set(listed) == read_there - set(_section("nginx")) - set(_section("Every process"))


def test_every_setting_of_the_stack_file_is_listed_with_its_default() -> None:
    """settings.md has the variables that swarm-stack.yml reads, with their defaults."""
    read_there = dict(re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", _source("swarm-stack.yml")))
    others = {**_section("Every process"), **_section("Traces"), **_section("nginx")}
    listed = _section("Docker Swarm")
    assert set(listed) == set(read_there) - set(others)
    for name, default in listed.items():
        assert default == f"`{read_there[name]}`"


def test_no_variable_is_listed_twice() -> None:
    """Each variable has only one row, so no two rows can disagree."""
    names = [only_span(row.cells["Variable"]) for row in SETTINGS]
    assert len(names) == len(set(names))


def test_every_metric_is_listed_with_its_kind_and_labels() -> None:
    """metrics.md lists exactly the metrics that the processes declare, once each."""
    written = [
        (
            only_span(row.cells["Metric"]),
            row.cells["Kind"],
            tuple(spans(row.cells["Labels"])),
        )
        for row in METRICS
    ]
    packages = ("marketplace", "realtime", "rest", "relay", "matching", "notify")
    declared = [
        metric
        for package in packages
        for path in sorted((CHECKOUT / package).rglob("*.py"))
        for metric in _metrics(path)
    ]
    assert len(declared) > 30
    assert sorted(written) == sorted(declared)


def _metrics(path: Path) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Name, kind and labels of the metrics that a module declares."""
    for node in ast.walk(ast.parse(read(path))):
        kind = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and kind in _METRIC_KINDS:
            given = [
                ast.literal_eval(argument) for argument in node.args if not _is_computed(argument)
            ]
            labels = next((tuple(item) for item in given if isinstance(item, list)), ())
            yield given[0], _METRIC_KINDS[kind], labels


def _is_computed(argument: ast.expr) -> bool:
    """Whether it is not a plain string or list, for example a help text with a number in it."""
    return not isinstance(argument, ast.Constant | ast.List)
