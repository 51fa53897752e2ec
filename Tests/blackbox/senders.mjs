// Webhooks as a backend in Node makes them: JSON.stringify for the body, node:crypto for the signature.
// `node senders.mjs SEED COUNT DAILY_SECRET WHEREBY_SECRET` prints a line of JSON for each: source, headers, the body in
// base64, and what the relay's event has to say.
import { createHmac } from "node:crypto";

const [seed, count] = process.argv.slice(2, 4).map(Number);
const [dailySecret, wherebySecret] = process.argv.slice(4);

let state = seed >>> 0;
function random() { // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const pick = (list) => list[Math.floor(random() * list.length)];

// Names as forms cut them: through an emoji, with either half first, and with what splits lines.
const names = [
    "Zoë", "Łukasz Żółć", "👩‍👩‍👧", "cut \ud83c", "\udf89 cut", "\udf89\ud83c reversed", "\ud83c\ud83c\udf89", "a\u2028b\u2029c\u0085d",
    "quote\"back\\slash/</script>", "\u0000\u001f\u007f", "\ufeffmark", "__proto__", "1e400", "ö".repeat(400),
];
const numbers = [0, -0, 1, -1, 1.5, 0.1 + 0.2, 1e21, 1e-7, 1.7976931348623157e308, 5e-324, 2 ** 53, -1e300, 123456789012345680000];
const keys = ["b", "a", "10", "2", "ö", "\u2028", "k\ud83c", "", "constructor"];

// JavaScript sorts keys that are integers first, whatever order they were given in.
function data(depth) {
    const object = {};
    for (let left = Math.floor(random() * 5); left > 0; left--) {
        object[pick(keys)] = depth > 0 && random() < 0.3 ? [data(depth - 1), null, NaN]
            : pick([() => pick(numbers), () => pick(names), () => random() < 0.5, () => null, () => undefined])();
    }
    return object;
}

// What is left of a value on its way: no undefined, no -0, U+FFFD for half a pair.
function arrived(value) {
    if (typeof value === "string") return value.toWellFormed();
    if (Array.isArray(value)) return value.map(arrived);
    if (value === null || typeof value !== "object") return value;
    const object = {};
    for (const [key, each] of Object.entries(value)) object[key.toWellFormed()] = arrived(each);
    return object;
}
const sent = (value) => arrived(JSON.parse(JSON.stringify(value)));

function daily(number) {
    const room = `node-daily-${number}`, name = pick(names), user_data = data(3);
    const joined_at = 1790000000 + Math.floor(random() * 1e9) / 1e3 / 1e3;
    const type = pick(["participant.joined", "participant.left"]);
    const duration = type === "participant.left" ? pick([0, 0.5, 1e-7, 12.345, 3600, 1e3]) : undefined;
    const body = JSON.stringify({
        version: "1.0.0", type, id: `node-${number}`, event_ts: joined_at + 7200, payload: {
            session_id: `s-${number}`, user_id: pick(["u-1", 17, null, undefined]), user_name: name, room, joined_at, duration,
            owner: random() < 0.5, user_data, will_eject_at: pick(numbers), networkQualityState: "good",
        },
    }, null, pick([undefined, 2, "\t"]));
    const stamp = String(Date.now());
    const code = createHmac("sha256", Buffer.from(dailySecret, "base64")).update(`${stamp}.${body}`).digest("base64");
    return {
        source: "daily", body, headers: { "X-Webhook-Timestamp": stamp, "X-Webhook-Signature": code }, expected: {
            type: type === "participant.joined" ? "participant_joined" : "participant_left", room, name: arrived(name),
            id: `s-${number}`, joinedAt: Math.round(joined_at * 1000), duration: duration ?? null, data: sent(user_data),
        },
    };
}

function whereby(number) {
    const room = `node-whereby-${number}`, name = pick(names), metadata = pick(names);
    const createdAt = new Date(1790000000000 + Math.floor(random() * 1e9));
    const body = JSON.stringify({
        id: `node-${number}`, apiVersion: "1.0", createdAt, type: "room.client.joined", data: {
            roomName: `/${room}`, subdomain: "acme", roomSessionId: null, displayName: name, participantId: `p-${number}`,
            metadata, externalId: pick(["u-1", 17, undefined]), roleName: "visitor", numClients: 1e0, isDialIn: false, extra: data(3),
        },
    });
    const stamp = Math.floor(Date.now() / 1000);
    const code = createHmac("sha256", wherebySecret).update(`${stamp}.${body}`).digest("hex");
    return {
        source: "whereby", body, headers: { "Whereby-Signature": `t=${stamp},v1=${code}` }, expected: {
            type: "participant_joined", room, name: arrived(name), id: `p-${number}`, joinedAt: createdAt.getTime(),
            duration: null, metadata: arrived(metadata),
        },
    };
}

for (let number = 0; number < count; number++) {
    const { body, ...made } = number % 2 ? whereby(number) : daily(number);
    console.log(JSON.stringify({ ...made, body: Buffer.from(body).toString("base64") }));
}
