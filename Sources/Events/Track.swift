package import Wire

/// A published audio, video or data track: `data.track`.
package struct Track: Sendable, Hashable {
    /// The provider's id of the track.
    package var id: WireText
    /// `audio`, `video` or `data`.
    package var kind: WireText
    /// `camera`, `microphone`, `screen_share`, `screen_share_audio`.
    package var source: WireText?
    /// The name that the publisher chose.
    package var name: WireText?
    /// Whether it was muted when it was published.
    package var muted: Bool
    /// The codec, as in `video/VP8`.
    package var mimeType: WireText?
    /// All members with other names. Only `standard` senders can add their own; other providers' data is read into the
    /// members above alone.
    package var details: JSONObject = [:]

    /// A track with this id and kind.
    package init(id: WireText, kind: WireText, muted: Bool = false) {
        self.id = id
        self.kind = kind
        self.muted = muted
    }

    private static let ownNames: Set<WireText> = ["id", "kind", "source", "name", "muted", "mimeType"]

    /// Parses what ``write(to:)`` wrote.
    package init?(_ json: JSONValue?) {
        guard let object = json?.object, let id = object["id"]?.string, let kind = object["kind"]?.string else {
            return nil
        }
        self.init(id: id, kind: kind, muted: object["muted"]?.bool ?? false)
        source = object["source"]?.string
        name = object["name"]?.string
        mimeType = object["mimeType"]?.string
        details = object.without(Self.ownNames)
    }

    /// Writes the members; the caller has opened the object.
    package func write(to writer: inout JSONWriter) {
        writer.member("id", id)
        writer.member("kind", kind)
        writer.member("source", source)
        writer.member("name", name)
        writer.member("muted", muted)
        writer.member("mimeType", mimeType)
        for member in details.members { writer.member(member.name, member.value) }
    }
}
