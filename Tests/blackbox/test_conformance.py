"""The conformance article names a test for each row, and each of them exists."""

import importlib.util
import pathlib
import re

import pytest

import relay as roomwire

TESTS = roomwire.ROOT / "Tests"


def article():
    """The article, in whichever catalogue of the documentation it is."""
    found = [*(roomwire.ROOT / "Sources").rglob("Conformance.md")]
    assert len(found) == 1, found
    return found[0]


def tables(text):
    """The tables of a Markdown text: for each the names of its columns and its rows."""
    for block in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
        names, _, *rows = [cells(line) for line in block.splitlines()]
        assert all(len(row) == len(names) for row in rows), names
        yield names, rows


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def exists(name):
    """Whether there is a test of a name such as `test_x.py::test_y` or `XTests.swift::y`."""
    file, _, function = name.partition("::")
    paths = [TESTS / "blackbox" / file] if file.endswith(".py") else [*TESTS.glob(f"*Tests/**/{file}")]
    word = "def" if file.endswith(".py") else "func"
    return any(
        re.search(rf"^\s*(?:@Test[^\n]* )?{word} {re.escape(function)}\(", path.read_text(), re.MULTILINE)
        for path in paths if path.is_file())


def faults(text):
    """What is wrong with the rows of a text: those without a test, and tests that do not exist."""
    for names, rows in tables(text):
        if names[-1] != "Test":
            continue
        for row in rows:
            named = re.findall(r"`([^`]+)`", row[-1])
            if not named or not all("::" in name for name in named) or not all(row):
                yield f"no test, or an empty cell: {row[0]}"
            yield from (f"there is no {name}: {row[0]}" for name in named if "::" in name and not exists(name))


def test_every_row_names_tests_that_exist():
    text = article().read_text()
    assert not [*faults(text)]
    assert sum(len(rows) for _, rows in tables(text)) > 40


@pytest.mark.parametrize("row, is_right", [
    ("| RFC | does | `test_conformance.py::test_every_row_names_tests_that_exist` |", True),
    ("| RFC | does | `JSONReaderTests.swift::numbersAreReadAsTheyFit` |", True),
    ("| RFC | does | `test_conformance.py::test_no_such` |", False),
    ("| RFC | does | `test_no_such.py::test_every_row_names_tests_that_exist` |", False),
    ("| RFC | does | `JSONReaderTests.swift::noSuch` |", False),
    ("| RFC | does | `test_conformance.py` |", False), ("| RFC | does | |", False),
    ("| RFC | | `test_conformance.py::test_every_row_names_tests_that_exist` |", False),
])
def test_a_row_without_a_test_is_found(row, is_right):
    text = f"| Specification | What | Test |\n|---|---|---|\n{row}\n"
    assert (not [*faults(text)]) == is_right


def test_every_specification_that_the_relay_touches_has_a_row():
    text = article().read_text()
    for name in ("HTML 9.2.2", "HTML 9.2.5", "HTML 9.2.6", "HTML 9.2.7", "9110, 12.5.1", "9110, 13.1.2", "RFC 9111", "9112, 3.2",
                 "9112, 6", "9112, 7.1", "9112, 9.3", "RFC 6454", "Fetch", "Private Network Access", "RFC 8259", "RFC 7515",
                 "RFC 7519", "RFC 7517", "RFC 9457", "RFC 6750", "RFC 6265", "Standard Webhooks", "LiveKit", "Daily", "Whereby",
                 "OpenMetrics", "JSON Schema 2020-12", "NDJSON", "RFC 8446"):
        assert re.search(rf"^\| [^|]*{re.escape(name)}", text, re.MULTILINE), name


def test_it_is_linked_where_readers_look():
    assert "Conformance.md" in (roomwire.ROOT / "README.md").read_text()
    catalogue = article().parent
    assert any("<doc:Conformance>" in path.read_text() for path in catalogue.rglob("*.md"))


def test_the_table_of_clients_is_that_of_the_matrix():
    path = pathlib.Path(__file__).with_name("client_table.py")
    if not path.exists():
        pytest.skip("there is no matrix of clients here")
    spec = importlib.util.spec_from_file_location("client_table", path)
    matrix = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(matrix)
    expected = client_table(matrix)
    assert expected in article().read_text(), f"the article should have\n{expected}"


def client_table(matrix):
    """A row for each client: what the matrix tries with it."""
    lines = ["| Client | " + " | ".join(name.replace("_", " ") for name in matrix.BEHAVIOURS) + " |",
             "|---" * (len(matrix.BEHAVIOURS) + 1) + "|"]
    for row in matrix.ROWS:
        marks = ["–" if name in row.left_out else "yes" for name in matrix.BEHAVIOURS]
        lines.append("| " + " | ".join([row.name, *marks]) + " |")
    return "\n".join(lines)
