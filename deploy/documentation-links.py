"""Makes links between articles work on the web site that DocC builds.

The articles link to each other as Markdown does on a code host, [Settings](Settings.md#a-source). DocC passes such
links on as they are; on its site the page is /documentation/roomwire/settings and the heading #A-source. This rewrites
them, and fails on a link that leads nowhere.
"""

import json
import pathlib
import re
import sys


def slug(heading):
    """A heading's anchor on code hosts."""
    return re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")


def anchors(part):
    """The anchors of a page, by those of code hosts."""
    found = {}
    if isinstance(part, dict):
        if "anchor" in part and "text" in part:
            found[slug(part["text"])] = part["anchor"]
        part = part.values()
    for child in part if not isinstance(part, (str, int, float, bool, type(None))) else ():
        found |= anchors(child)
    return found


def split(reference):
    """The article and the anchor that a link names; None for any other reference."""
    if reference["type"] != "link":
        return None
    match = re.fullmatch(r"(?:(\w+)\.md)?(?:#(.+))?", reference.get("url", ""))
    return match and match.groups()


def main(folder):
    data = folder / "data" / "documentation"
    paths = [data / "roomwire.json", *sorted((data / "roomwire").glob("*.json"))]
    pages = {path: json.loads(path.read_text()) for path in paths}
    places = {"documentation" if path == paths[0] else path.stem: path for path in paths}
    headings = {path: anchors(page["primaryContentSections"]) for path, page in pages.items()}
    lost = []
    for path, page in pages.items():
        for reference in page["references"].values():
            names = split(reference)
            if not names:
                continue
            name, anchor = names
            target = places.get(name.lower()) if name else path
            if target is None or (anchor and anchor not in headings[target]):
                lost.append(f"{path.stem}: {reference['url']}")
                continue
            url = "/" + str(target.relative_to(folder / "data").with_suffix(""))
            reference["url"] = url + (f"#{headings[target][anchor]}" if anchor else "")
        path.write_text(json.dumps(page, ensure_ascii=False))
    if lost:
        sys.exit("Links that lead nowhere:\n" + "\n".join(lost))


main(pathlib.Path(sys.argv[1]))
