#!/usr/bin/env python3
"""Writes Embedded.swift: the files of dashboard/ and client/ as literals. To be run after every change of one of them.

Strings in Base64 compile in no time, where array literals of bytes take minutes. A test compares them with the files.
"""

import base64
import gzip
import hashlib
import pathlib

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


def literal(data):
    text = base64.b64encode(data).decode()
    lines = [text[i:i + 116] for i in range(0, len(text), 116)]
    return '"""\n' + "\\\n".join(lines) + '\n"""'


def entry(path, file):
    data = file.read_bytes()
    # Without a time, so that the same file is always the same text.
    packed = gzip.compress(data, 9, mtime=0)
    return f"""        Asset(
            path: "{path}", contentType: "{TYPES[file.suffix]}", hash: "{hashlib.sha256(data).hexdigest()[:16]}",
            isOfDashboard: {"true" if file.parent.name == "dashboard" else "false"},
            identity: {literal(data)},
            gzip: {literal(packed)}),
"""


def main():
    text = HEAD + "".join(entry(path, file) for path, file in assets().items()) + "    ]\n}\n"
    target = HERE / "Embedded.swift"
    if not target.exists() or target.read_text() != text:
        target.write_text(text)
    for path, file in assets().items():
        data = file.read_bytes()
        print(f"{len(data):7} {len(gzip.compress(data, 9, mtime=0)):7}  /{path}")


if __name__ == "__main__":
    main()
