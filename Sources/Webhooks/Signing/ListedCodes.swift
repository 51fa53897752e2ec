internal import Events

/// The codes that the header of one webhook lists. A sender lists several while it changes its secret; one of them
/// must be right.
///
/// A stranger can list as many as a header holds, before anything is known of them, beside a body of 2 MiB. So a code
/// over the body is computed once for each secret, however many are listed, and none for a header without a code of the
/// right length.
struct ListedCodes {
    private var codes: [[UInt8]] = []

    /// Adds a code. One of another length than HMAC-SHA256's cannot be right, so it is passed over.
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
            // All of them, so that the time does not tell which one is nearly right.
            for listed in codes where ConstantTime.equal(listed, right) { isFound = true }
            return isFound
        }
    }
}
