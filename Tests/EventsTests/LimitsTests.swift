import Testing
import Wire

@testable import Events

struct LimitsTests {
    @Test
    func boundsDoNotContradictEachOther() {
        let relations = Limits.relations
        #expect(relations.count > 30)
        for relation in relations { #expect(relation.holds, "\(relation.sentence)") }
    }

    @Test
    func everyRelationIsStatedOnce() {
        let sentences = Limits.relations.map(\.sentence)
        #expect(Set(sentences).count == sentences.count)
    }
}
