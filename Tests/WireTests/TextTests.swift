import TestSupport
import Testing
import Wire

/// Hexadecimal and base64.
struct TextTests {
    @Test(arguments: [
        ("", "", ""), ("f", "Zg==", "Zg"), ("fo", "Zm8=", "Zm8"), ("foo", "Zm9v", "Zm9v"),
        ("foob", "Zm9vYg==", "Zm9vYg"), ("fooba", "Zm9vYmE=", "Zm9vYmE"), ("foobar", "Zm9vYmFy", "Zm9vYmFy"),
        ("~~~???", "fn5+Pz8/", "fn5-Pz8_"),
    ])
    func examplesOfRFC4648AreWrittenAndRead(_ plain: String, _ standard: String, _ url: String) {
        let bytes = Array(plain.utf8)
        #expect(Base64.standard.text(bytes) == standard)
        #expect(Base64.url.text(bytes) == url)
        #expect(Base64.standard.bytes(Array(standard.utf8)) == bytes)
        #expect(Base64.url.bytes(Array(url.utf8)) == bytes)
    }

    @Test(arguments: [
        "Zg", "Zg=", "Zg===", "Z", "Zh==", "Zm9=", "Zm8==", "=Zg=", "Zg==Zg==", "Zm 8", "Zm8=\n", "Zm-_", "====",
        "é===",
    ])
    func standardTextIsReadStrictly(_ text: String) {
        #expect(Base64.standard.bytes(Array(text.utf8)) == nil)
    }

    @Test(arguments: ["Zg==", "Z", "Zh", "Zm9", "Zm+/", "Zm8 ", "=", "Zm8A="])
    func urlTextIsReadStrictly(_ text: String) {
        #expect(Base64.url.bytes(Array(text.utf8)) == nil)
    }

    @Test func everyTextThatIsReadIsTheOneThatIsWritten() {
        var random = SeededGenerator(seed: 3)
        let letters = Array("ABab01+/-_=".utf8)
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 0...9, using: &random)).map { _ in
                letters[Int.random(in: 0..<letters.count, using: &random)]
            }
            for base64 in [Base64.standard, Base64.url] {
                guard let bytes = base64.bytes(text) else { continue }
                #expect(Array(base64.text(bytes).utf8) == text)
            }
        }
    }

    @Test func kindsOfCollectionsDoNotMatter() {
        #expect(Base64.standard.text("foo".utf8) == "Zm9v")
        #expect(Base64.standard.bytes("Zm9v".utf8.reversed().reversed()) == Array("foo".utf8))
    }

    @Test func hexIsLowerCaseBothWays() {
        #expect(Hex.text([0x00, 0x0F, 0xA9, 0xFF]) == "000fa9ff")
        #expect(Hex.bytes(Array("000fa9ff".utf8)) == [0x00, 0x0F, 0xA9, 0xFF])
        #expect(Hex.bytes(Array("".utf8)) == [])
        for text in ["0", "0g", "FF", "aF", " 0", "0x00"] { #expect(Hex.bytes(Array(text.utf8)) == nil) }
        #expect(Hex.value(UInt8(ascii: "F")) == 15)
    }
}
