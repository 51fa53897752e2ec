import Testing

@testable import Wire

@Suite struct SuggestionTests {
    @Test(arguments: [
        ("per_usr", "per_user"), ("hearbeat", "heartbeat"), ("Heartbeat", "heartbeat"), ("peruser", "per_user"),
        ("tokne", "token"),
    ])
    func theNearestWordIsSuggested(word: String, suggestion: String) {
        let words = ["heartbeat", "per_user", "per_address", "total", "token"]
        #expect(Suggestion.nearest(to: word, of: words) == suggestion)
    }

    @Test(arguments: ["", "x", "zebra", "user"])
    func nothingIsSuggestedForAWordThatIsFarFromAll(word: String) {
        #expect(Suggestion.nearest(to: word, of: ["heartbeat", "per_user", "per_address"]) == nil)
    }
}
