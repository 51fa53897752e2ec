internal import Events
internal import Wire

/// Parses the body of an API's answer within bounds, which are checked before anything is allocated.
enum AnswerBody {
    /// What is wrong with an answer.
    enum Fault: Error {
        case malformed(String)
        case tooMany(String)
    }

    /// The answer, which must be a JSON object.
    static func object(_ bytes: [UInt8]) throws(Fault) -> JSONObject {
        guard mostValues(bytes) <= Limits.reconcileAnswerValues else {
            throw .tooMany("has more than \(Limits.reconcileAnswerValues) values")
        }
        let value: JSONValue
        do { value = try JSONReader.value(BodyEncoding.withoutMark(bytes), loneSurrogates: .replaced).value } catch {
            throw .malformed("is \(error)")
        }
        guard let object = value.object else { throw .malformed("should be an object") }
        return object
    }

    /// An upper bound of the values in a JSON text: each but the first follows a comma, a colon or a bracket.
    private static func mostValues(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBufferPointer { bytes in
            var count = 1
            for byte in bytes where byte == 0x2C || byte == 0x3A || byte == 0x5B { count += 1 }
            return count
        }
    }
}
