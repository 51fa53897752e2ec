public import Wire

// Every bound that is not a setting; those of the wire's formats are in Wire. Each name includes its unit.
extension Limits {
    // Requests and connections

    /// The largest webhook body. LiveKit's may exceed 1 MiB because of the metadata and attributes of room and
    /// participant.
    public static let webhookBodyBytes = 2 * 1024 * 1024
    /// The largest body of any other request.
    public static let otherBodyBytes = 64 * 1024
    /// A body that is over its limit, but not over this one, is read and dropped before it is answered 413: a proxy
    /// that passes an earlier answer on resets its client's HTTP/2 stream.
    public static let droppedBodyBytes = 8 * 1024 * 1024
    /// Connections without streams that one address may always have open.
    public static let addressConnections = 64
    /// The most bytes of request line and headers.
    public static let requestHeaderBytes = 32 * 1024
    /// How long a client may take from a request's first byte to its last.
    public static let requestSeconds = 15
    /// How long a client may take from connecting to the end of its TLS handshake.
    public static let handshakeSeconds = 10
    /// How long a connection without a stream may be idle between requests.
    public static let keepAliveSeconds = 75
    /// The most bytes of a name (of a room, an id, a user) in a webhook or an admin request.
    public static let nameBytes = 512
    /// The most bytes of a segment of a path, decoded or not, and of the name of a query parameter.
    public static let segmentBytes = 256
    /// The most bytes of a pattern in filters, tokens and settings. Useful names are far shorter.
    public static let patternBytes = 256
    /// The most stars in a pattern.
    public static let patternStars = 8
    /// The most `room=`, `type=`, `source=` or `participant=` values of one stream.
    public static let filterPatterns = 64

    // Signatures and secrets of webhooks

    /// The most codes that one webhook may list, of which one must be right: there are several while the sender rotates
    /// its secret.
    public static let listedCodes = 10
    /// The most Ed25519 signatures that one webhook may list. Each is verified separately over the whole body.
    public static let listedCurveSignatures = 3
    /// The most secrets of one source. A forged webhook costs one code over its body for each.
    public static let sourceSecrets = 8
    /// A secret with fewer bytes than this can be guessed.
    public static let strongSecretBytes = 16
    /// The most names that a source's `redact` may add.
    public static let redactedNames = 64

    // Tokens, tickets and keys

    /// The shortest secret of HS256 tokens: as long as the hash (RFC 7518, section 3.2).
    public static let tokenSecretBytes = 32
    /// The most keys of one issuer; a larger key set is refused.
    public static let issuerKeys = 128
    /// The most bytes of a fetched key set: 128 keys with their certificates are well below it.
    public static let keySetBytes = 512 * 1024
    /// The longest time to fetch a key set, from the DNS lookup to the last byte.
    public static let keyFetchMilliseconds = 10_000
    /// The shortest time between two fetches that tokens with an unknown key cause, however many tokens there are. Also
    /// the time before the first retry of a failed fetch.
    public static let keyDemandMilliseconds: Int64 = 5_000
    /// The longest time between two retries of a fetch that keeps failing.
    public static let keyRetryMilliseconds: Int64 = 60_000
    /// The shortest time after which keys are fetched again because of an answer's `max-age`.
    public static let keyFreshMilliseconds: Int64 = 60_000
    /// The longest time that a request waits for keys: for its turn, and for the fetch.
    public static let keyWaitMilliseconds = keyDemandMilliseconds + Int64(keyFetchMilliseconds) + 1_000
    /// The most requests of the process that wait for keys.
    public static let keyWaiters = 1_024
    /// How long a ticket is valid before it is used.
    public static let ticketSeconds = 30
    /// The most unused tickets of the process.
    public static let waitingTickets = 50_000
    /// The most unused tickets of one user.
    public static let waitingUserTickets = 32
    /// The `Retry-After` of a refusal because of a cap on open streams. When one of them ends is not known.
    public static let capRetrySeconds = 5
    /// How often one token or ticket may fail from one address before its requests are slowed.
    public static let freeFailures = 10
    /// How many different tokens or tickets may fail from one address before the address is slowed. Many people may
    /// share an address, so it is larger.
    public static let freeAddressFailures = 100
    /// One failure is forgiven in this time.
    public static let failureSeconds = 2
    /// The cost of a failed token of a shared secret, from its address's budget of verifications: 5,000 a second.
    public static let symmetricVerificationMicroseconds: Int64 = 200
    /// The cost of each public key that is tried: 200 a second.
    public static let publicVerificationMicroseconds: Int64 = 5_000
    /// The full budget of an address: five seconds of guesses.
    public static let verificationBurstMicroseconds: Int64 = 5_000_000
    /// The most addresses whose failures are remembered, and the most tokens and tickets.
    public static let failingAddresses = 20_000
    /// Recently valid tokens and tickets, of which only a hash is stored; at most twice as many.
    public static let rememberedCredentials = 20_000
    /// The most bytes of a file with one secret in the data folder.
    public static let secretFileBytes = 4 * 1024
    /// The most bytes of the file of revocations. Each revocation has less than 2 KiB.
    public static let revocationFileBytes = 256 * 1024 * 1024
    /// The most users and token ids that are revoked at one time.
    public static let revocations = 100_000

    /// When a stream that a newer one of its user has replaced should reconnect. At once, it would replace the next
    /// one.
    public static let replacedRetryMilliseconds: Int64 = 60_000
    /// The most streams or revocations in one answer of the admin API.
    public static let listedEntries = 1_000
    /// The number of entries if the request does not give one.
    public static let usualListedEntries = 100
    /// How long one loop waits for the other loops' answers.
    public static let gatherMilliseconds: Int64 = 2_000

    /// Refused webhooks that are stored for the operator.
    public static let keptRejects = 100
    /// The shortest time between two log lines about a proxy that is not named in the settings.
    public static let forwardingNoticeMilliseconds: Int64 = 60_000
    /// The interval of the log line about one source's accepted webhooks.
    public static let acceptedWebhooksMilliseconds: Int64 = 10_000
    /// The most log lines a second about requests without a valid token or signature.
    public static let strangerLogLines = 5

    /// The largest `tail=`.
    public static let tailEvents = 1_000_000
    /// The largest `limit=`.
    public static let limitEvents = 1_000_000
    /// The longest `wait=` of a poll.
    public static let longPollMilliseconds = 60_000

    /// The `retry` of a final refusal: EventSource always reconnects, so it is told to do so late.
    public static let finalRefusalRetrySeconds = 3_600
    /// The most headers that one preflight is allowed.
    public static let preflightHeaders = 64
    /// The longest name of a header that a preflight is allowed.
    public static let preflightHeaderBytes = 64

    /// The most pages and lists of rooms that one user may have under way, from the request until the socket has
    /// accepted the whole answer.
    public static let userAnswers = 16
    /// The most bytes of answers in the whole process that are being built, or that their clients have not read yet.
    /// Requests without a token may use half of it.
    public static let unsentAnswerBytes = 128 * 1024 * 1024
    /// An answer of at most this many bytes is not counted: the socket accepts it at once.
    public static let smallAnswerBytes = 4 * 1024
    /// The most rooms that are searched at once for a request. For more, the request waits for the loop's next turn.
    public static let roomsAtOnce = 64
    /// The most bytes of rooms' JSON that one loop caches for the next request.
    public static let keptRoomBytes = 64 * 1024 * 1024

    /// Open files reserved for the journal, listeners, and connections without streams.
    public static let reservedFiles = 200

    /// With fewer open files than this the relay does not start, because too few would be left for streams.
    public static let leastOpenFiles = reservedFiles + 56

    // Self-monitoring

    /// The interval at which the relay checks its own loops.
    public static let watchMilliseconds = 250
    /// The interval of canaries through ingest, journal and loops.
    public static let canaryMilliseconds: Int64 = 2_000
    /// The greatest age of the last canary at which the relay is ready.
    public static let readyMilliseconds: Int64 = 10_000
    /// How long a loop may stall before the log reports it.
    public static let stalledLoopMilliseconds: Int64 = 2_000
    /// The window over which the worst lag of a loop is reported.
    public static let lagWindowMilliseconds: Int64 = 5_000
    /// The most bytes of unwritten log lines; more are dropped and counted.
    public static let waitingLogBytes = 4 * 1024 * 1024
    /// How long a log line waits for others to be written with it.
    public static let logGatheringMilliseconds = 20
    /// How long the process waits at its end until the last log lines are written.
    public static let logFlushMilliseconds = 2_000
    /// The most bytes of a request's path, or of a user's name, in the log.
    public static let loggedTextBytes = 256
    /// The longest name sent by a client that is written to the log; tickets and tokens are longer.
    public static let loggedNameBytes = 20
    /// The longest run of letters and digits of an origin that is written to the log: hosts of previews contain hashes.
    public static let loggedLabelBytes = 40
    /// The longest run of letters and digits within a longer name that is written to the log.
    public static let loggedWordBytes = 12

    // Diagnosis

    /// The most frames of one diagnosis.
    public static let diagnosticFrames = 600
    /// The bytes of the large frame of a diagnosis.
    public static let diagnosticFrameBytes = 256 * 1024
    /// The longest silence of a diagnosis, and the longest interval between its frames.
    public static let diagnosticQuietMilliseconds = 600_000

    // The journal

    /// The most webhooks that wait for a commit; a further one is answered 503.
    public static let waitingAppends = 20_000
    /// The most events in one transaction; the others wait for the next one.
    public static let commitEvents = 2_000
    /// The most bytes of bodies in one transaction, unless the first alone is larger. The write-ahead log holds all of it.
    public static let commitBytes = 2 * 1024 * 1024
    /// The longest time between the starts of two commits while several drafts arrive in that time. With 1,000 a
    /// webhook costs a sixth more at 10,000 a second; with 2,000 its answer is 0.3 ms later.
    public static let gatheringMicroseconds = 1_500
    /// The part of that time that each draft of a commit adds: above some 2,000 drafts a second it is the whole.
    public static let gatheringDraftMicroseconds = 500
    /// With this many pages in SQLite's write-ahead log, another thread copies them into the database file. Few, since
    /// commits wait while the disk writes them: at 10,000 webhooks a second the slowest hundredth of answers takes 4 ms
    /// with 300, 5 to 6 with 1,000, and 7 if the writer's commits copy.
    public static let walCheckpointPages = 300
    /// The last pages, which the writer itself copies between two commits.
    public static let walRestPages = 64
    /// With this many pages in the write-ahead log, the writer's commits copy them, however long that takes: 64 MiB. A
    /// quarter of `log.retention.bytes` if that is less.
    public static let walPages = 16_384
    /// The least number of pages that the bound above may be: 4 MiB.
    public static let leastWALPages = 1_024
    /// The bytes that the journal's files may take beyond two and a half times `log.retention.bytes`.
    public static let diskSlackBytes = 32 * 1024 * 1024
    /// With this many bytes beyond retention's, or a sixteenth of these if that is more, events are removed at once
    /// instead of at the next upkeep.
    public static let overfullBytes = 1024 * 1024
    /// The most events in one page read from the journal.
    public static let pageEvents = 500
    /// The most bytes in one page read from the journal, unless its first event alone is larger.
    public static let pageBytes = 1024 * 1024
    /// The most events that one step of retention deletes, so that ingest never waits long for it.
    public static let trimEvents = 500
    /// A change of the wall clock of more than this between two readings is a step and not a slow correction.
    public static let clockJumpMilliseconds: Int64 = 2_000
    /// How long the wall clock must have made no step before retention goes by it.
    public static let steadyClockMilliseconds: Int64 = 60_000
    /// The most points in time that retention remembers for the events of this run.
    public static let commitMarks = 4_096
    /// Bytes that an event counts towards retention beyond its texts: for its rows and its dedupe entry.
    public static let eventOverheadBytes = 128
    /// The rooms are saved after this many events, so that a restart replays no more than these.
    public static let checkpointEvents = 10_000
    /// The most damaged places of the journal that are reported apart.
    public static let damagedPlaces = 64
    /// The interval at which the log repeats a place that stays damaged.
    public static let damageNoticeMilliseconds: Int64 = 3_600_000
    /// The interval of the journal's upkeep while nothing is appended.
    public static let upkeepMilliseconds = 1_000

    // Room state

    /// The most leaves without their join, and synthetic leaves without their real twin, that are remembered.
    public static let rememberedDepartures = 4_096
    /// The most room sessions whose finish is remembered, so that later events of the session are recognised as late.
    public static let rememberedFinishes = 4_096
    /// The most events in one batch of finishes of silent rooms; a room with more participants is a batch by itself.
    /// Ingest never waits for more than one batch.
    public static let staleRoomEvents = 500
    /// The most participants whose tracks are remembered before their join arrives.
    public static let rememberedEarlyParticipants = 1_024
    /// The most tracks of one such participant.
    public static let earlyTracks = 64
    /// How long before the start of a session a participant may have joined and still belong to it: Daily gives the
    /// start and the first join different times.
    public static let sessionStartSlackMilliseconds: Int64 = 2_000

    // Fan-out

    /// The most recent events in memory, for subscribers that lag a little.
    public static let ringEvents = 16_384
    /// The most bytes of recent events in memory.
    public static let ringBytes = 64 * 1024 * 1024
    /// The most buffers in one vectored write; the kernel accepts 1,024.
    public static let writeBuffers = 256
    /// How long a turn of catching up, or of searching rooms, may take before the loop polls its sockets again.
    public static let turnMilliseconds: Int64 = 10
    /// Events examined between two readings of the clock.
    public static let turnClockEvents = 16
    /// The most bytes offered to one subscriber in a turn before other subscribers have theirs.
    public static let turnBytes = 256 * 1024
    /// The most events examined for one subscriber in a turn, matching or not.
    public static let turnEvents = 4_096
    /// The most subscribers behind the head that have a turn before the loop polls its sockets again.
    public static let turnSubscribers = 64
    /// The most pages of the journal that one loop has requested at a time.
    public static let waitingPages = 4
    /// The most waiting reads of the journal, of all loops.
    public static let waitingReads = 256
    /// The time that a loop needs to accept a connection and read its request, until it is measured.
    public static let plainReconnectMicroseconds: Int64 = 200
    /// The same time with a TLS handshake.
    public static let secureReconnectMicroseconds: Int64 = 1_000
    /// If all clients can reconnect within this time, their reconnects are not spread any further.
    public static let smallestSpreadMilliseconds: Int64 = 250
    /// The most commands that a loop handles from its mailbox in one turn.
    public static let mailboxCommands = 1_024
}
