internal import Events
internal import Wire

/// Removes from a provider's body what no subscriber may see: passwords and keys, addresses that contain a key, and
/// telephone numbers. Each is replaced by a placeholder, so that a reader sees that there was a value.
///
/// Members are judged by their name, at any depth, so messages of newer versions are covered as well. An operator adds
/// names with `redact`.
struct Redaction: Sendable {
    /// The text that replaces a secret.
    static let placeholder: WireText = "[redacted]"
    /// The option with the names that an operator adds.
    static let option = "redact"

    /// The names that the operator added.
    let added: NameEndings?
    /// Whether bodies contain text written by people and applications, such as the rows of a database. Links in it are
    /// kept.
    let isContent: Bool

    /// The redaction of a source.
    init(_ settings: ProviderSettings, isContent: Bool = false) throws(ProviderSettingsError) {
        self.isContent = isContent
        let names = settings.list(Self.option)
        guard names.count <= Limits.redactedNames else {
            throw ProviderSettingsError(
                setting: Self.option, problem: "has \(names.count) names, and takes \(Limits.redactedNames) at most")
        }
        for name in names where name.utf8.count > Limits.nameBytes || !NameEndings.canMatch(name) {
            throw ProviderSettingsError(
                setting: Self.option, problem: "takes names of letters and digits, of at most \(Limits.nameBytes) bytes"
            )
        }
        added = names.isEmpty ? nil : NameEndings(names)
    }

    private init() {
        added = nil
        isContent = false
    }

    /// The redaction without added names.
    private static let standard = Redaction()

    /// A body as JSON on one line, without secrets.
    static func line(_ body: JSONValue, capacityBytes: Int) -> [UInt8] {
        standard.line(body, capacityBytes: capacityBytes)
    }

    /// A value that is passed on in the provider's format, without secrets.
    static func value(_ value: JSONValue, name: WireText = "") -> JSONValue { standard.value(value, name: name) }

    /// A body as JSON on one line, without secrets.
    func line(_ body: JSONValue, capacityBytes: Int) -> [UInt8] {
        var writer = JSONWriter(capacityBytes: capacityBytes)
        write(body, name: "", to: &writer)
        return writer.bytes
    }

    /// A value that is passed on in the provider's format, without secrets.
    func value(_ value: JSONValue, name: WireText = "") -> JSONValue {
        if isHidden(name) && !value.isNull { return .string(Self.placeholder) }
        switch value {
        case .string(let text): return .string(string(text, name: name))
        case .array(let elements): return .array(elements.map { self.value($0, name: name) })
        case .object(let object): return .object(object.mapValues { self.value($0.value, name: $0.name) })
        default: return value
        }
    }

    private func write(_ value: JSONValue, name: WireText, to writer: inout JSONWriter) {
        switch value {
        case .object(let object):
            writer.object { writer in
                for member in object.members {
                    writer.name(member.name)
                    if isHidden(member.name) && !member.value.isNull {
                        writer.string(Self.placeholder)
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

    private func string(_ text: WireText, name: WireText) -> WireText {
        guard !text.isEmpty else { return text }
        if added != nil, let shown = inJSON(text) { return shown }
        if Self.placeNames.contains(name) { return RedactedURL.host(text) }
        // Nearly every text contains no address and needs nothing more.
        guard RedactedURL.mayHoldURL(text) else { return text }
        if Self.errorNames.matches(name) || (!isContent && Self.proseNames.matches(name)) {
            return RedactedURL.prose(text)
        }
        if RedactedURL.startsLikeURL(text) { return RedactedURL.withoutQuery(text) }
        let isTheirs = isContent || Self.metadataNames.contains(spellingOf: name)
        return isTheirs ? RedactedURL.metadata(text) : RedactedURL.withoutQuery(text)
    }

    /// The text without secrets if it is itself JSON; nil if it is not, or contains no secret.
    private func inJSON(_ text: WireText) -> WireText? {
        guard let value = Self.structure(in: text) else { return nil }
        let shown = self.value(value)
        return shown == value ? nil : WireText(JSONWriter.text { $0.value(shown) })
    }

    /// The text parsed as a JSON object or array; nil for any other text.
    static func structure(in text: WireText) -> JSONValue? {
        let first = text.utf8.first { $0 > 0x20 }
        guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else { return nil }
        return try? JSONReader.value(text)
    }

    private func isHidden(_ name: WireText) -> Bool { Self.isSecret(name) || added?.matches(name) == true }

    /// Members with the address of a stream, whose path contains the stream's key.
    private static let placeNames = FewNames(["url", "urls", "uri", "websocketUrl", "websocket_url"])
    /// Members with an error's text, which may quote such an address.
    private static let errorNames = NameEndings(
        words("error errors errormsg errormessage errordetail errordetails errortext details"))
    /// Members with a provider's other remarks. In the rows of a database these names may mean anything.
    private static let proseNames = NameEndings(
        words("detail reason warning warnings failure message msg statustext cause exception description"))
    /// Members with an application's own text.
    private static let metadataNames = FewNames(["metadata", "userdata", "attributes", "topic"])

    /// True for the name of a member whose value is a secret.
    static func isSecret(_ name: WireText) -> Bool {
        // A SIP header attribute may have a name of any length; the other names are short.
        if !SIPAttributes.isPublic(name) { return true }
        return lastLetters.mayEnd(name) && isWholeNameSecret(name)
    }

    /// The same for a name that is not a SIP attribute, without the shortcut by its last letters.
    static func isWholeNameSecret(_ name: WireText) -> Bool {
        if (2...32).contains(name.byteCount) && secretNames.contains(spellingOf: name) { return true }
        return secretEndings.matches(name)
    }

    /// Whole names, in lower case, without `_` and `-`. The objects with storage credentials (`s3`, `gcp`, …) are
    /// removed entirely: they contain nothing that a subscriber needs.
    static let secretWords = words(
        """
        s3 s3key s3config gcp azure alioss accesskeyid authorization assumeroleexternalid hmac basicauth sipheaders \
        sipfrom sipendpoint callerid destination otp totp cookie jwt bearer dsn pin cvv cvc userpass dbpass
        """)

    /// Endings of the names of secrets, whatever precedes them: `recovery_token`, `totpSecret`, `hashed-password`.
    static let endingWords =
        words(
            """
            token secret password passwd passphrase passcode pwd apikey accesskey secretkey privatekey streamkey \
            signingkey encryptionkey accountkey authkey masterkey servicekey
            """
        ).flatMap { name in ["", "hash", "digest", "new", "current", "old", "value"].map { name + $0 } }
        + words(
            """
            secrets passwords apikeys accesstokens refreshtokens authtokens apitokens credential credentials \
            sipheaders phonenumber otpcode authcode recoverycode recoverycodes backupcode backupcodes codeverifier \
            sessioncookie setcookie connectionstring streamkeys privatekeys secretkeys signingkeys encryptionkeys \
            privatekeypem hmackey proxyauthorization authorizationheader passwordconfirmation passwordconfirm \
            pincode mfacode dialinpin
            """)

    private static let secretNames = FewNames(secretWords)
    private static let secretEndings = NameEndings(endingWords)
    private static let lastLetters = LastLetters(secretWords + endingWords)

    private static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
}

/// Decides which attributes of a telephone participant may be shown. LiveKit has numbers and header fields of the call
/// under `sip.`; only those that name or describe the call itself pass.
enum SIPAttributes {
    private static let allowed: Set<WireText> = [
        "sip.callID", "sip.callIDFull", "sip.callStatus", "sip.callTag", "sip.ruleID", "sip.trunkID",
    ]
    private static let prefix = Array("sip.".utf8)

    /// True unless it is an attribute of a call that must not be shown. The prefix counts in any case, since header
    /// fields of calls have no fixed case.
    static func isPublic(_ name: WireText) -> Bool {
        // The first letter decides for nearly every name, at a tenth of the cost.
        guard let first = name.utf8.first, first | 0x20 == UInt8(ascii: "s"), name.byteCount >= prefix.count else {
            return true
        }
        return !name.utf8.prefix(prefix.count).elementsEqualIgnoringASCIICase(prefix) || allowed.contains(name)
    }
}
