internal import Events
internal import Wire

/// A webhook's body, parsed, with its bytes.
struct ParsedBody {
    /// Its members. In them, half of a surrogate pair is replaced by U+FFFD.
    let object: JSONObject
    /// The body's bytes as received, without a byte order mark.
    let bytes: [UInt8]
    /// Whether there was half of a surrogate pair.
    let hasLoneSurrogates: Bool
}

extension Redaction {
    /// The body as JSON on one line, without secrets, with halves of surrogate pairs unchanged.
    func line(_ body: ParsedBody) -> [UInt8] {
        if body.hasLoneSurrogates, let line = lineWithLoneSurrogates(body.bytes) { return line }
        return line(.object(body.object), capacityBytes: body.bytes.count)
    }

    /// A `String` cannot contain half of a surrogate pair. So each half is parsed as a private character that such a
    /// body does not contain, and written as the escape that it was. Nil for a body that does contain these characters:
    /// then U+FFFD is used.
    private func lineWithLoneSurrogates(_ bytes: [UInt8]) -> [UInt8]? {
        guard let plain = try? JSONReader.value(bytes, loneSurrogates: .replaced).value,
            !JSONWriter.bytes({ $0.value(plain) }).hasMarkedSurrogates,
            let marked = try? JSONReader.value(bytes, loneSurrogates: .marked).value
        else { return nil }
        return line(marked, capacityBytes: bytes.count).withEscapedSurrogates
    }
}

extension [UInt8] {
    /// True for U+10F800 to U+10FFFF, which are F4 8F A0 80 to F4 8F BF BF.
    private func isMark(at place: Int) -> Bool {
        place + 3 < count && self[place] == 0xF4 && self[place + 1] == 0x8F && self[place + 2] >= 0xA0
    }

    fileprivate var hasMarkedSurrogates: Bool { indices.contains { isMark(at: $0) } }

    fileprivate var withEscapedSurrogates: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count + 16)
        var place = 0
        while place < count {
            guard isMark(at: place) else {
                result.append(self[place])
                place += 1
                continue
            }
            let offset = UInt16(self[place + 2] & 0x1F) << 6 | UInt16(self[place + 3] & 0x3F)
            let unit = 0xD800 + offset
            result += "\\u".utf8
            for shift: UInt16 in [12, 8, 4, 0] { result.append(Hex.digit(UInt8(unit >> shift & 15))) }
            place += 4
        }
        return result
    }
}
