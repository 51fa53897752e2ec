package import Wire

// Every bound that is not a setting; those of the wire's formats are in Wire. Each name includes its unit.
extension Limits {
    // Requests and connections

    /// The largest webhook body. LiveKit's may exceed 1 MiB because of the metadata and attributes of room and
    /// participant.
    package static let webhookBodyBytes = 2 * 1024 * 1024
    /// The largest body of any other request.
    package static let otherBodyBytes = 64 * 1024
    /// A body that is over its limit, but not over this one, is read and dropped before it is answered 413: a proxy
    /// that passes an earlier answer on resets its client's HTTP/2 stream.
    package static let droppedBodyBytes = 8 * 1024 * 1024
    /// Connections without streams that one address may always have open.
    package static let addressConnections = 64
    /// The most bytes of request line and headers.
    package static let requestHeaderBytes = 32 * 1024
    /// How long a client may take from a request's first byte to its last.
    package static let requestSeconds = 15
    /// How long a client may take from connecting to the end of its TLS handshake.
    package static let handshakeSeconds = 10
    /// How long a connection without a stream may be idle between requests.
    package static let keepAliveSeconds = 75
    /// The most bytes of a name (of a room, an id, a user) in a webhook or an admin request.
    package static let nameBytes = 512
    /// The most bytes of a segment of a path, decoded or not, and of the name of a query parameter.
    package static let segmentBytes = 256
    /// The most bytes of a pattern in filters, tokens and settings. Useful names are far shorter.
    package static let patternBytes = 256
    /// The most stars in a pattern.
    package static let patternStars = 8
    /// The most `room=`, `type=`, `source=` or `participant=` values of one stream.
    package static let filterPatterns = 64

    // Signatures and secrets of webhooks

    /// The most codes that one webhook may list, of which one must be right: there are several while the sender rotates
    /// its secret.
    package static let listedCodes = 10
    /// The most Ed25519 signatures that one webhook may list. Each is verified separately over the whole body.
    package static let listedCurveSignatures = 3
    /// The most secrets of one source. A forged webhook costs one code over its body for each.
    package static let sourceSecrets = 8
    /// A secret with fewer bytes than this can be guessed.
    package static let strongSecretBytes = 16
    /// The most names that a source's `redact` may add.
    package static let redactedNames = 64

    // Tokens, tickets and keys

    /// The shortest secret of HS256 tokens: as long as the hash (RFC 7518, section 3.2).
    package static let tokenSecretBytes = 32
    /// The most keys of one issuer; a larger key set is refused.
    package static let issuerKeys = 128
    /// The most bytes of a fetched key set: 128 keys with their certificates are well below it.
    package static let keySetBytes = 512 * 1024
    /// The longest time to fetch a key set, from the DNS lookup to the last byte.
    package static let keyFetchMilliseconds = 10_000
    /// The shortest time between two fetches that tokens with an unknown key cause, however many tokens there are. Also
    /// the time before the first retry of a failed fetch.
    package static let keyDemandMilliseconds: Int64 = 5_000
    /// The longest time between two retries of a fetch that keeps failing.
    package static let keyRetryMilliseconds: Int64 = 60_000
    /// The shortest time after which keys are fetched again because of an answer's `max-age`.
    package static let keyFreshMilliseconds: Int64 = 60_000
    /// The longest time that a request waits for keys: for its turn, and for the fetch.
    package static let keyWaitMilliseconds = keyDemandMilliseconds + Int64(keyFetchMilliseconds) + 1_000
    /// The most requests of the process that wait for keys.
    package static let keyWaiters = 1_024
    /// How long a ticket is valid before it is used.
    package static let ticketSeconds = 30
    /// The most unused tickets of the process.
    package static let waitingTickets = 50_000
    /// The most unused tickets of one user.
    package static let waitingUserTickets = 32
    /// The `Retry-After` of a refusal because of a cap on open streams. When one of them ends is not known.
    package static let capRetrySeconds = 5
    /// How often one token or ticket may fail from one address before its requests are slowed.
    package static let freeFailures = 10
    /// How many different tokens or tickets may fail from one address before the address is slowed. Many people may
    /// share an address, so it is larger.
    package static let freeAddressFailures = 100
    /// One failure is forgiven in this time.
    package static let failureSeconds = 2
    /// The cost of a failed token of a shared secret, from its address's budget of verifications: 5,000 a second.
    package static let symmetricVerificationMicroseconds: Int64 = 200
    /// The cost of each public key that is tried: 200 a second.
    package static let publicVerificationMicroseconds: Int64 = 5_000
    /// The full budget of an address: five seconds of guesses.
    package static let verificationBurstMicroseconds: Int64 = 5_000_000
    /// The most addresses whose failures are remembered, and the most tokens and tickets.
    package static let failingAddresses = 20_000
    /// Recently valid tokens and tickets, of which only a hash is stored; at most twice as many.
    package static let rememberedCredentials = 20_000
    /// The most bytes of a file with one secret in the data folder.
    package static let secretFileBytes = 4 * 1024
    /// The most bytes of the file of revocations. Each revocation has less than 2 KiB.
    package static let revocationFileBytes = 256 * 1024 * 1024
    /// The most users and token ids that are revoked at one time.
    package static let revocations = 100_000

    /// When a stream that a newer one of its user has replaced should reconnect. At once, it would replace the next
    /// one.
    package static let replacedRetryMilliseconds: Int64 = 60_000
    /// The most streams or revocations in one answer of the admin API.
    package static let listedEntries = 1_000
    /// The number of entries if the request does not give one.
    package static let usualListedEntries = 100
    /// How long one loop waits for the other loops' answers.
    package static let gatherMilliseconds: Int64 = 2_000

    /// Refused webhooks that are stored for the operator.
    package static let keptRejects = 100
    /// The most refused webhooks that are kept with headers and body, if `rejects.capture` is on.
    package static let captures = 32
    /// The most bytes of the body of such a webhook; a larger one is not kept.
    package static let captureBodyBytes = 64 * 1024
    /// The most bytes of its target and of the headers that are kept.
    package static let captureHeadBytes = 16 * 1024
    /// The shortest time between two log lines about a proxy that is not named in the settings.
    package static let forwardingNoticeMilliseconds: Int64 = 60_000
    /// The interval of the log line about one source's accepted webhooks.
    package static let acceptedWebhooksMilliseconds: Int64 = 10_000
    /// The most log lines a second about requests without a valid token or signature.
    package static let strangerLogLines = 5

    /// The largest `tail=`.
    package static let tailEvents = 1_000_000
    /// The largest `limit=`.
    package static let limitEvents = 1_000_000
    /// The longest `wait=` of a poll.
    package static let longPollMilliseconds = 60_000

    /// The `retry` of a final refusal: EventSource always reconnects, so it is told to do so late.
    package static let finalRefusalRetrySeconds = 3_600
    /// The most headers that one preflight is allowed.
    package static let preflightHeaders = 64
    /// The longest name of a header that a preflight is allowed.
    package static let preflightHeaderBytes = 64

    /// The most pages and lists of rooms that one user may have under way, from the request until the socket has
    /// accepted the whole answer.
    package static let userAnswers = 16
    /// The most bytes of answers in the whole process that are being built, or that their clients have not read yet.
    /// Requests without a token may use half of it.
    package static let unsentAnswerBytes = 128 * 1024 * 1024
    /// An answer of at most this many bytes is not counted: the socket accepts it at once.
    package static let smallAnswerBytes = 4 * 1024
    /// The most rooms that are searched at once for a request. For more, the request waits for the loop's next turn.
    package static let roomsAtOnce = 64
    /// The most bytes of rooms' JSON that one loop caches for the next request.
    package static let keptRoomBytes = 64 * 1024 * 1024

    /// Open files reserved for the journal, listeners, and connections without streams.
    package static let reservedFiles = 200

    /// With fewer open files than this the relay does not start, because too few would be left for streams.
    package static let leastOpenFiles = reservedFiles + 56

    // Self-monitoring

    /// The interval at which the relay checks its own loops.
    package static let watchMilliseconds = 250
    /// The interval of canaries through ingest, journal and loops.
    package static let canaryMilliseconds: Int64 = 2_000
    /// The greatest age of the last canary at which the relay is ready.
    package static let readyMilliseconds: Int64 = 10_000
    /// How long a loop may stall before the log reports it.
    package static let stalledLoopMilliseconds: Int64 = 2_000
    /// The window over which the worst lag of a loop is reported.
    package static let lagWindowMilliseconds: Int64 = 5_000
    /// The most bytes of unwritten log lines; more are dropped and counted.
    package static let waitingLogBytes = 4 * 1024 * 1024
    /// How long a log line waits for others to be written with it.
    package static let logGatheringMilliseconds = 20
    /// How long the process waits at its end until the last log lines are written.
    package static let logFlushMilliseconds = 2_000
    /// The most bytes of a request's path, or of a user's name, in the log.
    package static let loggedTextBytes = 256
    /// The longest name sent by a client that is written to the log; tickets and tokens are longer.
    package static let loggedNameBytes = 20
    /// The longest run of letters and digits of an origin that is written to the log: hosts of previews contain hashes.
    package static let loggedLabelBytes = 40
    /// The longest run of letters and digits within a longer name that is written to the log.
    package static let loggedWordBytes = 12

    // Diagnosis

    /// The most frames of one diagnosis.
    package static let diagnosticFrames = 600
    /// The bytes of the large frame of a diagnosis.
    package static let diagnosticFrameBytes = 256 * 1024
    /// The longest silence of a diagnosis, and the longest interval between its frames.
    package static let diagnosticQuietMilliseconds = 600_000

    // The journal

    /// The most webhooks that wait for a commit; a further one is answered 503.
    package static let waitingAppends = 20_000
    /// The most events in one transaction; the others wait for the next one.
    package static let commitEvents = 2_000
    /// The most bytes of bodies in one transaction, unless the first alone is larger. The write-ahead log holds all of it.
    package static let commitBytes = 2 * 1024 * 1024
    /// The longest time between the starts of two commits while several drafts arrive in that time. With 1,000 a
    /// webhook costs a sixth more at 10,000 a second; with 2,000 its answer is 0.3 ms later.
    package static let gatheringMicroseconds = 1_500
    /// The part of that time that each draft of a commit adds: above some 2,000 drafts a second it is the whole.
    package static let gatheringDraftMicroseconds = 500
    /// With this many pages in SQLite's write-ahead log, another thread copies them into the database file. Few, since
    /// commits wait while the disk writes them: at 10,000 webhooks a second the slowest hundredth of answers takes 4 ms
    /// with 300, 5 to 6 with 1,000, and 7 if the writer's commits copy.
    package static let walCheckpointPages = 300
    /// The last pages, which the writer itself copies between two commits.
    package static let walRestPages = 64
    /// With this many pages in the write-ahead log, the writer's commits copy them, however long that takes: 64 MiB. A
    /// quarter of `log.retention.bytes` if that is less.
    package static let walPages = 16_384
    /// The least number of pages that the bound above may be: 4 MiB.
    package static let leastWALPages = 1_024
    /// The bytes that the journal's files may take beyond two and a half times `log.retention.bytes`.
    package static let diskSlackBytes = 32 * 1024 * 1024
    /// With this many bytes beyond retention's, or a sixteenth of these if that is more, events are removed at once
    /// instead of at the next upkeep.
    package static let overfullBytes = 1024 * 1024
    /// The most events in one page read from the journal.
    package static let pageEvents = 500
    /// The most bytes in one page read from the journal, unless its first event alone is larger.
    package static let pageBytes = 1024 * 1024
    /// The most events that one step of retention deletes, so that ingest never waits long for it.
    package static let trimEvents = 500
    /// A change of the wall clock of more than this between two readings is a step and not a slow correction.
    package static let clockJumpMilliseconds: Int64 = 2_000
    /// How long the wall clock must have made no step before retention goes by it.
    package static let steadyClockMilliseconds: Int64 = 60_000
    /// The most points in time that retention remembers for the events of this run.
    package static let commitMarks = 4_096
    /// Bytes that an event counts towards retention beyond its texts: for its rows and its dedupe entry.
    package static let eventOverheadBytes = 128
    /// The rooms are saved after this many events, so that a restart replays no more than these.
    package static let checkpointEvents = 10_000
    /// The most damaged places of the journal that are reported apart.
    package static let damagedPlaces = 64
    /// The interval at which the log repeats a place that stays damaged.
    package static let damageNoticeMilliseconds: Int64 = 3_600_000
    /// The interval of the journal's upkeep while nothing is appended.
    package static let upkeepMilliseconds = 1_000

    // Room state

    /// The most leaves without their join, and synthetic leaves without their real twin, that are remembered.
    package static let rememberedDepartures = 4_096
    /// The most room sessions whose finish is remembered, so that later events of the session are recognised as late.
    package static let rememberedFinishes = 4_096
    /// The most closed rooms whose last event is remembered, for conditions on rooms that are not open.
    package static let rememberedTouches = 4_096
    /// The most events in one batch of finishes of silent rooms; a room with more participants is a batch by itself.
    /// Ingest never waits for more than one batch.
    package static let staleRoomEvents = 500
    /// The most participants whose tracks are remembered before their join arrives.
    package static let rememberedEarlyParticipants = 1_024
    /// The most tracks of one such participant.
    package static let earlyTracks = 64
    /// How long before the start of a session a participant may have joined and still belong to it: Daily gives the
    /// start and the first join different times.
    package static let sessionStartSlackMilliseconds: Int64 = 2_000

    // Members

    /// The most bytes of a member's state, as JSON.
    package static let memberStateBytes = 1024
    /// The most events about members that wait for a commit. Further ones are made later, so that webhooks find room.
    package static let memberEventsUnderWay = 4_096

    // Fan-out

    /// The most recent events in memory, for subscribers that lag a little.
    package static let ringEvents = 16_384
    /// The most bytes of recent events in memory.
    package static let ringBytes = 64 * 1024 * 1024
    /// The most buffers in one vectored write; the kernel accepts 1,024.
    package static let writeBuffers = 256
    /// How long a turn of catching up, or of searching rooms, may take before the loop polls its sockets again.
    package static let turnMilliseconds: Int64 = 10
    /// Events examined between two readings of the clock.
    package static let turnClockEvents = 16
    /// The most bytes offered to one subscriber in a turn before other subscribers have theirs.
    package static let turnBytes = 256 * 1024
    /// The most events examined for one subscriber in a turn, matching or not.
    package static let turnEvents = 4_096
    /// The most subscribers behind the head that have a turn before the loop polls its sockets again.
    package static let turnSubscribers = 64
    /// The most pages of the journal that one loop has requested at a time.
    package static let waitingPages = 4
    /// The most waiting reads of the journal, of all loops.
    package static let waitingReads = 256
    /// The time that a loop needs to accept a connection and read its request, until it is measured.
    package static let plainReconnectMicroseconds: Int64 = 200
    /// The same time with a TLS handshake.
    package static let secureReconnectMicroseconds: Int64 = 1_000
    /// If all clients can reconnect within this time, their reconnects are not spread any further.
    package static let smallestSpreadMilliseconds: Int64 = 250
    /// The most commands that a loop handles from its mailbox in one turn.
    package static let mailboxCommands = 1_024
}
