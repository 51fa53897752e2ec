internal import Events
package import Wire

/// Texts from outside in lines of the log.
package enum LogText {
    /// The text, or its beginning if it is too long.
    package static func cut(_ text: WireText) -> String {
        guard text.byteCount > Limits.loggedTextBytes else { return text.string }
        return String(decoding: text.utf8.prefix(Limits.loggedTextBytes), as: UTF8.self) + "…"
    }

    /// A name from a client; `…` if it may be a token or a ticket in the wrong place. A long name is shown only if it
    /// consists of short words in lower case, as names chosen by people, and UUIDs, do.
    package static func shown(_ text: WireText) -> String {
        guard text.byteCount > Limits.loggedNameBytes else { return text.string }
        var run = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): run += 1
            case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "*"): run = 0
            default: return "…"
            }
            if run > Limits.loggedWordBytes { return "…" }
        }
        return cut(text)
    }

    /// An origin from a client, cut where a token may begin: browsers write origins in lower case (RFC 6454, section
    /// 6.1), and a label of a host is a word or a hash.
    package static func origin(_ text: WireText) -> String {
        var start = 0
        for (index, byte) in text.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                if index - start >= Limits.loggedLabelBytes { return text.prefix(start).string + "…" }
            case _ where "-_.:/[]".utf8.contains(byte): start = index + 1
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): return text.prefix(start).string + "…"
            default: return text.prefix(index).string + "…"
            }
        }
        return cut(text)
    }

    /// A text as one word, with quotes if it needs them.
    package static func quoted(_ text: WireText) -> String {
        LogOutput.harmless(JSONWriter.text { $0.string(cut(text)) })
    }
}
