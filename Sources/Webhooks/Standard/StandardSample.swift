internal import Events
internal import Wire

/// The events of two calls as a backend signals them to caller and callee: one is accepted, one is missed.
enum StandardSample {
    /// The steps of both calls in `room`, about 20 seconds.
    static func steps(room: String, startedAt: WallTime) -> [SampleStep] {
        var script = SampleScript(startedAt: startedAt)
        let people = SampleCast.people(2)
        let (caller, callee) = (people[0], people[1])
        let both = [caller.identity, callee.identity]
        add("call.ringing", room, to: [callee.identity], from: caller, after: 0, script: &script)
        add("call.accepted", room, to: both, from: callee, after: 4, script: &script)
        add("call.ended", room, to: both, from: caller, after: 8, script: &script)
        add("call.ringing", room, to: [caller.identity], from: callee, after: 3, script: &script)
        add("call.missed", room, to: both, from: callee, after: 6, script: &script)
        return script.steps
    }

    private static func add(
        _ type: String, _ room: String, to users: [String], from person: SampleCast.Person,
        after delaySeconds: Double, script: inout SampleScript
    ) {
        script.add(after: delaySeconds, idempotencyKey: SampleCast.id("msg_", length: 27)) { now in
            JSONWriter.bytes { writer in
                writer.object { writer in
                    writer.member("type", type)
                    writer.member("room", room)
                    writer.member("users", .array(users.map { .string(WireText($0)) }))
                    writer.member("timestamp", time: now)
                    writer.member("data") { writer in
                        writer.member("from") { writer in
                            writer.member("identity", person.identity)
                            writer.member("name", person.name)
                        }
                    }
                }
            }
        }
    }
}
