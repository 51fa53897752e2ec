/// The framing of Server-Sent Events (HTML standard, 9.2), as the relay writes it: a field a line, and an empty line
/// after the last. ``EventStreamParser`` reads it.
package enum ServerSentEvents {
    // What is written around an id and its data; a frame that many streams share is built out of these.
    package static let beforeID: StaticString = "id: "
    package static let beforeData: StaticString = "\ndata: "
    package static let end: StaticString = "\n\n"

    /// `event:`, the name by which a page listens.
    package static func event(_ name: WireText) -> [UInt8] { Array("event: \(name)\n".utf8) }

    /// `id:`, what the client names when it comes back.
    package static func id(_ id: some CustomStringConvertible) -> [UInt8] { Array("id: \(id)\n".utf8) }

    /// `retry:`, how long the client waits before it comes back.
    package static func retry(milliseconds: Int64) -> [UInt8] { Array("retry: \(milliseconds)\n".utf8) }

    /// A line that clients skip.
    package static func comment(_ text: String) -> [UInt8] { Array(": \(text)\n".utf8) }

    /// `data:` and the end of the frame. The JSON stands on one line.
    package static func data(_ json: [UInt8]) -> [UInt8] { Array("data: ".utf8) + json + [0x0A, 0x0A] }

    /// The end of a frame without data: it moves the client's last id and dispatches nothing.
    package static let endWithoutData: [UInt8] = [0x0A]
}

/// The framing of newline-delimited JSON: a JSON text on one line, and a newline.
package enum NewlineDelimitedJSON {
    /// The JSON as a line.
    package static func line(_ json: [UInt8]) -> [UInt8] { json + [0x0A] }
}
