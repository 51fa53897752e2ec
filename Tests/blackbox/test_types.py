"""The TypeScript types that the relay serves, compiled by TypeScript's own compiler with the documentation's code."""

import re
import shutil
import subprocess

import pytest

import relay as roomwire
from documentation import block

pytestmark = pytest.mark.skipif(not shutil.which("tsc"), reason="there is no TypeScript compiler here")

IMPORT = 'import type { RoomwireMessage, RoomwireCustomEvent, RoomwireEventType } from "./roomwire";\n'
CAST = "declare const text: string;\nconst event = JSON.parse(text) as RoomwireMessage;\n"


@pytest.fixture
def errors(shared, folder):
    """Compiles code beside the relay's types, and gives the errors' codes with their lines of code."""
    (folder / "roomwire.d.ts").write_text(shared.get("/schema/roomwire.d.ts").text)

    def compile(code):
        (folder / "page.ts").write_text(code)
        done = subprocess.run(
            ["tsc", "--noEmit", "--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess",
             "--noPropertyAccessFromIndexSignature", "--target", "es2020", "--lib", "es2020,dom",
             "page.ts", "roomwire.d.ts"],
            cwd=folder, capture_output=True, text=True, timeout=120)
        found = re.findall(r"^(\S+?)\((\d+),\d+\): error (TS\d+)", done.stdout, re.MULTILINE)
        assert bool(found) == (done.returncode != 0), done.stdout + done.stderr
        lines = code.splitlines()
        return [(error, lines[int(line) - 1].strip() if file == "page.ts" else file) for file, line, error in found]

    return compile


def test_the_documentations_code_compiles_strict(errors):
    code = block("ts", "RoomwireMessage").replace(
        "events.onmessage", "declare const events: EventSource;\nevents.onmessage")
    assert errors(code) == []


def test_the_javascript_of_the_documentation_compiles_with_the_cast(errors):
    code = block("js", "onmessage").replace("JSON.parse(e.data)", "JSON.parse(e.data) as RoomwireMessage")
    assert "as RoomwireMessage" in code
    assert errors(IMPORT + "declare const token: string;\n" + code) == []


def test_every_type_narrows_to_what_each_provider_tells(errors):
    needs = {
        "room_started": "room.name", "room_finished": "room.name", "participant_joined": "participant.id",
        "participant_left": "participant.kind", "participant_waiting": "participant.id",
        "track_published": "track.kind", "track_unpublished": "track.id", "recording_started": "recording.id",
        "recording_failed": "recording.status", "stream_updated": "stream.id", "ingress_ended": "ingress.id",
        "transcript_ready": "transcript.id", "agent_job_started": "job.id", "batch_job_failed": "job.status",
        "call_dialin_connected": "call.direction",
    }
    cases = "".join(f'  case "{kind}": use(event.data.{member}); break;\n' for kind, member in needs.items())
    use = "declare function use(text: string): void;\n"
    assert errors(IMPORT + use + CAST + f"switch (event.type) {{\n{cases}}}\n") == []


def test_the_relays_own_messages_narrow_too(errors):
    cases = """switch (event.type) {
      case "connected": use(event.streamId); use(event.lastEventId ?? event.newestId); break;
      case "snapshot": for (const room of event.rooms) use(room.participants[0]?.tracks[0]?.id ?? room.name); break;
      case "resync": { const reason: "expired" | "unknown" | "malformed" = event.reason; use(reason); break; }
      case "refused": use(event.detail); if (!event.final) setTimeout(() => {}, event.retryMs); break;
      case "retire": case "draining": case "replaced": setTimeout(() => {}, event.retryMs); break;
      case "heartbeat": use(event.lastEventId ?? ""); break;
    }
    """
    assert errors(IMPORT + "declare function use(text: string): void;\n" + CAST + cases) == []


def test_a_switch_over_every_type_leaves_nothing(errors, shared):
    text = shared.get("/schema/roomwire.d.ts").text
    kinds = re.findall(r'^  type: "(\w+)";$', text, re.MULTILINE)
    assert len(kinds) > 45 and len(set(kinds)) == len(kinds)
    cases = "".join(f'  case "{kind}":\n' for kind in kinds)
    rest = "    break;\n  default: { const nothing: never = event; void nothing; }\n"
    assert errors(IMPORT + CAST + f"switch (event.type) {{\n{cases}{rest}}}\n") == []


@pytest.mark.parametrize(("code", "expected"), [
    ('if (event.type === "participant_jioned") {}', "TS2367"),
    ("const id: string = event.id;", "TS2339"),
    ('if (event.type === "room_started") event.data.participant.id;', "TS2532"),
    ('if (event.type === "recording_started") event.data.room.name;', "TS2532"),
    ('if (event.type === "connected") event.data;', "TS2339"),
    ('const kind: RoomwireEventType = "call.ringing";', "TS2322"),
], ids=["misspelt", "no_id", "participant_of_a_room", "room_of_a_recording", "data_of_control", "custom_type"])
def test_what_may_be_missing_is_an_error(errors, code, expected):
    found = errors(IMPORT + CAST + code)
    assert [error for error, _ in found] == [expected] or (expected == "TS2532" and found[0][0] == "TS18048"), found


def test_types_of_ones_own_are_apart_and_narrow_beside_the_relays(errors):
    code = """
    type Ringing = RoomwireCustomEvent<"call.ringing", { from: string }>;
    declare const message: RoomwireMessage | Ringing;
    declare function use(text: string): void;
    if (message.type === "call.ringing") use(message.data.from);
    if (message.type === "participant_joined") use(message.data.participant.id);
    const anything = JSON.parse("{}") as RoomwireCustomEvent;
    use(anything.type); use(anything.id); const data: unknown = anything.data["from"]; void data;
    """
    assert errors(IMPORT + code) == []
