internal import Events
internal import Wire

/// The documents under `/api/schema/`, written from ``EventShapes``.
enum SchemaDocuments {
    /// JSON Schema (2020-12) of every message that a stream carries: events and the relay's own. Each has a definition
    /// of its own, and so have room states.
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
        let rules = [ofProvider] + EventShapes.kinds.compactMap { kind in kind.subject.map { rule(kind, needs: $0) } }
        let names = [EventShapes.event.name] + EventShapes.control.map { "control_\($0.name)" }
        let messages = names.map { name -> JSONValue in ["$ref": .string("#/$defs/\(name)")] }
        return [
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "RoomwireMessage",
            "anyOf": .array(messages),
            "allOf": .array(rules),
            "$defs": .object(definitions),
        ]
    }

    /// Events of a type have its subject in `data`, unless a `standard` sender chose the type.
    private static func rule(_ kind: EventKind, needs subject: String) -> JSONValue {
        let isOfType: JSONObject = [
            "type": ["const": .string(WireText(kind.type))], "provider": ["not": ["const": "standard"]],
        ]
        return [
            "if": ["properties": .object(isOfType), "required": ["type", "provider"]],
            "then": ["properties": ["data": ["required": [.string(WireText(subject))]]]],
        ]
    }

    private static func object(_ shape: Shape) -> JSONObject {
        var properties: JSONObject = [:]
        for member in shape.members {
            let isData = shape.name == EventShapes.event.name && member.name == "data"
            var value = isData ? ["type": "object"] : schema(member.kind)
            // What the relay itself says can be told from events by the type alone.
            if shape.name == EventShapes.event.name && member.name == "type" {
                value["not"] = ["enum": .array(EventShapes.control.map { .string(WireText($0.name)) })]
            }
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
        case .object: ["type": "object"]
        case .any: [:]
        }
    }
}
