#!/usr/bin/env python3
"""Writes Embedded.swift: the files of dashboard/ and client/ as literals. To be run after every change of one of them.

Strings in Base64 compile in no time, where array literals of bytes take minutes. A test compares them with the files.
"""

import base64
import gzip
import hashlib
import pathlib
import sys

import strip

HERE = pathlib.Path(__file__).resolve().parent
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".ts": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
}
HEAD = """// Written by embed.py from the files of dashboard/ and client/. Change those and run it again.
// swift-format-ignore-file

extension Assets {
    static let embedded: [Asset] = [
"""


def assets():
    """Each file with its path on the relay: the client's at the root, the dashboard's in a folder, but for its page."""
    found = {}
    for file in sorted(HERE.glob("client/*")) + sorted(HERE.glob("dashboard/*")):
        if file.suffix not in TYPES:
            continue
        is_page = file.parent.name == "dashboard" and file.name == "index.html"
        prefix = "dashboard/" if file.parent.name == "dashboard" else ""
        found["" if is_page else prefix + file.name] = file
    return dict(sorted(found.items()))


def served(file):
    """A file's bytes as they are served: the client module without its comments."""
    if file.parent.name == "client" and file.suffix == ".js":
        return strip.stripped(file.read_text()).encode()
    return file.read_bytes()


def literal(data):
    return f'"{base64.b64encode(data).decode()}"'


def entry(path, file):
    data = served(file)
    # Without a time, so that the same file is always the same text.
    packed = gzip.compress(data, 9, mtime=0)
    return f"""        Asset(
            path: "{path}", contentType: "{TYPES[file.suffix]}", hash: "{hashlib.sha256(data).hexdigest()[:16]}",
            isOfDashboard: {"true" if file.parent.name == "dashboard" else "false"},
            identity: {literal(data)},
            gzip: {literal(packed)}),
"""


def is_current(text, path, file):
    """Whether the text has the file as it is. Another zlib may pack the same bytes otherwise."""
    start = text.find(f'path: "{path}",')
    if start < 0:
        return False
    identity, packed = (base64.b64decode(part.split('"')[1])
                        for part in text[start:].split("identity:")[1].split("gzip:")[:2])
    return identity == gzip.decompress(packed) == served(file)


def main():
    target = HERE / "Embedded.swift"
    old = target.read_text() if target.exists() else ""
    if "--check" in sys.argv:
        stale = [path for path, file in assets().items() if not is_current(old, path, file)]
        if stale or old.count("path:") != len(assets()):
            sys.exit(f"Embedded.swift is stale, run embed.py: {stale}")
        return
    text = HEAD + "".join(entry(path, file) for path, file in assets().items()) + "    ]\n}\n"
    if old != text:
        target.write_text(text)
    for path, file in assets().items():
        data = served(file)
        print(f"{len(data):7} {len(gzip.compress(data, 9, mtime=0)):7}  /{path}")


if __name__ == "__main__":
    main()
