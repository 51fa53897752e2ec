internal import Events

/// Takes out of a provider's body what no subscriber may see: passwords and keys, places with a key in them, and
/// telephone numbers. What is taken out is replaced, so that a reader sees that something stood there.
///
/// Members are judged by their name wherever they stand, so that a message of a newer version is covered as well.
enum Redaction {
    /// What stands in the place of a secret.
    static let placeholder: WireText = "[redacted]"

    /// A body as JSON on one line, secrets taken out.
    static func line(_ body: JSONValue, capacityBytes: Int) -> [UInt8] {
        var writer = JSONWriter(capacityBytes: capacityBytes)
        write(body, name: "", to: &writer)
        return writer.bytes
    }

    /// A value that is passed on in the provider's own words, secrets taken out.
    static func value(_ value: JSONValue, name: WireText = "") -> JSONValue {
        if isSecret(name) && !value.isNull { return .string(placeholder) }
        switch value {
        case .string(let text): return .string(string(text, name: name))
        case .array(let elements): return .array(elements.map { self.value($0, name: name) })
        case .object(let object): return .object(object.mapValues { self.value($0.value, name: $0.name) })
        default: return value
        }
    }

    private static func write(_ value: JSONValue, name: WireText, to writer: inout JSONWriter) {
        switch value {
        case .object(let object):
            writer.object { writer in
                for member in object.members {
                    writer.name(member.name)
                    if isSecret(member.name) && !member.value.isNull {
                        writer.string(placeholder)
                    } else {
                        write(member.value, name: member.name, to: &writer)
                    }
                }
            }
        case .array(let elements):
            writer.array { writer in for element in elements { write(element, name: name, to: &writer) } }
        case .string(let text): writer.string(string(text, name: name))
        default: writer.value(value)
        }
    }

    private static func string(_ text: WireText, name: WireText) -> WireText {
        guard !text.isEmpty else { return text }
        if placeNames.contains(name) { return RedactedURL.host(text) }
        if proseNames.contains(name) { return RedactedURL.prose(text) }
        return RedactedURL.startsLikeURL(text) ? RedactedURL.withoutQuery(text) : text
    }

    /// Names under which a stream's address stands, which has the stream's key in its path.
    private static let placeNames = FewNames(["url", "urls", "uri", "websocketUrl", "websocket_url"])
    /// Names under which an error's text stands, which may quote such an address.
    private static let proseNames = FewNames(["error", "details", "error_msg", "errorMsg", "error_message"])

    /// True for the name of a member whose value is a secret.
    static func isSecret(_ name: WireText) -> Bool {
        // A header field of a call may have a name of any length; the other names are short.
        if !SIPAttributes.isPublic(name) { return true }
        return (2...32).contains(name.byteCount) && secretNames.contains(spellingOf: name)
    }

    /// In lower case, without `_` and `-`. The blocks of storage credentials (`s3`, `gcp`, …) go as a whole: they
    /// hold nothing that a subscriber needs.
    private static let secretNames = FewNames(
        """
        turnpassword streamkey sharetoken s3key s3 s3config gcp azure alioss accesskey accesskeyid accountkey \
        secret secretkey secretaccesskey secrettoken sessiontoken password passwd encryptedpassword passwordhash \
        credential credentials apikey apisecret authtoken authorization token accesstoken refreshtoken idtoken \
        privatekey clientsecret assumeroleexternalid hmac basicauth sipheaders sipfrom sipendpoint callerid \
        phonenumber destination
        """.split(separator: " ").map(String.init))
}

/// Which of a telephone participant's attributes may be seen. LiveKit keeps numbers and header fields of the call
/// under `sip.`; only what names or describes the call itself passes.
enum SIPAttributes {
    private static let allowed: Set<WireText> = [
        "sip.callID", "sip.callIDFull", "sip.callStatus", "sip.callTag", "sip.ruleID", "sip.trunkID",
    ]

    /// True unless it is an attribute of a call that must not be seen.
    static func isPublic(_ name: WireText) -> Bool {
        // The first letter tells for nearly every name, and for a tenth of the price.
        name.utf8.first != UInt8(ascii: "s") || !name.hasPrefix("sip.") || allowed.contains(name)
    }
}
