"""Makes a JavaScript file smaller for the wire, and leaves it readable: without comments and blanks at the beginning of
lines, and with short names for private members.

It is no parser. It relies on how the files in client/ are written: a comment stands on lines of its own or at the end of
a line behind two blanks, strings do not go over lines, and `#name` is always a private member.
"""

import collections
import re
import string


def stripped(text):
    lines = []
    in_comment = False
    for line in text.split("\n"):
        line = line.strip()
        if in_comment or line.startswith("/*"):
            in_comment = "*/" not in line
        elif not line.startswith("//"):
            line = re.sub(r"\s\s+// .*$", "", line)
            if line:
                lines.append(line)
    short = "\n".join(lines) + "\n"
    # The most frequent first.
    names = [name for name, _ in collections.Counter(re.findall(r"#\w+", short)).most_common()]
    letters = string.ascii_letters
    new = {name: "#" + (letters[i] if i < 52 else letters[i // 52] + letters[i % 52]) for i, name in enumerate(names)}
    return re.sub(r"#\w+", lambda found: new[found[0]], short)
