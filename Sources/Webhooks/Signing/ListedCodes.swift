internal import Events
internal import Wire

/// The codes that the header of one webhook lists. A sender lists several while it rotates its secret; one of them must
/// be right.
///
/// An unauthenticated sender can list as many as a header can contain, beside a body of 2 MiB. So a code over the body
/// is computed once for each secret, however many are listed, and none if the header lists no code of the right length.
struct ListedCodes {
    private var codes: [[UInt8]] = []

    /// Adds a code. A code of another length than HMAC-SHA256's cannot be right and is ignored.
    /// - Returns: false if the header lists more than ``Limits/listedCodes``.
    mutating func add(_ code: [UInt8]) -> Bool {
        guard code.count == SigningKey.codeBytes else { return true }
        codes.append(code)
        return codes.count <= Limits.listedCodes
    }

    /// True if no code of the right length is listed.
    var isEmpty: Bool { codes.isEmpty }

    /// True if a listed code is the one that `code` computes with one of the keys.
    func contain(codeOf keys: some Sequence<SigningKey>, code: (SigningKey) -> [UInt8]) -> Bool {
        guard !codes.isEmpty else { return false }
        return keys.contains { key in
            let right = code(key)
            var isFound = false
            // Compare with all of them, so that the duration does not reveal which one matches.
            for listed in codes where ConstantTime.equal(listed, right) { isFound = true }
            return isFound
        }
    }
}
