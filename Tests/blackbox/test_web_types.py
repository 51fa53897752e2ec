"""The types of client.js and react.js: they are the relay's own, and the code of the articles compiles with them."""

import gzip
import json
import re
import shutil
import subprocess

import pytest

import relay as roomwire
import web_client
from web_client import strip

ARTICLE = (roomwire.ROOT / "Sources/roomwire/Documentation.docc/ReplacePolling.md").read_text()
MARK = "// The messages of a roomwire stream.\n"
# What the article's code takes from a page, and what TypeScript has no types of here.
AROUND = """
declare module "react" { const React: any; export = React; }
declare module "vue" {
  export function shallowRef<T>(value: T): { value: T };
  export function onScopeDispose(end: () => void): void;
}
declare const queryClient: {
  invalidateQueries(filters?: { queryKey?: readonly unknown[]; exact?: boolean }, options?: object): Promise<void>;
};
"""


@pytest.fixture
def compile(folder):
    if not shutil.which("tsc"):
        pytest.skip("there is no TypeScript compiler here")
    for name in ("client.d.ts", "react.d.ts"):
        shutil.copy(web_client.FILES / name, folder / name)
    (folder / "around.d.ts").write_text(AROUND)

    def compile(*pages):
        """The errors of each page; one run for all, since the compiler's start takes longest."""
        names = [f"page{number}.ts" for number in range(len(pages))]
        for name, code in zip(names, pages):
            (folder / name).write_text(code + "\nexport {};\n")
        done = subprocess.run(
            ["tsc", "--noEmit", "--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--module",
             "es2020", "--moduleResolution", "node", "--target", "es2020", "--lib", "es2020,dom", *names, "around.d.ts"],
            cwd=folder, capture_output=True, text=True, timeout=170)
        found = re.findall(r"^(\S+?)\(\d+,\d+\): error (TS\d+): (.*)$", done.stdout, re.MULTILINE)
        assert bool(found) == (done.returncode != 0), done.stdout + done.stderr
        return [[(code, text) for file, code, text in found if file == name] for name in names] + [
            [error] for error in found if error[0] not in names]

    return compile


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", ARTICLE, re.DOTALL)


def test_the_events_types_are_the_relays_own(shared):
    text = (web_client.FILES / "client.d.ts").read_text()
    ours, mark, relays = text.partition(MARK)
    assert ours and mark + relays == shared.get("/schema/roomwire.d.ts").text


CLIENT = 'import { connect, type RoomwireCustomEvent } from "./client.js";\ndeclare function use(text: string): void;\n'
NARROWS = """
connect({ onEvent: (event) => {
  switch (event.type) {
    case "participant_joined": use(event.data.participant.id); use(event.room); break;
    case "recording_started": use(event.data.recording.status); break;
  }
} });
"""


def test_the_articles_code_compiles_strict_and_events_narrow_by_their_type(compile):
    plain = blocks("ts")
    assert len(plain) == 5
    react, binding = next((a, b) for a, b in zip(plain, plain[1:]) if b.startswith("bindQueryClient"))
    codes = [code for code in plain if code not in (react, binding)] + [react + binding] + blocks("js") + [
        CLIENT + NARROWS]
    assert compile(*codes) == [[]] * len(codes)


WRONG = {
    'connect({ onEvent: (event) => { if (event.type === "participant_jioned") use(""); } });': "TS2367",
    'connect({ onEvent: (event) => { if (event.type === "connected") use(""); } });': "TS2367",
    'connect({ onEvent: (event) => use(event.data.participant.id) });': "TS2532",
    'connect({ onevent: () => {} });': "TS2345",
    'connect().rooms.get("a").name;': "TS2532",
    'connect().rooms.get().push();': "TS2339",
    'connect<RoomwireCustomEvent<"a", { b: string }>>({ onEvent: (e) => { if (e.type === "a") use(e.data.c); } });':
        "TS2339",
}


def test_what_is_wrong_does_not_compile(compile):
    found = compile(*[CLIENT + code for code in WRONG])
    assert [[code for code, _ in errors] for errors in found] == [[code] for code in WRONG.values()], found


def test_the_files_are_small():
    """As they are served, compressed as the relay compresses them."""
    sizes = {name: len(gzip.compress(strip.stripped((web_client.FILES / name).read_text()).encode(), 9, mtime=0))
             for name in ("client.js", "react.js")}
    assert sizes["client.js"] <= 7782 and sizes["react.js"] <= 1536, sizes


def test_a_file_made_smaller_says_the_same():
    text = '''// A comment.
import { other } from "./other.js";

/** About it. */
const LONG_NAME = "a b // c";
function helper(value) { return value.helper === undefined ? [value] : LONG_NAME; }
function useful(value, { more, ...rest } = {}) { return value + +more - -rest / 1000 + `${rest} ${`}${value}`}`; }
/*
 * More.
 */
export class Thing {
  #hidden = 1;      // Why.
  get text() { return `${LONG_NAME} ${this.#hidden} {  }`; }
  useful = useful({ a: 1, b: /[ ,/] /, }, );
  _own() { for (;;); }
}
'''
    assert strip.stripped(text) == (
        'import{other}from"./other.js";let d="a b // c";function helper(c){return c.helper===undefined?[c]:d}'
        'function useful(c,{more,...d}={}){return c+ +more- -d/1e3+`${d} ${`}${c}`}`}'
        'export class Thing{#a=1;get text(){return`${d} ${this.#a} {  }`}useful=useful({a:1,b:/[ ,/] /});e(){for(;;);}}\n')


def test_the_files_mean_the_same_when_they_are_made_smaller(folder):
    """Everything that the modules give away keeps its name."""
    if not shutil.which("node"):
        pytest.skip("there is no Node here")
    (folder / "package.json").write_text('{"type": "module"}')
    for name in ("client.js", "react.js"):
        (folder / name).write_text(strip.stripped((web_client.FILES / name).read_text()))
    script = """
      import * as client from "./client.js";
      import * as react from "./react.js";
      const anything = new Proxy({}, { get: () => () => ({}) });
      const made = client.connect({ url: "http://127.0.0.1:9", token: "none" });
      const names = (object) => object ? [...Object.getOwnPropertyNames(object), ...names(Object.getPrototypeOf(object))] : [];
      const own = names(made);
      made.close();
      console.log(JSON.stringify([Object.keys(client), Object.keys(react), Object.keys(react.createRoomwire(anything)),
        ["close", "lastSeen", "listen", "on", "ready", "reconnect", "rooms", "state", "transport"].filter(
          (name) => !own.includes(name)), ["get", "subscribe"].filter((name) => !(name in made.rooms))]));
    """
    (folder / "names.js").write_text(script)
    assert json.loads(roomwire.run("node", str(folder / "names.js"))) == [
        ["connect"], ["bindQueryClient", "createRoomwire", "defaultKeysOf"],
        ["RoomwireProvider", "useRoomwire", "useRoom", "useRooms", "useEvents", "useConnectionState", "useQueryBinding",
         "bindQueryClient"], [], []]
