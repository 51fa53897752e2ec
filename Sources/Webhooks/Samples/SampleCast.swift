internal import Events
internal import Wire

/// Made-up people and ids for sample meetings.
enum SampleCast {
    private static let firstNames = [
        "Amara", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hiro", "Ines", "Jonas", "Kaya", "Linh",
        "Mateo", "Noor", "Oskar", "Priya", "Quinn", "Rosa", "Sven", "Tomás", "Uma", "Viktor", "Wanjiru", "Zoë",
    ]
    private static let lastNames = [
        "Almeida", "Berg", "Castillo", "Duarte", "Eriksen", "Fischer", "Grahl", "Haddad", "Ito", "Jansen", "Kowalski",
        "Lindqvist", "Moreau", "Novák", "Okafor", "Petrov", "Rossi", "Silva", "Tanaka", "Weiß",
    ]

    /// A participant.
    struct Person {
        /// The id by which the application knows the person.
        let identity: String
        let name: String
    }

    /// People with different names.
    static func people(_ count: Int) -> [Person] {
        firstNames.shuffled().prefix(count).map { first in
            let name = first + " " + (lastNames.randomElement() ?? "")
            return Person(identity: "user_\(Int.random(in: 1000...9999))", name: name)
        }
    }

    private static let letters = Array("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789".utf8)

    /// A new id: the prefix, then random letters and digits.
    static func id(_ prefix: String, length: Int = 12) -> String {
        let random = (0..<length).compactMap { _ in letters.randomElement() }
        return prefix + String(decoding: random, as: UTF8.self)
    }

    /// A new id in the form of a random UUID.
    static func uuid() -> String {
        var bytes = (0..<16).map { _ in UInt8.random(in: 0...255) }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let hex = Hex.text(bytes)
        var text = ""
        for (index, digit) in hex.enumerated() {
            if [8, 12, 16, 20].contains(index) { text += "-" }
            text.append(digit)
        }
        return text
    }
}

/// Collects the steps of a sample meeting and tracks its time.
struct SampleScript {
    /// When the latest step happens.
    private(set) var now: WallTime
    /// The steps so far.
    private(set) var steps: [SampleStep] = []

    /// A script whose first step is due at `startedAt`.
    init(startedAt: WallTime) {
        now = startedAt
    }

    /// Adds a step after a pause. Its body is written with the time of the step.
    mutating func add(
        after delaySeconds: Double, idempotencyKey: String, body: (_ now: WallTime) -> [UInt8]
    ) {
        now += Int64(delaySeconds * 1000)
        steps.append(SampleStep(delaySeconds: delaySeconds, body: body(now), idempotencyKey: WireText(idempotencyKey)))
    }
}
