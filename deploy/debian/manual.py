"""Makes roomwire(1) out of what the command says of itself.

    roomwire --experimental-dump-help | python3 manual.py --version 1.2.3 --date @1795202975 >roomwire.1
"""

import argparse
import datetime
import json
import re
import sys

ENVIRONMENT = """\
.SH ENVIRONMENT
Every setting of one value is a variable, too:
.B ROOMWIRE_STREAMS_PER_USER
for
.IR streams.per_user .
.B roomwire check
lists the settings.
.TP
.B ROOMWIRE_CONFIG
The settings file.
.TP
.B ROOMWIRE_TOKEN_SECRET
The secret of the issuer
.IR own ,
at least 32 bytes.
.TP
.BR ROOMWIRE_TOKEN ", " ROOMWIRE_URL
Token and address for the commands that talk to a relay.
.TP
.BR LIVEKIT_API_KEY ", " LIVEKIT_API_SECRET
Set up the source
.IR livekit .
.TP
.BR DAILY_WEBHOOK_SECRET ", " WHEREBY_WEBHOOK_SECRET
Set up the sources
.I daily
and
.IR whereby .
"""

REST = """\
.SH FILES
.TP
.I /etc/roomwire/roomwire.yaml
The settings of the service.
.TP
.I /etc/default/roomwire
Variables of the service.
.TP
.I /var/lib/roomwire
The log, and the secrets that the relay made up. One folder belongs to one relay.
.SH SIGNALS
.TP
.BR SIGTERM ", " SIGINT
End the relay: every stream is told
.IR draining ,
and closed within the time of the setting
.IR drain ;
what was received is committed. A second signal cuts the goodbyes short.
.TP
.B SIGHUP
Read the settings anew. Streams stay. Settings that cannot be used change nothing.
.SH EXIT STATUS
0 when all went well, 1 when the answer is no or the relay could not run, 2 for what another start would
meet again (settings, certificates, the data folder, a damaged log, too few open files), 64 for wrong usage.
"""


def escape(text):
    """Plain text in roff: no line of it is taken for a request, and its dashes can be copied."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return "\n".join("\\&" + line if line.startswith((".", "\\(aq")) else line for line in text.split("\n"))


def discussion(text):
    """Paragraphs as paragraphs, and what is set in, such as examples, as it stands."""
    lines = []
    for part in re.split(r"\n\n+", text.strip("\n")):
        rows = part.split("\n")
        while rows:
            is_set_in = rows[0].startswith("  ")
            count = next((n for n, row in enumerate(rows) if row.startswith("  ") != is_set_in), len(rows))
            taken, rows = rows[:count], rows[count:]
            if is_set_in:
                lines += [".PP", ".nf", ".RS", *(escape(row.removeprefix("  ")) for row in taken), ".RE", ".fi"]
            else:
                lines += [".PP", *(escape(row) for row in taken)]
    return lines


def name(argument):
    """What is typed for an argument, in roff."""
    value = "\\fI" + escape(argument["valueName"]) + "\\fR"
    if argument["kind"] == "positional":
        return value
    dashes = [("-" if each["kind"] == "short" else "--") + each["name"] for each in argument["names"]]
    names = ", ".join("\\fB" + escape(each) + "\\fR" for each in sorted(dashes, key=len))
    return names if argument["kind"] == "flag" else f"{names} {value}"


def synopsis(command, path):
    words = ["\\fB" + escape(" ".join(path)) + "\\fR"]
    for argument in shown(command):
        if argument["valueName"] == "help":
            continue
        word = name({**argument, "names": argument["names"][:1]} if argument["names"] else argument)
        dots = "..." if argument["isRepeating"] else ""
        words.append(f"[{word}]{dots}" if argument["isOptional"] else word + dots)
    return " ".join(words)


def shown(command):
    return [argument for argument in command.get("arguments", []) if argument["shouldDisplay"]] if command else []


def normal(argument):
    """An argument with every member that is left out where it is empty."""
    return {"abstract": "", "names": [], **argument}


def options(command):
    lines = []
    for argument in shown(command):
        default = argument.get("defaultValue")
        text = argument["abstract"] + (f" Default: {default}." if default and argument["kind"] == "option" else "")
        lines += [".TP", name(argument), escape(text)]
        if values := argument.get("allValues"):
            lines.append(escape("One of " + ", ".join(values) + "."))
    return lines


def subcommands(command):
    return [each for each in command.get("subcommands", []) if each["shouldDisplay"] and each["commandName"] != "help"]


def page(root, version, date):
    for command in [root, *subcommands(root)]:
        command["arguments"] = [normal(argument) for argument in command.get("arguments", [])]
    title = root["commandName"]
    lines = [
        f'.TH {title.upper()} 1 "{date}" "{title} {escape(version)}" "User Commands"',
        ".SH NAME", f"{title} \\- {escape(root['abstract'][0].lower() + root['abstract'][1:].rstrip('.'))}",
        ".SH SYNOPSIS",
    ]
    for command in subcommands(root):
        lines += [synopsis(command, [title, command["commandName"]]), ".br"]
    lines[-1] = ".SH DESCRIPTION"
    lines += discussion(root.get("discussion", ""))
    lines.append(".SH COMMANDS")
    for command in subcommands(root):
        lines += [".SS " + escape(f"{title} {command['commandName']}"), escape(command["abstract"])]
        lines += discussion(command.get("discussion", "")) + options(command)
    return "\n".join(lines) + "\n" + ENVIRONMENT + REST


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", required=True)
    parser.add_argument("--date", required=True, help="@ and seconds since 1970")
    given = parser.parse_args()
    day = datetime.datetime.fromtimestamp(int(given.date.removeprefix("@")), datetime.timezone.utc).date()
    sys.stdout.write(page(json.load(sys.stdin)["command"], given.version, day.isoformat()))


if __name__ == "__main__":
    main()
