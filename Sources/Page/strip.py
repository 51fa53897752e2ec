"""Makes a JavaScript file smaller for the wire: without comments and blanks, and with short names for private members and
for what the module declares and does not export. The file itself stays readable.

It is no parser. It relies on how the files in client/ are written: a comment stands on lines of its own or at the end of
a line behind two blanks, strings do not go over lines, `#name` is always a private member, and the name of a declaration
at the beginning of a line is not destructured as a member's.
"""

import collections
import re
import string


def stripped(original):
    lines = []
    in_comment = False
    for line in original.split("\n"):
        line = line.strip()
        if in_comment or line.startswith("/*"):
            in_comment = "*/" not in line
        elif not line.startswith("//"):
            line = re.sub(r"\s\s+// .*$", "", line)
            # In lines without texts and expressions blanks beside punctuation mean nothing.
            if not re.search(r"""["'`/]""", line):
                line = re.sub(r" ?([=,{}()?:&|<>;*!\[\]]+) ?", r"\1", line)
            if line:
                lines.append(line)
    text = "\n".join(lines) + "\n"
    own = set(re.findall(r"^(?:const|class|function) (\w{3,})", original, re.MULTILINE))
    # Not what is a member or a word in a text somewhere; a line that begins with it may declare a member.
    own = {name for name in own
           if not re.search(rf"[.\"'`#]{name}\b|\b{name}[\"'`:]|^{name}\b", text, re.MULTILINE)}
    text = renamed(text, r"#\w+", "#")
    return renamed(text, r"\b(?:%s)\b" % "|".join(sorted(own)), "$") if own else text


def renamed(text, pattern, prefix):
    """Gives what the pattern finds names of a letter or two, the most frequent first."""
    names = [name for name, _ in collections.Counter(re.findall(pattern, text)).most_common()]
    letters = string.ascii_letters
    new = {name: prefix + (letters[i] if i < 52 else letters[i // 52] + letters[i % 52]) for i, name in enumerate(names)}
    return re.sub(pattern, lambda found: new[found[0]], text)
