internal import Wire

// Relations between bounds. A bound that is changed alone could make another one useless: a page larger than the ring,
// a heartbeat later than the timeout that it prevents.
extension Limits {
    /// Ends the program if the bounds contradict each other, because that is always a bug. Call it at start.
    package static func checkRelations() {
        for (holds, sentence) in relations { precondition(holds, sentence) }
    }

    /// Each relation and the sentence that states it.
    static var relations: [(holds: Bool, sentence: String)] {
        requestRelations + accessRelations + watchRelations + journalRelations + fanoutRelations
    }

    private static var requestRelations: [(Bool, String)] {
        [
            (otherBodyBytes <= webhookBodyBytes, "an ordinary body is not larger than a webhook's"),
            (webhookBodyBytes < droppedBodyBytes, "a body just over its limit is read and dropped"),
            (2 * webhookBodyBytes < streamLineBytes, "an event with its raw body fits into a line of a stream"),
            (tokenBytes < requestHeaderBytes, "a token fits into a request's head"),
            (segmentBytes < requestHeaderBytes, "a path segment fits into a request's head"),
            (patternBytes <= nameBytes, "a pattern is not longer than a name"),
            (patternStars < patternBytes, "a pattern has room for its stars"),
            (handshakeSeconds <= requestSeconds, "a handshake takes no longer than a request"),
            (requestSeconds < keepAliveSeconds, "a request ends before its connection counts as idle"),
            (longPollMilliseconds < keepAliveSeconds * 1000, "a poll ends before its connection counts as idle"),
            (smallAnswerBytes < unsentAnswerBytes, "an uncounted answer is small beside all answers"),
            (usualListedEntries <= listedEntries, "a list has by default no more entries than it may have"),
            (captures <= keptRejects, "every captured webhook is in the list of refused ones"),
            (captureBodyBytes < webhookBodyBytes, "a captured body is an accepted one"),
            (listedCurveSignatures <= listedCodes, "no more Ed25519 signatures are listed than codes"),
        ]
    }

    private static var accessRelations: [(Bool, String)] {
        [
            (strongSecretBytes <= tokenSecretBytes, "the secret of a token is a strong one"),
            (freeFailures <= freeAddressFailures, "an address may fail as often as one of its tokens"),
            (
                keyWaitMilliseconds > Int64(keyFetchMilliseconds) + keyDemandMilliseconds,
                "a request waits for keys until a fetch that begins at its turn has ended"
            ),
            (keyDemandMilliseconds <= keyRetryMilliseconds, "the first retry of a fetch comes before the last"),
            (waitingUserTickets <= waitingTickets, "one user has no more tickets than all users"),
            (
                symmetricVerificationMicroseconds <= publicVerificationMicroseconds,
                "a shared secret costs no more than a public key"
            ),
            (publicVerificationMicroseconds <= verificationBurstMicroseconds, "a full budget allows a verification"),
        ]
    }

    private static var watchRelations: [(Bool, String)] {
        [
            (canaryMilliseconds < readyMilliseconds, "a canary arrives more often than readiness requires"),
            (Int64(watchMilliseconds) < stalledLoopMilliseconds, "loops are checked more often than they stall"),
            (stalledLoopMilliseconds < readyMilliseconds, "a stall is logged before the relay is not ready"),
            (turnMilliseconds < stalledLoopMilliseconds, "a turn is not a stall"),
            (loggedWordBytes <= loggedNameBytes, "a word in the log is not longer than a name"),
            (loggedNameBytes <= loggedTextBytes, "a name in the log is not longer than a path"),
            (reservedFiles < leastOpenFiles, "the relay has files for streams beside the reserved ones"),
        ]
    }

    private static var journalRelations: [(Bool, String)] {
        [
            (commitEvents <= waitingAppends, "a full commit can wait"),
            (2 * memberEventsUnderWay <= waitingAppends, "members leave webhooks room to wait"),
            (commitEvents <= ringEvents, "a commit does not displace its own events from the ring"),
            (pageEvents <= ringEvents, "a page has no more events than the ring"),
            (pageBytes <= ringBytes, "a page has no more bytes than the ring"),
            (pageBytes < unsentAnswerBytes, "a page is small beside all answers"),
            (gatheringDraftMicroseconds <= gatheringMicroseconds, "one draft does not delay a commit beyond the bound"),
            (walRestPages < walCheckpointPages, "a checkpoint leaves fewer pages than it begins with"),
            (walCheckpointPages < walPages, "pages are copied beside the writer before the writer has to"),
            (commitEvents <= checkpointEvents, "a checkpoint is not due more often than once a commit"),
        ]
    }

    private static var fanoutRelations: [(Bool, String)] {
        [
            (writeBuffers < 1_022, "a vectored write with one chunk has at most the kernel's 1,024 buffers"),
            (turnBytes <= ringBytes, "a turn has no more bytes than the ring"),
            (turnClockEvents <= turnEvents, "a turn looks at the clock"),
            (waitingPages <= waitingReads, "one loop has no more reads than all loops"),
            (smallestSpreadMilliseconds <= replacedRetryMilliseconds, "a replaced stream returns after the others"),
            (turnSubscribers > 0 && mailboxCommands > 0, "a turn makes progress"),
        ]
    }
}
