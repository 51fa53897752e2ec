/// What every published event carries, so that it is known again wherever a server puts it:
/// `~5f3a91c2.3.17.81234567890~` is event 17 of channel 3 of this run, and was due at that moment.
///
/// A channel is a sequence of events that one connection publishes to one room, each after the answer to the last, so
/// that their order is known. The moment is on the steady clock, which all processes of a machine share.
struct Marker {
    /// What a marker says.
    struct Label: Equatable {
        /// The channel it was published on.
        let channel: Int
        /// Its place in that channel, from 0.
        let sequence: Int
        /// When it should have been published, on the steady clock.
        let dueNanoseconds: Int64
    }

    /// What all of one run begin with.
    let prefix: String
    private let prefixBytes: [UInt8]

    /// The markers of one run.
    init(run: UInt32) {
        let digits = String(run, radix: 16)
        // A tilde is rare in JSON, so that looking for one skips most of a frame; it stands for itself in URLs.
        prefix = "~" + String(repeating: "0", count: 8 - digits.count) + digits + "."
        prefixBytes = Array(prefix.utf8)
    }

    /// The marker that says `label`.
    func text(_ label: Label) -> String {
        var bytes: [UInt8] = []
        append(label, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the marker that says `label`.
    func append(_ label: Label, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: prefixBytes)
        bytes.appendDigits(label.channel)
        bytes.append(UInt8(ascii: "."))
        bytes.appendDigits(label.sequence)
        bytes.append(UInt8(ascii: "."))
        bytes.appendDigits(Int(label.dueNanoseconds))
        bytes.append(UInt8(ascii: "~"))
    }

    /// What the marker in a frame says; nil if it holds none of this run.
    func label(in frame: UnsafeRawBufferPointer) -> Label? {
        guard var place = frame.position(of: prefixBytes) else { return nil }
        place += prefixBytes.count
        guard let channel = Self.number(in: frame, from: &place, to: UInt8(ascii: ".")),
            let sequence = Self.number(in: frame, from: &place, to: UInt8(ascii: ".")),
            let due = Self.number(in: frame, from: &place, to: UInt8(ascii: "~"))
        else { return nil }
        return Label(channel: channel, sequence: sequence, dueNanoseconds: Int64(due))
    }

    private static func number(in frame: UnsafeRawBufferPointer, from place: inout Int, to end: UInt8) -> Int? {
        var number = 0
        while place < frame.count {
            let byte = frame[place]
            place += 1
            if byte == end { return number }
            let digit = Int(byte) - 0x30
            guard 0...9 ~= digit, number < 1 << 59 else { return nil }
            number = number * 10 + digit
        }
        return nil
    }

    /// Where the value of the frame's `id:` field stands.
    static func id(in frame: UnsafeRawBufferPointer) -> Range<Int>? {
        var start = 0
        while start < frame.count {
            var end = frame.firstLineFeed(from: start) ?? frame.count
            let next = end + 1
            if end - start >= 3, frame[start] == UInt8(ascii: "i"), frame[start + 1] == UInt8(ascii: "d"),
                frame[start + 2] == UInt8(ascii: ":")
            {
                start += 3
                if start < end, frame[start] == 0x20 { start += 1 }
                if end > start, frame[end - 1] == 0x0D { end -= 1 }
                return start..<end
            }
            start = next
        }
        return nil
    }
}
