"""Makes a JavaScript module smaller for the wire: without comments and blanks, and with short names for private members
and for everything else that only the module itself can name. The file itself stays readable.

It knows tokens and no grammar, so one name becomes the same short name everywhere in the file, and a name stays as it is
where one of its places may mean a member, an import or a global of the browser:

- after a dot, as the key of an object, in a shorthand (`{ reason }`), or as a class's member;
- in an `import` or `export`;
- if the module does not declare it (`KNOWN` has the browser's and the language's own).

In the source `_name` is a member that only the module itself uses, and `#name` a private one.
"""

import collections
import re
import string

KNOWN = set("""
    as async await break case catch class const continue default delete do else export extends false finally for from
    function get if import in instanceof let new null of return set static super switch this throw true try typeof
    undefined void while yield arguments
    AbortController AbortSignal Array Boolean BroadcastChannel Date Error Infinity JSON Map Math NaN Number Object Promise
    RegExp Set String TextDecoder URL URLSearchParams WeakMap atob clearInterval clearTimeout document fetch globalThis
    navigator performance queueMicrotask sessionStorage setInterval setTimeout window
""".split())
# Members of the module's own objects that no page, browser, relay or other tab sees.
OWN = set("admits canRefresh check denied forget handler isOpen isOver isPoll told wake watcher".split())
TOKEN = re.compile(r"""
    (?P<space>[ \t\n]+)
  | (?P<comment>//[^\n]*|/\*[\s\S]*?\*/)
  | (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
  | (?P<name>\#?[A-Za-z_$][\w$]*)
  | (?P<number>\d[\w.]*)
  | (?P<sign>=>|\.\.\.|\?\.(?!\d)|\?\?=|\|\|=|&&=|\?\?|===|!==|==|!=|<=|>=|&&|\|\||\+\+|--|\+=|-=|\*\*|\*=|[-+*/%&|^!~?:=<>.,;(){}\[\]])
""", re.VERBOSE)
EXPRESSION = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
# After these a slash begins a regular expression and is no division.
BEFORE_EXPRESSION = set("( , = : [ ! & | ? { } ; => && || ?? return".split())
WORDS = ("name", "number")


def scan(text, place=0, within_template=False):
    """The tokens from a place on, as (kind, text), and where they end: at the text's end, or at the brace that closes a
    part of a template. Comments and blanks are left out; the end of a line is ("line", newline)."""
    found, depth = [], 0
    while place < len(text):
        last = next((part for kind, part in reversed(found) if kind != "line"), "")
        if text[place] == "`":
            parts, place = template(text, place)
            found += parts
            continue
        depth += (text[place] == "{") - (text[place] == "}")
        if within_template and depth < 0:
            return found, place
        kind, token = "expression", EXPRESSION
        if text[place] != "/" or last not in BEFORE_EXPRESSION or text[place + 1] in "/*":
            kind, token = None, TOKEN
        match = token.match(text, place)
        assert match, f"strip.py cannot read {text[place:place + 40]!r}"
        kind, place = kind or match.lastgroup, match.end()
        if kind == "space" and "\n" in match[0]:
            found.append(("line", "\n"))
        elif kind not in ("space", "comment"):
            found.append((kind, match[0]))
    return found, place


def template(text, place):
    """The tokens of a template, whose own text is in tokens of the kind "chunk"."""
    found, begin = [], place
    place += 1
    while text[place] != "`":
        if text.startswith("${", place):
            found.append(("chunk", text[begin:place + 2]))
            inner, place = scan(text, place + 2, within_template=True)
            found += inner
            begin = place
        place += 2 if text[place] == "\\" else 1
    return found + [("chunk", text[begin:place + 1])], place + 1


def public(text):
    """Names that the module exports or imports, and those of its classes' members."""
    found = re.findall(r"^export (?:const|function|class) (\w+)", text, re.MULTILINE)
    for names in re.findall(r"^import \{(.*?)\}", text, re.MULTILINE):
        found += re.findall(r"\w+", names)
    # Statements of the same form stay, too, which costs some bytes.
    member = r"^\s+(?:static |async |get |set )*([a-zA-Z]\w*)(?:\(.*\) \{| = |;)"
    return {*found, *re.findall(member, text, re.MULTILINE)}


def fixed(parts, text):
    """Names that stay as they are."""
    kept, brackets = KNOWN | public(text), []
    parts = [("line", ""), *((kind, part) for kind, part in parts if kind != "line"), ("line", "")]
    for (_, before), (kind, part), (_, after) in zip(parts, parts[1:], parts[2:]):
        if kind == "sign" and part in "{[(":
            brackets.append(part)
        elif kind == "sign" and part in "}])":
            brackets.pop()
        if kind != "name" or part.startswith(("#", "_")):
            continue
        is_shorthand = brackets[-1:] == ["{"] and before in ("{", ",") and after in (",", "}", "=")
        if before in (".", "?.") or after == ":" or is_shorthand:
            kept.add(part)
    return kept - OWN


def pieces(parts):
    """The tokens in pieces: a function, a class's member, or a statement of the module each."""
    found, depth, in_class = [[]], 0, False
    for kind, part in parts:
        if kind == "line":
            if depth <= in_class:
                found.append([])
        elif kind == "name" and part == "class" and depth == 0:
            in_class = True
        elif kind == "sign":
            depth += (part in "{[(") - (part in "}])")
            in_class = in_class and (depth > 0 or part != "}")
        found[-1].append((kind, part))
    return found


def declared(text):
    """Names that belong to the module as a whole."""
    return set(re.findall(r"^(?:async )?(?:const|function|class) (\w+)", text, re.MULTILINE))


def short_names(pieces, kept, of_module):
    """For each piece the new names of what is in it. What is the module's or in several has the same everywhere; what is
    in one alone may be called like something in another."""
    counts = [collections.Counter(part for kind, part in piece if kind == "name" and part not in kept) for piece in pieces]
    among = collections.Counter(name for count in counts for name in count)

    def is_own(name):
        return among[name] == 1 and name not in of_module and not name.startswith(("#", "_"))

    letters = string.ascii_letters
    candidates = [*letters, *(one + other for one in letters for other in letters)]

    def given(names, taken):
        new = {}
        for name in names:
            prefix = "#" if name.startswith("#") else ""
            new[name] = next(prefix + short for short in candidates if prefix + short not in taken)
            taken.add(new[name])
        return new

    everywhere = collections.Counter()
    for count in counts:
        everywhere.update({name: number for name, number in count.items() if not is_own(name)})
    # The most frequent first.
    shared = given([name for name, _ in everywhere.most_common()], kept | KNOWN)
    for count in counts:
        # In the order in which they come, so that what is alike becomes the same.
        own = [name for name in count if is_own(name)]
        yield shared | given(own, kept | KNOWN | {shared[name] for name in count if name in shared})


def stripped(text):
    """The module as it is served."""
    parts, _ = scan(text)
    kept, found = fixed(parts, text), pieces(parts)
    renamed = []
    for piece, new in zip(found, short_names(found, kept, declared(text))):
        renamed += [(kind, new.get(part, part) if kind == "name" else part) for kind, part in piece]
    return joined(renamed)


def joined(parts):
    """Tokens with a blank between them only where it means something. Every statement ends with a semicolon or a brace,
    so that the end of a line means nothing."""
    parts = [(kind, shorter(kind, part)) for kind, part in parts if kind != "line"]
    written = []
    last_kind = last = ""
    for (kind, part), (_, after) in zip(parts, [*parts[1:], ("", "")]):
        # What comes before the end of a bracket needs no comma, and no semicolon unless it is a statement by itself.
        if part == "," and after in ("}", "]", ")") or part == ";" and after == "}" and last != ")":
            continue
        if last_kind in WORDS and kind in WORDS or last in "+-" and part == last:
            written.append(" ")
        written.append(part)
        last_kind, last = kind, part
    return "".join(written) + "\n"


def shorter(kind, part):
    """A token that says the same."""
    if kind == "number" and part.endswith("000") and part.isdigit():
        digits = part.rstrip("0")
        return f"{digits}e{len(part) - len(digits)}"
    # What the module runs with does not change a constant.
    return "let" if (kind, part) == ("name", "const") else part
