/// What every published event carries, so that it is known again wherever a server puts it:
/// `load-5f3a91c2-17.` is number 17 of this run.
struct Marker {
    /// What all of one run begin with.
    let prefix: String
    private let prefixBytes: [UInt8]

    /// The markers of one run.
    init(run: UInt32) {
        let digits = String(run, radix: 16)
        prefix = "load-" + String(repeating: "0", count: 8 - digits.count) + digits + "-"
        prefixBytes = Array(prefix.utf8)
    }

    /// The marker of event `number`.
    func text(_ number: Int) -> String { "\(prefix)\(number)." }

    /// The number of the event that a frame holds; nil if it holds none of this run.
    func number(in frame: UnsafeRawBufferPointer) -> Int? {
        guard let start = frame.position(of: prefixBytes) else { return nil }
        var number = 0
        for byte in frame[(start + prefixBytes.count)...] {
            if byte == UInt8(ascii: ".") { return number }
            let digit = Int(byte) - 0x30
            guard 0...9 ~= digit, number < 1 << 40 else { return nil }
            number = number * 10 + digit
        }
        return nil
    }

    /// The frame's `id:` field.
    static func id(in frame: UnsafeRawBufferPointer) -> String? {
        var start = 0
        while start < frame.count {
            let end = frame.firstLineFeed(from: start) ?? frame.count
            let line = frame[start..<end]
            if line.starts(with: "id:".utf8) {
                let value = line.dropFirst(3).drop { $0 == 0x20 }
                return String(decoding: value.filter { $0 != 0x0D }, as: UTF8.self)
            }
            start = end + 1
        }
        return nil
    }
}
