/// A published audio, video or data track: `data.track`.
public struct Track: Sendable, Hashable {
    /// The provider's id of the track.
    public var id: WireText
    /// `audio`, `video` or `data`.
    public var kind: WireText
    /// `camera`, `microphone`, `screen_share`, `screen_share_audio`.
    public var source: WireText?
    /// The name that the publisher gave it.
    public var name: WireText?
    /// Whether it was muted when it was published.
    public var muted: Bool
    /// The codec, as in `video/VP8`.
    public var mimeType: WireText?
    /// Whatever else the sender told under other names. Providers are read into the members above alone; it is a
    /// `standard` sender that may add its own.
    public var details: JSONObject = [:]

    /// A track of which id and kind are known.
    public init(id: WireText, kind: WireText, muted: Bool = false) {
        self.id = id
        self.kind = kind
        self.muted = muted
    }

    private static let ownNames: Set<WireText> = ["id", "kind", "source", "name", "muted", "mimeType"]

    /// Reads what ``write(to:)`` wrote.
    public init?(_ json: JSONValue?) {
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
    public func write(to writer: inout JSONWriter) {
        writer.member("id", id)
        writer.member("kind", kind)
        writer.member("source", source)
        writer.member("name", name)
        writer.member("muted", muted)
        writer.member("mimeType", mimeType)
        for member in details.members { writer.member(member.name, member.value) }
    }
}
