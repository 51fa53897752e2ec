import Testing

@testable import roomwire_load

@Suite struct PublicationTests {
    private let marker = Marker(run: 0xBEEF)
    private let label = Marker.Label(channel: 3, sequence: 17, dueNanoseconds: 1_234_567)

    private func publication(to url: String, headers: [HeaderTemplate], _ body: String) throws -> Publication {
        let endpoint = try #require(Endpoint(Template(url)))
        return Publication(.template(Template(body)), headers: headers, to: endpoint, marker: marker)
    }

    @Test func aRequestHasAllPlacesFilledInAndItsLength() throws {
        let header = HeaderTemplate(name: "X-Event", value: "{n} of {room}")
        var publication = try publication(to: "http://127.0.0.1:9/p/{room}?id={id}", headers: [header], "<{id} {user}>")
        var request: [UInt8] = []
        publication.write(label, room: 12, to: &request)
        let expected = """
            POST /p/load-12?id=~0000beef.3.17.1234567~ HTTP/1.1\r
            Host: 127.0.0.1:9\r
            X-Event: 17 of load-12\r
            Content-Length: 32\r
            \r
            <~0000beef.3.17.1234567~ {user}>
            """
        #expect(String(decoding: request, as: UTF8.self) == expected)
    }

    @Test func aRequestHoldsNothingOfTheOneBefore() throws {
        var publication = try publication(to: "http://127.0.0.1/", headers: [], "{id}{id}")
        var first: [UInt8] = []
        var second: [UInt8] = []
        publication.write(label, room: 0, to: &first)
        publication.write(Marker.Label(channel: 1, sequence: 0, dueNanoseconds: 0), room: 0, to: &second)
        publication.write(label, room: 0, to: &second)
        #expect(first == second)
    }

    @Test func whatIsPublishedIsKnownAgain() throws {
        var publication = try publication(to: "http://127.0.0.1/", headers: [], #"{"id":"{id}"}"#)
        var request: [UInt8] = []
        publication.write(label, room: 0, to: &request)
        #expect(request.withUnsafeBytes { marker.label(in: $0) } == label)
    }
}
