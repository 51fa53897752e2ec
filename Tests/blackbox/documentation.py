"""README.md and the articles, taken apart for tests of what they say."""

import re

import relay as roomwire

CATALOG = roomwire.ROOT / "Sources" / "roomwire" / "Documentation.docc"
ARTICLES = {path.stem: path.read_text() for path in sorted(CATALOG.glob("*.md"))}
# Every page with Markdown for readers, the front page first.
PAGES = {
    roomwire.ROOT / "README.md": (roomwire.ROOT / "README.md").read_text(),
    roomwire.ROOT / "deploy" / "README.md": (roomwire.ROOT / "deploy" / "README.md").read_text(),
    roomwire.ROOT / "loadtest" / "README.md": (roomwire.ROOT / "loadtest" / "README.md").read_text(),
    **{CATALOG / f"{name}.md": text for name, text in ARTICLES.items()},
}


def blocks(language):
    """The blocks of code in a language, on all pages."""
    pattern = re.compile(rf"^```{language}\n(.*?)^```", re.DOTALL | re.MULTILINE)
    return [text for page in PAGES.values() for text in pattern.findall(page)]


def block(language, word):
    """The first block of code in a language that holds a word."""
    return next(text for text in blocks(language) if word in text)


def section(article, heading):
    """What is under a heading of any level, up to the next of that level or above."""
    match = re.search(rf"^(#+) {re.escape(heading)}\n(.*)", ARTICLES[article], re.DOTALL | re.MULTILINE)
    assert match, f"{article} has no heading {heading}"
    return re.split(rf"^#{{1,{len(match[1])}}} ", match[2], maxsplit=1, flags=re.MULTILINE)[0]


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def tables(text):
    """The tables of a text, each a list of rows, each a list of cells; without the heads."""
    found = re.findall(r"(?:^\|.*\n)+", text + "\n", re.MULTILINE)
    return [[cells(line) for line in rows.splitlines()[2:]] for rows in found]


def table(article, heading):
    """The first table under a heading."""
    return tables(section(article, heading))[0]


def words(cell):
    """What is marked as code in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def source(name):
    """A file of the sources by its name, wherever it is."""
    [path] = (roomwire.ROOT / "Sources").rglob(name)
    return path.read_text()


def swift_files():
    """Every Swift file below Sources, with its text."""
    return {path: path.read_text() for path in sorted((roomwire.ROOT / "Sources").rglob("*.swift"))}
