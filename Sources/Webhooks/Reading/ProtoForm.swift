internal import Wire

/// Rewrites a protobuf message's JSON that is passed on in the provider's format: API answers have the names of the
/// .proto file and zero values, webhooks have camelCase names and no zero values. Subscribers see one form.
enum ProtoForm {
    /// The message as webhooks have it.
    static func ofWebhooks(_ value: JSONValue) -> JSONValue {
        guard let object = value.object else { return value }
        var result: JSONObject = [:]
        for member in object.members where !isZero(member.value) {
            result[ProtoMessage.camel(member.name)] = member.value
        }
        return .object(result)
    }

    private static func isZero(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .bool(false), .integer(0): true
        case .string(let text): text.isEmpty
        case .array(let elements): elements.isEmpty
        default: false
        }
    }
}
