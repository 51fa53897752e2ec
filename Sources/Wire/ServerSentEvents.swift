/// The framing of Server-Sent Events (HTML standard, 9.2) as the relay writes it: one field per line, and an empty line
/// after the last. ``EventStreamParser`` parses it.
package enum ServerSentEvents {
    // The text around an id and its data. A frame that many streams share is built from these.
    package static let beforeID: StaticString = "id: "
    package static let beforeData: StaticString = "\ndata: "
    package static let end: StaticString = "\n\n"

    /// `event:`, the name for which a page adds a listener.
    package static func event(_ name: WireText) -> [UInt8] { Array("event: \(name)\n".utf8) }

    /// `id:`, which the client sends as `Last-Event-ID` when it reconnects.
    package static func id(_ id: some CustomStringConvertible) -> [UInt8] { Array("id: \(id)\n".utf8) }

    /// `retry:`, how long the client waits before it reconnects.
    package static func retry(milliseconds: Int64) -> [UInt8] { Array("retry: \(milliseconds)\n".utf8) }

    /// A comment, which clients ignore.
    package static func comment(_ text: String) -> [UInt8] { Array(": \(text)\n".utf8) }

    /// `data:` and the end of the frame. The JSON must be on one line.
    package static func data(_ json: [UInt8]) -> [UInt8] { Array("data: ".utf8) + json + [0x0A, 0x0A] }

    /// The end of a frame without data, which sets the client's last id and dispatches no event.
    package static let endWithoutData: [UInt8] = [0x0A]
}

/// The framing of newline-delimited JSON: a JSON text on one line, and a newline.
package enum NewlineDelimitedJSON {
    /// The JSON as a line.
    package static func line(_ json: [UInt8]) -> [UInt8] { json + [0x0A] }
}
