internal import Events
internal import Wire

extension Redaction {
    /// Removes from an event the secrets that its conversion left in: addresses in texts that a provider or its
    /// application wrote, and members that the operator's `redact` names. Ids, identities and the room's name stay,
    /// since access and presence depend on them.
    ///
    /// - Parameter isOwn: true for an event of the operator's own backend, whose texts are passed on unchanged.
    func finished(_ event: Event, isOwn: Bool = false) -> Event {
        if isOwn && added == nil { return event }
        var event = event
        let texts = EventTexts(added: added, keepsAddresses: isOwn)
        if var room = event.data.room {
            texts.hide(&room.metadata, "metadata")
            texts.hide(&room.details)
            event.data.room = room
        }
        if var participant = event.data.participant {
            texts.hide(&participant)
            event.data.participant = participant
        }
        if var track = event.data.track {
            texts.hide(&track.name, "name")
            texts.hide(&track.details)
            event.data.track = track
        }
        if var recording = event.data.recording {
            texts.hide(&recording.error, "error")
            texts.hide(&recording.details)
            event.data.recording = recording
        }
        texts.hide(&event.data.other)
        return event
    }
}

/// The rules by which the texts of one event are redacted.
private struct EventTexts {
    let added: NameEndings?
    /// Whether addresses are left unchanged.
    let keepsAddresses: Bool

    /// The redacted text; nil if nothing changes.
    private func replacement(_ text: WireText, _ name: WireText) -> WireText? {
        if added?.matches(name) == true { return Redaction.placeholder }
        if added != nil, let shown = inJSON(text, name) { return shown }
        return keepsAddresses ? nil : RedactedURL.reduced(text)
    }

    /// The redacted form of a text that is itself JSON, as metadata often is; nil if nothing changes. It is parsed only
    /// if the operator has named members.
    private func inJSON(_ text: WireText, _ name: WireText) -> WireText? {
        guard let value = Redaction.structure(in: text), let shown = replacement(value, name) else { return nil }
        return WireText(JSONWriter.text { $0.value(shown) })
    }

    /// Whether the name alone shows that the value is a secret, in values that are passed on member by member.
    private func isSecret(_ name: WireText) -> Bool { !keepsAddresses && Redaction.isSecret(name) }

    func hide(_ text: inout WireText?, _ name: WireText) {
        if let shown = text.flatMap({ replacement($0, name) }) { text = shown }
    }

    func hide(_ object: inout JSONObject) {
        if let shown = replacement(object) { object = shown }
    }

    func hide(_ participant: inout Participant) {
        hide(&participant.name, "name")
        hide(&participant.metadata, "metadata")
        for index in participant.attributes.indices {
            let (name, value) = participant.attributes[index]
            if isSecret(name) {
                participant.attributes[index].value = Redaction.placeholder
            } else if let shown = replacement(value, name) {
                participant.attributes[index].value = shown
            }
        }
        if let permissions = participant.permissions {
            let hasSecret = permissions.object?.members.contains { isSecret($0.name) } ?? false
            let passed = hasSecret ? Redaction.value(permissions, name: "permissions") : permissions
            participant.permissions = replacement(passed, "permissions") ?? passed
        }
        hide(&participant.details)
    }

    private func replacement(_ value: JSONValue, _ name: WireText) -> JSONValue? {
        if added?.matches(name) == true && !value.isNull { return .string(Redaction.placeholder) }
        switch value {
        case .string(let text): return replacement(text, name).map(JSONValue.string)
        case .array(let elements):
            var changed: [JSONValue]?
            for (index, element) in elements.enumerated() {
                guard let shown = replacement(element, name) else { continue }
                if changed == nil { changed = elements }
                changed?[index] = shown
            }
            return changed.map(JSONValue.array)
        case .object(let object): return replacement(object).map(JSONValue.object)
        default: return nil
        }
    }

    private func replacement(_ object: JSONObject) -> JSONObject? {
        // Every value is examined once, and nothing is copied unless something changes.
        var changed: [Int: JSONValue] = [:]
        for (index, member) in object.members.enumerated() {
            if let shown = replacement(member.value, member.name) { changed[index] = shown }
        }
        guard !changed.isEmpty else { return nil }
        var index = -1
        return object.mapValues { member in
            index += 1
            return changed[index] ?? member.value
        }
    }
}
