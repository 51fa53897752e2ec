internal import Events
internal import Wire

/// `roomwire.d.ts`, written from ``EventShapes``: an interface for each type of message, so that `switch` on `type`
/// narrows a ``RoomwireMessage`` to the one interface that has this type.
enum TypeScriptTypes {
    static let document: [UInt8] = {
        var text = "// The messages of a roomwire stream.\n"
        for shape in EventShapes.all where shape.name != EventShapes.event.name {
            text += interface(shape, name: shape.name)
        }
        text += interface(EventShapes.event, name: base, leavingOut: ["type", "data"])
        let kinds = EventShapes.kinds
        for kind in kinds { text += interface(kind) }
        text += union("RoomwireEvent", "An event of a type that the relay knows.", kinds.map(\.interfaceName))
        text += "\n/** The types that the relay knows. */\nexport type RoomwireEventType = RoomwireEvent[\"type\"];\n"
        text += custom
        for shape in EventShapes.control {
            text += interface(shape, name: name(ofControl: shape), head: "  type: \"\(shape.name)\";\n")
        }
        text += union("RoomwireControl", "A message of the relay's own.", EventShapes.control.map(name(ofControl:)))
        text += """

            /**
             * What `JSON.parse(event.data)` gives. A page that reads types of its own adds them:
             * `RoomwireMessage | RoomwireCustomEvent<"call.ringing", { from: string }>`.
             */
            export type RoomwireMessage = RoomwireEvent | RoomwireControl;

            """
        return Array(text.utf8)
    }()

    private static let base = "RoomwireEventBase"

    /// Events of `standard` and `supabase` sources are apart: their type is any text, and a union in which one member
    /// has any text as its type cannot be narrowed by it.
    private static let custom = """

        /** An event of a standard or supabase source, with a type and data of the sender's own. */
        export interface RoomwireCustomEvent<Type extends string = string, Data = Record<string, unknown>>
          extends \(base) {
          type: Type;
          data: Data;
        }

        """

    private static func union(_ name: String, _ about: String, _ members: [String]) -> String {
        "\n/** \(about) */\nexport type \(name) =\n  | \(members.joined(separator: "\n  | "));\n"
    }

    private static func name(ofControl shape: Shape) -> String { EventKind.capitalised(shape.name) + "Control" }

    private static func interface(_ kind: EventKind) -> String {
        let members = kind.needs.map { need in
            let member = EventShapes.data.members.first { $0.name == need }
            return "\(need): \(member.map { type($0.kind) } ?? "unknown")"
        }
        let needed = members.isEmpty ? "" : " & { \(members.joined(separator: "; ")) }"
        let room = kind.needs.contains("room") ? "  room: string;\n" : ""
        return """

            /** An event of the type `\(kind.type)`. */
            export interface \(kind.interfaceName) extends \(base) {
              type: "\(kind.type)";
            \(room)  data: \(EventShapes.data.name)\(needed);
            }

            """
    }

    private static func interface(
        _ shape: Shape, name: String, head: String = "", leavingOut left: Set<String> = []
    ) -> String {
        var text = "\n/** \(shape.about) */\nexport interface \(name) {\n\(head)"
        for member in shape.members where !left.contains(member.name) {
            text += "  /** \(member.about) */\n"
            text += "  \(member.name)\(member.isOptional ? "?" : ""): \(type(member.kind));\n"
        }
        if shape.isOpen && head.isEmpty { text += "  [other: string]: unknown;\n" }
        return text + "}\n"
    }

    private static func type(_ kind: Shape.Kind) -> String {
        switch kind {
        case .string, .time, .id: "string"
        case .number, .integer: "number"
        case .boolean: "boolean"
        case .words(let words): words.map { "\"\($0)\"" }.joined(separator: " | ")
        case .shape(let name): name
        case .list(let element): "\(type(element))[]"
        case .texts: "Record<string, string>"
        case .object: "Record<string, unknown>"
        case .any: "unknown"
        }
    }
}
