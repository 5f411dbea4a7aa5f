"""The documents say what is so: their code runs, their links and numbers resolve."""

import re
import shlex
from pathlib import Path

import pytest
import torch
import typer

from inertial.cli import app
from inertial.training.records import TABLES

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
THEORY = (ROOT / "docs" / "theory.md").read_text()
CODE = [
    path
    for path in [*ROOT.glob("src/**/*.py"), *ROOT.glob("tests/**/*.py")]
    if path.parent != ROOT / "tests" / "evidence"  # which names what does not exist
]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)


def name_of(path):
    return str(path.relative_to(ROOT))


def blocks(path, language):
    return [code for kind, code in FENCE.findall(path.read_text()) if kind == language]


def prose(text):
    """The text without its blocks."""
    return FENCE.sub("", text)


def anchors(text):
    """What a link into the text may name: its headings, as GitHub does, and its ids."""
    headings = re.findall(r"^#+ (.+)$", prose(text), re.M)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain} | set(
        re.findall(r'<a id="([^"]+)">', text)
    )


@pytest.fixture
def workshop(tmp_path, monkeypatch):
    """An empty folder, and the state of PyTorch's chance and threads put back after."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GLOO_SOCKET_IFNAME", "lo")
    threads, exact = (
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
    )
    state = torch.get_rng_state()
    yield tmp_path
    torch.set_rng_state(state)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(exact)
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


@pytest.mark.parametrize(
    "path", [p for p in DOCUMENTS if blocks(p, "python")], ids=name_of
)
# PyTorch's compiler imports parts of itself that use its own deprecated jit.
@pytest.mark.filterwarnings(r"ignore:.*torch\.jit\.:DeprecationWarning")
def test_the_code_of_a_document_runs(path, workshop):
    """From top to bottom, as one program."""
    names = {"__name__": "__main__"}
    for number, code in enumerate(blocks(path, "python"), start=1):
        exec(compile(code, f"{name_of(path)}, block {number}", "exec"), names)


COMMANDS = [
    (path, line)
    for path in DOCUMENTS
    for code in [*blocks(path, "bash"), *blocks(path, "sh"), *blocks(path, "console")]
    for line in code.splitlines()
    if re.match(r"(\$ )?inertial ", line)
]


@pytest.mark.parametrize(
    ("path", "line"), COMMANDS, ids=[f"{name_of(p)}: {c}" for p, c in COMMANDS]
)
def test_a_command_of_a_document_is_one(path, line):
    """Read word by word, not run."""
    _, name, *words = shlex.split(line.removeprefix("$ "), comments=True)
    command = typer.main.get_command(app)
    command.commands[name].make_context(name, words)


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(path.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        place = (path.parent / file).resolve() if file else path
        assert place.exists(), f"{target} in {name_of(path)}"
        if anchor and place.suffix == ".md":
            assert anchor in anchors(place.read_text()), f"{target} in {name_of(path)}"


def test_every_number_that_the_code_cites_stands_in_the_theory():
    known = {name.upper() for name in anchors(THEORY) if re.fullmatch(r"t\d\d", name)}
    for path in CODE:
        cited = set(re.findall(r"\bT\d\d\b", path.read_text()))
        assert cited <= known, f"{name_of(path)} cites {sorted(cited - known)}"


def test_every_number_of_the_theory_is_there_once():
    ids = re.findall(r'<a id="([^"]+)"></a>\*\*(T\d\d)', THEORY)
    assert len(ids) > 40
    assert all(anchor.upper() == number for anchor, number in ids)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_github_can_draw_the_formulas(path):
    for line in prose(path.read_text()).splitlines():
        line = re.sub(r"`[^`]*`", "", line)
        assert line.count("$") % 2 == 0, f"a formula ends on its line: {line}"
        for formula in re.findall(r"\$([^$]+)\$", line):
            # Markdown comes first: it eats a backslash before punctuation, takes < for
            # a tag, * for emphasis, and | for the end of a table's cell.
            assert not re.search(r"\\[^a-zA-Z]|[<*]", formula), formula
            assert formula == formula.strip(), formula
            assert not (line.startswith("|") and "|" in formula), formula


def test_the_tables_of_a_run_are_those_of_the_guide():
    guide = (ROOT / "docs" / "use.md").read_text()
    for name, columns in TABLES.items():
        row = re.search(rf"^\| `{name}` \| (.*) \|$", guide, re.M)
        assert row, f"docs/use.md has no row for the table {name}"
        told = re.findall(r"`(\w+)`", row[1])
        assert told == re.findall(r"(\w+) (?:INTEGER|REAL|TEXT)", columns)
