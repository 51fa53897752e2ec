internal import Events

/// The documents under `/api/schema/`, written from ``EventShapes``.
enum SchemaDocuments {
    /// JSON Schema (2020-12) of an event; control events and room states are among its definitions.
    static let jsonSchema: [UInt8] = JSONWriter.bytes { writer in
        writer.value(.object(schema))
    }

    private static var schema: JSONObject {
        var definitions: JSONObject = [:]
        for shape in EventShapes.all { definitions[WireText(shape.name)] = .object(object(shape)) }
        for shape in EventShapes.control { definitions["control_\(shape.name)"] = .object(control(shape)) }
        // What a `standard` sender puts into `data` is its own affair.
        let ofProvider: JSONValue = [
            "if": ["properties": ["provider": ["not": ["const": "standard"]]]],
            "then": ["properties": ["data": ["$ref": .string("#/$defs/\(EventShapes.data.name)")]]],
        ]
        let rules = [ofProvider] + EventShapes.types.compactMap { type, needs in needs.map { rule(type, needs: $0) } }
        return [
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "roomwire event",
            "$ref": .string("#/$defs/\(EventShapes.event.name)"),
            "allOf": .array(rules),
            "$defs": .object(definitions),
        ]
    }

    /// An event of `type` has `needs` in its data, unless a `standard` sender chose the type.
    private static func rule(_ type: EventType, needs: String) -> JSONValue {
        let isOfType: JSONObject = [
            "type": ["const": .string(type.rawValue)], "provider": ["not": ["const": "standard"]],
        ]
        return [
            "if": ["properties": .object(isOfType), "required": ["type", "provider"]],
            "then": ["properties": ["data": ["required": [.string(WireText(needs))]]]],
        ]
    }

    private static func object(_ shape: Shape) -> JSONObject {
        var properties: JSONObject = [:]
        for member in shape.members {
            let isData = shape.name == EventShapes.event.name && member.name == "data"
            var value = isData ? ["type": "object"] : schema(member.kind)
            value["description"] = .string(WireText(member.about))
            properties[WireText(member.name)] = .object(value)
        }
        var object: JSONObject = [
            "description": .string(WireText(shape.about)), "type": "object", "properties": .object(properties),
        ]
        let required = shape.members.filter { !$0.isOptional }.map { JSONValue.string(WireText($0.name)) }
        if !required.isEmpty { object["required"] = .array(required) }
        if !shape.isOpen { object["additionalProperties"] = .bool(false) }
        return object
    }

    private static func control(_ shape: Shape) -> JSONObject {
        var object = object(shape)
        var properties = object["properties"]?.object ?? [:]
        properties["type"] = ["const": .string(WireText(shape.name))]
        object["properties"] = .object(properties)
        object["required"] = .array([.string("type")] + (object["required"]?.array ?? []))
        return object
    }

    private static func schema(_ kind: Shape.Kind) -> JSONObject {
        switch kind {
        case .string: ["type": "string"]
        case .time: ["type": "string", "pattern": #"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"#]
        case .id: ["type": "string", "pattern": #"^\d+-\d+$"#]
        case .number: ["type": "number"]
        case .integer: ["type": "integer"]
        case .boolean: ["type": "boolean"]
        case .words(let words): ["enum": .array(words.map { .string(WireText($0)) })]
        case .shape(let name): ["$ref": .string("#/$defs/\(name)")]
        case .list(let element): ["type": "array", "items": .object(schema(element))]
        case .texts: ["type": "object", "additionalProperties": ["type": "string"]]
        case .any: [:]
        }
    }

    /// TypeScript types of the same shapes.
    static let typeScript: [UInt8] = {
        var text = "// The events of a roomwire stream.\n"
        let known = EventShapes.types.map { "\"\($0.type.rawValue)\"" }
        text += "\n/** Types that the relay knows; a standard source may send any other. */\n"
        text += "export type RoomwireEventType =\n  | \(known.joined(separator: "\n  | "));\n"
        for shape in EventShapes.all { text += interface(shape, name: shape.name, head: "") }
        for shape in EventShapes.control {
            text += interface(shape, name: name(ofControl: shape), head: "  type: \"\(shape.name)\";\n")
        }
        let controls = EventShapes.control.map { name(ofControl: $0) }.joined(separator: "\n  | ")
        text += "\n/** What the relay itself says. */\nexport type RoomwireControl =\n  | \(controls);\n"
        text += "\n/** Whatever `JSON.parse(event.data)` may give. */\n"
        text += "export type RoomwireMessage = RoomwireEvent | RoomwireControl;\n"
        return Array(text.utf8)
    }()

    private static func name(ofControl shape: Shape) -> String {
        let words = shape.name.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }
        return words.joined() + "Control"
    }

    private static func interface(_ shape: Shape, name: String, head: String) -> String {
        var text = "\n/** \(shape.about) */\nexport interface \(name) {\n\(head)"
        for member in shape.members {
            let isType = shape.name == EventShapes.event.name && member.name == "type"
            let kind = isType ? "RoomwireEventType | (string & {})" : type(member.kind)
            text += "  /** \(member.about) */\n  \(member.name)\(member.isOptional ? "?" : ""): \(kind);\n"
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
        case .any: "unknown"
        }
    }
}
