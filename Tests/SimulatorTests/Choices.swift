import TestSupport

// The choices that a run makes.
extension SeededGenerator {
    /// A number below `bound`.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// True in so many cases of a hundred.
    mutating func percent(_ chance: Int) -> Bool { below(100) < chance }

    /// One of several.
    mutating func pick<Choices: RandomAccessCollection>(_ choices: Choices) -> Choices.Element {
        choices[choices.index(choices.startIndex, offsetBy: below(choices.count))]
    }
}
