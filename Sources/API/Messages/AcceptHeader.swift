internal import FrontDoor
internal import Wire

/// What a request's `Accept` prefers (RFC 9110, sections 12.4.2 and 12.5.1). Without the header everything is as good.
struct AcceptHeader: Equatable {
    /// One range of media types, with its weight.
    struct Range: Equatable {
        /// In lower case; `*` for any.
        let type: WireText
        let subtype: WireText
        /// In lower case; nil for any.
        let charset: WireText?
        /// As the header has it; nil for any. Only the formats of metrics have versions.
        let version: WireText?
        /// From 0 to 1000, as the header says it; nil if it says none.
        let givenWeight: Int?
        /// True if the header says a weight that is no number, which ``weight`` takes for none.
        let hasWrongWeight: Bool

        /// From 0 to 1000. `*/*` without a weight stands behind what the client names, whatever weight that has: many
        /// clients add it to their wishes so as not to hear 406. Apache does the same.
        var weight: Int { givenWeight ?? (specificity >= 2 ? 1000 : 10 * (specificity + 1)) }

        /// How narrow it is: a type with its charset, a type, `text/*`, `*/*`.
        var specificity: Int {
            if type == "*" { return 0 }
            if subtype == "*" { return 1 }
            return charset == nil ? 2 : 3
        }

        /// True if it leaves the charset open or names UTF-8, also under the name that many programs give it.
        var takesUTF8: Bool { charset.map { $0 == "utf-8" || $0 == "utf8" } ?? true }

        /// True if `media`, whose charset is UTF-8, is in it. Other parameters do not count.
        func admits(_ media: WireText) -> Bool { takesUTF8 && names(media) }

        /// True if `media` is in it, whatever the charset.
        func names(_ media: WireText) -> Bool {
            if type == "*" { return true }
            return subtype == "*" ? media.hasPrefix("\(type)/") : media == "\(type)/\(subtype)"
        }
    }

    /// What is wrong with a header, as a sentence.
    struct Problem: Error, Equatable {
        let sentence: String
    }

    /// In the order of the header.
    let ranges: [Range]

    /// The header of a request, on however many lines.
    init(_ request: HTTPRequest) throws(Problem) {
        try self.init(request.headers.lazy.filter { $0.name.equalsIgnoringASCIICase("accept") }.map(\.value))
    }

    init(_ lines: some Sequence<WireText>) throws(Problem) {
        var ranges: [Range] = []
        for line in lines {
            for element in Self.parts(line, at: UInt8(ascii: ",")) {
                if let range = try Self.range(element) { ranges.append(range) }
            }
        }
        self.ranges = ranges
    }

    /// True if the client names `media` and nothing else, as a browser's EventSource does.
    func isOnly(_ media: WireText) -> Bool {
        ranges.count == 1 && ranges.allSatisfy { $0.specificity >= 2 && $0.weight > 0 && $0.admits(media) }
    }

    /// The one that the client likes best; nil if it takes none. Of those that it likes as well the one that it names
    /// more exactly, then the one that it names first, then the first offered.
    /// - Parameter offered: media types in lower case, which all have UTF-8.
    func best(of offered: [WireText]) -> WireText? {
        guard !ranges.isEmpty else { return offered.first }
        var best: (media: WireText, rank: (Int, Int, Int))?
        for media in offered {
            // The narrowest range decides for each type, whatever wider ones say.
            guard let index = narrowest(for: media), ranges[index].weight > 0 else { continue }
            let rank = (ranges[index].weight, ranges[index].specificity, -index)
            if best.map({ $0.rank < rank }) ?? true { best = (media, rank) }
        }
        return best?.media
    }

    /// The first charset that keeps the client from one of these types; nil if it is not a charset that does.
    func foreignCharset(of offered: [WireText]) -> WireText? {
        ranges.first { range in range.weight > 0 && !range.takesUTF8 && offered.contains { range.names($0) } }?.charset
    }

    private func narrowest(for media: WireText) -> Int? {
        var found: Int?
        for index in ranges.indices where ranges[index].admits(media) {
            if found.map({ ranges[$0].specificity < ranges[index].specificity }) ?? true { found = index }
        }
        return found
    }

    /// Nil for an element without a media type, which lists may have (RFC 9110, section 5.6.1).
    private static func range(_ text: WireText) throws(Problem) -> Range? {
        let parts = parts(text, at: UInt8(ascii: ";"))
        if parts[0].isEmpty { return nil }
        let names = Self.parts(parts[0], at: UInt8(ascii: "/"))
        // Java's HttpURLConnection sends `*` for `*/*`.
        let isAny = parts[0] == "*"
        guard isAny || names.count == 2 && names.allSatisfy(isToken) && (names[0] != "*" || names[1] == "*") else {
            throw Problem(sentence: "Accept is a list of media types, such as text/event-stream.")
        }
        var charset: WireText?
        var version: WireText?
        var weight: Int?
        var hasWrongWeight = false
        for part in parts.dropFirst() {
            let sides = Self.parts(part, at: UInt8(ascii: "="))
            switch sides[0].asciiLowercased() {
            case "q":
                weight = try self.weight(sides.count == 2 ? sides[1] : "")
                hasWrongWeight = weight == nil
            case "charset": charset = sides.count == 2 ? unquoted(sides[1]).asciiLowercased() : ""
            case "version": version = sides.count == 2 ? unquoted(sides[1]) : ""
            default: break
            }
        }
        return Range(
            type: isAny ? "*" : names[0].asciiLowercased(), subtype: isAny ? "*" : names[1].asciiLowercased(),
            charset: charset, version: version, givenWeight: weight, hasWrongWeight: hasWrongWeight)
    }

    /// True for what a name of a type may be made of (RFC 9110, section 5.6.2).
    private static func isToken(_ text: WireText) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"(),:;<=>?@[\\]{}".utf8.contains($0) }
    }

    /// `0`, `1`, `0.5`; `.5`, which some clients send, is as clear. Nil for what is no number at all: then the client
    /// has given no weight.
    private static func weight(_ text: WireText) throws(Problem) -> Int? {
        guard text.utf8.allSatisfy({ "0123456789.+-".utf8.contains($0) }) else { return nil }
        let problem = Problem(sentence: "A weight in Accept is a number from 0 to 1, as in q=0.5.")
        guard let first = text.utf8.first, text.byteCount <= 20 else { throw problem }
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isNumber = parts.allSatisfy { part in part.allSatisfy { (0x30...0x39).contains($0) } }
        guard isNumber, parts.count <= 2, parts[0].count <= 1, text.byteCount > 1 || first != UInt8(ascii: ".") else {
            throw problem
        }
        let digits = (parts.count == 2 ? Array(parts[1]) : []) + [0x30, 0x30, 0x30]
        let thousandths = digits.prefix(3).reduce(0) { $0 * 10 + Int($1 - 0x30) }
        let isMore = digits.contains { $0 != 0x30 }
        switch parts[0].first {
        case nil, UInt8(ascii: "0"): return thousandths
        case UInt8(ascii: "1") where !isMore: return 1000
        default: throw problem
        }
    }

    /// The parts between separators, without blanks around them.
    private static func parts(_ text: WireText, at separator: UInt8) -> [WireText] {
        text.split(at: separator, omittingEmpty: false).map { $0.trimmingBlanks() }
    }

    /// The text in a pair of quotes; any other text as it is.
    private static func unquoted(_ text: WireText) -> WireText {
        let quote = UInt8(ascii: "\"")
        guard text.byteCount >= 2, text.utf8.first == quote, text.utf8.last == quote else { return text }
        return WireText(decoding: text.utf8.dropFirst().dropLast())
    }
}
