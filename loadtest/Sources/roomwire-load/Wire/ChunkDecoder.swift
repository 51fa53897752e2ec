/// Takes the chunk sizes out of a body with `Transfer-Encoding: chunked`. Node's streams come so.
struct ChunkDecoder {
    private enum Place {
        case size(Int)
        case extensions(Int)
        case data(Int)
        case endOfData
        case done
    }

    private var place = Place.size(0)

    /// Whether the last chunk was read.
    var isDone: Bool { if case .done = place { true } else { false } }

    /// Passes the data in `bytes` to `body`, a piece at a time.
    mutating func decode(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        var next = 0
        while next < bytes.count {
            switch place {
            case .data(let left):
                let end = min(bytes.count, next + left)
                body(UnsafeRawBufferPointer(rebasing: bytes[next..<end]))
                place = end - next == left ? .endOfData : .data(left - (end - next))
                next = end
            case .done:
                return
            default:
                take(bytes[next])
                next += 1
            }
        }
    }

    private mutating func take(_ byte: UInt8) {
        switch (place, byte) {
        case (.endOfData, 0x0A): place = .size(0)
        case (.size(let size), 0x0A), (.extensions(let size), 0x0A): place = size == 0 ? .done : .data(size)
        case (.size(let size), _):
            if let digit = Self.value(byte), size < 1 << 40 {
                place = .size(size << 4 | digit)
            } else {
                place = .extensions(size)
            }
        default: break
        }
    }

    private static func value(_ digit: UInt8) -> Int? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(digit) - 0x30
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(digit) - 0x57
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(digit) - 0x37
        default: nil
        }
    }
}
