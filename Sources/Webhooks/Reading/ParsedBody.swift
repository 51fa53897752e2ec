internal import Events

/// A webhook's body: what was read of it, and its bytes.
struct ParsedBody {
    /// Its members. Half a surrogate pair in a text or a name is U+FFFD in them.
    let object: JSONObject
    /// As it came.
    let bytes: [UInt8]
    /// Whether there was half a surrogate pair.
    let hasLoneSurrogates: Bool
}

extension Redaction {
    /// The body as JSON on one line, secrets taken out, halves of surrogate pairs as they came.
    func line(_ body: ParsedBody) -> [UInt8] {
        if body.hasLoneSurrogates, let line = lineWithLoneSurrogates(body.bytes) { return line }
        return line(.object(body.object), capacityBytes: body.bytes.count)
    }

    /// No `String` holds half a pair. So each is read as a character that no body of this kind has in it, and written
    /// as the escape that it was. Nil for a body that does have such characters: then U+FFFD has to do.
    private func lineWithLoneSurrogates(_ bytes: [UInt8]) -> [UInt8]? {
        guard let plain = try? JSONReader.value(bytes, loneSurrogates: .replaced).value,
            !JSONWriter.bytes({ $0.value(plain) }).hasMarkedSurrogates,
            let marked = try? JSONReader.value(bytes, loneSurrogates: .marked).value
        else { return nil }
        return line(marked, capacityBytes: bytes.count).withEscapedSurrogates
    }
}

extension [UInt8] {
    /// U+10F800 to U+10FFFF are F4 8F A0 80 to F4 8F BF BF.
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
