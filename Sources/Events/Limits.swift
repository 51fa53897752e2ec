public import Wire

// Every bound that is not a setting; those of the wire's forms are in Wire. Each name says its unit.
extension Limits {
    // Reading

    /// The largest webhook body. LiveKit's may pass 1 MiB: metadata and attributes of room and participant.
    public static let webhookBodyBytes = 2 * 1024 * 1024
    /// The largest body of any other request.
    public static let otherBodyBytes = 64 * 1024
    /// A body over its limit that has no more bytes than this is read and dropped before it is answered 413, since a
    /// proxy that has passed such an answer on early resets its client's HTTP/2 stream.
    public static let droppedBodyBytes = 8 * 1024 * 1024
    /// Ordinary connections that one address may have open in any case.
    public static let addressConnections = 64
    /// Request line and headers of one request.
    public static let requestHeaderBytes = 32 * 1024
    /// How long a client may take from a request's first byte to its last.
    public static let requestSeconds = 15
    /// How long a client may take from connecting to the end of its TLS handshake.
    public static let handshakeSeconds = 10
    /// How long an ordinary connection may idle between requests.
    public static let keepAliveSeconds = 75
    /// A name in a webhook or an administrator's order: a room, an id, a user.
    public static let nameBytes = 512
    /// A segment of a path, decoded or not, and the name of a query parameter.
    public static let segmentBytes = 256
    /// A pattern, as filters, tokens and settings have it: names that anybody matches are far shorter.
    public static let patternBytes = 256
    /// Stars in a pattern.
    public static let patternStars = 8
    /// How many `room=`, `type=`, `source=` or `participant=` values one stream may name.
    public static let filterPatterns = 64

    // Signatures and secrets of webhooks

    /// Codes that one webhook may list, of which one must be right: several during a rotation of the sender's secret.
    public static let listedCodes = 10
    /// The same for Ed25519, where each listed signature is verified by itself over the whole body.
    public static let listedCurveSignatures = 3
    /// Secrets of one source: a webhook that none of them signed costs one code over its body for each.
    public static let sourceSecrets = 8
    /// A secret with fewer bytes can be guessed.
    public static let strongSecretBytes = 16
    /// Names that a source's `redact` may add.
    public static let redactedNames = 64

    // Who may read

    /// The shortest secret of HS256 tokens: as long as the hash (RFC 7518, section 3.2).
    public static let tokenSecretBytes = 32
    /// Keys of one issuer; a larger key set is refused.
    public static let issuerKeys = 128
    /// A key set that is fetched: 128 keys with their certificates are well below it.
    public static let keySetBytes = 512 * 1024
    /// How long fetching a key set may take, from the name's look-up to the last byte.
    public static let keyFetchMilliseconds = 10_000
    /// Tokens with an unknown key have an issuer's keys fetched once in this time, however many there are. It is also
    /// when a fetch that failed is tried again for the first time.
    public static let keyDemandMilliseconds: Int64 = 5_000
    /// The longest between two tries of a fetch that keeps failing.
    public static let keyRetryMilliseconds: Int64 = 60_000
    /// No answer's `max-age` has keys fetched anew sooner than this.
    public static let keyFreshMilliseconds: Int64 = 60_000
    /// How long a request waits at most for keys: for its turn, and for the fetch.
    public static let keyWaitMilliseconds = keyDemandMilliseconds + Int64(keyFetchMilliseconds) + 1_000
    /// Requests that wait for keys, in all.
    public static let keyWaiters = 1_024
    /// How long a ticket waits to be used.
    public static let ticketSeconds = 30
    /// Tickets that wait to be used, in all.
    public static let waitingTickets = 50_000
    /// Tickets of one user that wait to be used.
    public static let waitingUserTickets = 32
    /// When to come back after a cap on open streams: nobody knows when one of them ends.
    public static let capRetrySeconds = 5
    /// How often a token or ticket may fail from one address before it is slowed there.
    public static let freeFailures = 10
    /// How many different ones may fail from one address before the address is slowed: many people may share it.
    public static let freeAddressFailures = 100
    /// How soon a failure is forgiven.
    public static let failureSeconds = 2
    /// What a token of a shared secret that fails takes from its address's budget of verifications: 5,000 a second.
    public static let symmetricVerificationMicroseconds: Int64 = 200
    /// The same for each public key that is tried: 200 a second.
    public static let publicVerificationMicroseconds: Int64 = 5_000
    /// The budget of an address that has been quiet: a second's worth of guesses five times over.
    public static let verificationBurstMicroseconds: Int64 = 5_000_000
    /// Addresses whose failures are remembered, and as many tokens and tickets.
    public static let failingAddresses = 20_000
    /// Tokens and tickets that were good lately, of which only a hash is kept; twice as many at most.
    public static let rememberedCredentials = 20_000
    /// A file of the data folder with one secret in it.
    public static let secretFileBytes = 4 * 1024
    /// The file of revocations: each is below 2 KiB.
    public static let revocationFileBytes = 256 * 1024 * 1024
    /// Users and token ids that are revoked at one time.
    public static let revocations = 100_000

    /// When a stream that made room for a newer one of its user should come back: at once it would push out the next.
    public static let replacedRetryMilliseconds: Int64 = 60_000
    /// Streams or revocations in one answer of the admin API.
    public static let listedEntries = 1_000
    /// The same where the request does not say.
    public static let usualListedEntries = 100
    /// How long one loop waits for what the others know.
    public static let gatherMilliseconds: Int64 = 2_000

    /// Refused webhooks that an operator can look at.
    public static let keptRejects = 100
    /// How often the log says that a proxy is not named in the settings.
    public static let forwardingNoticeMilliseconds: Int64 = 60_000
    /// How often one source's accepted webhooks have a line in the log.
    public static let acceptedWebhooksMilliseconds: Int64 = 10_000
    /// Lines a second in the log about what strangers cause.
    public static let strangerLogLines = 5

    /// Events that `tail=` may ask for.
    public static let tailEvents = 1_000_000
    /// Events that `limit=` may ask for.
    public static let limitEvents = 1_000_000
    /// How long `wait=` may hold a poll.
    public static let longPollMilliseconds = 60_000

    /// When a page comes back by itself that was refused for good: EventSource knows no way to stay away.
    public static let finalRefusalRetrySeconds = 3_600
    /// Headers that one preflight is allowed.
    public static let preflightHeaders = 64
    /// The longest name of a header that a preflight is allowed.
    public static let preflightHeaderBytes = 64

    /// Pages and lists of rooms that one user may have under way, from the request until the socket has taken the
    /// whole answer.
    public static let userAnswers = 16
    /// Bytes of answers that are being made, or wait for their clients to read them, in the whole process. Requests
    /// without a token may use half of it.
    public static let unsentAnswerBytes = 128 * 1024 * 1024
    /// An answer of at most so many bytes is not counted: the socket takes it at once.
    public static let smallAnswerBytes = 4 * 1024
    /// Rooms among which a request's are looked for at once; for more it waits for the loop's next turn.
    public static let roomsAtOnce = 64
    /// Bytes of rooms' JSON that one loop keeps for the next request.
    public static let keptRoomBytes = 64 * 1024 * 1024

    /// Files kept free of streams: the log, listeners, and connections that bring webhooks and questions.
    public static let reservedFiles = 200

    /// With fewer open files than this the relay does not start: nothing would be left for streams.
    public static let leastOpenFiles = reservedFiles + 56

    // Watching over itself

    /// How often the relay looks after its own loops.
    public static let watchMilliseconds = 250
    /// How often a canary is sent through ingest, log and loops.
    public static let canaryMilliseconds: Int64 = 2_000
    /// How old the last canary may be while the relay counts as ready.
    public static let readyMilliseconds: Int64 = 10_000
    /// How long a loop may not turn before the log says so.
    public static let stalledLoopMilliseconds: Int64 = 2_000
    /// The time for which the worst lag of a loop is shown.
    public static let lagWindowMilliseconds: Int64 = 5_000
    /// Bytes of log lines that wait to be written; more are dropped and counted.
    public static let waitingLogBytes = 4 * 1024 * 1024
    /// How long a line waits for others to be written with it.
    public static let logGatheringMilliseconds = 20
    /// How long the end of the process waits for the log's last lines to be taken.
    public static let logFlushMilliseconds = 2_000
    /// What of a request's path, or of a user's name, stands in the log.
    public static let loggedTextBytes = 256
    /// The longest name of any kind that a client sent which stands in the log: tickets and tokens are longer.
    public static let loggedNameBytes = 20
    /// The longest run of letters and digits in an origin that stands there: hosts of previews have hashes in them.
    public static let loggedLabelBytes = 40
    /// The longest run of letters and digits in a longer name that stands there.
    public static let loggedWordBytes = 12

    // Diagnosis

    /// Frames that one diagnosis may ask for.
    public static let diagnosticFrames = 600
    /// Bytes of the one large frame of a diagnosis.
    public static let diagnosticFrameBytes = 256 * 1024
    /// How long a diagnosis may be silent, and how far its frames may be apart.
    public static let diagnosticQuietMilliseconds = 600_000

    // The log

    /// Webhooks that wait for a commit; one more is answered 503.
    public static let waitingAppends = 20_000
    /// Events in one transaction; what waits longer goes into the next.
    public static let commitEvents = 2_000
    /// Bytes of bodies in one transaction, unless the first is larger by itself. The write-ahead log holds all of it.
    public static let commitBytes = 2 * 1024 * 1024
    /// From the start of one commit to that of the next at most, while several drafts come in that time. With 1,000
    /// a webhook costs a sixth more at 10,000 a second, with 2,000 its answer comes 0.3 ms later.
    public static let gatheringMicroseconds = 1_500
    /// What each draft of a commit adds to that time: above some 2,000 drafts a second it is the whole.
    public static let gatheringDraftMicroseconds = 500
    /// Pages of SQLite in its write-ahead log from which on they are copied into its file, beside the writer. Few,
    /// since commits wait for the disk while it takes them: at 10,000 webhooks a second the slowest hundredth of
    /// answers takes 4 ms with 300, 5 to 6 with 1,000, and 7 if the writer's commits copy.
    public static let walCheckpointPages = 300
    /// Pages that the writer copies itself in the end, between two commits.
    public static let walRestPages = 64
    /// Pages in the write-ahead log from which on the writer's commits copy them, whatever that takes: 64 MiB. A
    /// quarter of `log.retention.bytes` if that is less.
    public static let walPages = 16_384
    /// The same at least: 4 MiB.
    public static let leastWALPages = 1_024
    /// What the log's files may take beyond two and a half times `log.retention.bytes`.
    public static let diskSlackBytes = 32 * 1024 * 1024
    /// Bytes beyond retention's, or a sixteenth of these if that is more, from which on removing events does not wait
    /// for its time.
    public static let overfullBytes = 1024 * 1024
    /// Events in one page read back from the log.
    public static let pageEvents = 500
    /// Bytes in one page read back from the log, unless its first event is larger by itself.
    public static let pageBytes = 1024 * 1024
    /// Events deleted by one step of retention, so that ingest never waits long for it.
    public static let trimEvents = 500
    /// A change of the wall clock beyond this, between two looks at it, is a step and no slow correction.
    public static let clockJumpMilliseconds: Int64 = 2_000
    /// How long the wall clock must not have stepped before retention goes by it.
    public static let steadyClockMilliseconds: Int64 = 60_000
    /// Points in time that retention remembers for the events of this run.
    public static let commitMarks = 4_096
    /// What an event counts towards the bytes of retention beyond its texts: its rows and its dedupe entry.
    public static let eventOverheadBytes = 128
    /// Events after which the rooms are saved beside the log, so that a restart replays no more than these.
    public static let checkpointEvents = 10_000
    /// Damaged places of the log that are told apart.
    public static let damagedPlaces = 64
    /// How often the log tells of a place that stays damaged.
    public static let damageNoticeMilliseconds: Int64 = 3_600_000
    /// How often the log is looked after while nothing is appended.
    public static let upkeepMilliseconds = 1_000

    // Room state

    /// Leaves without their join, and synthetic ones without their real twin, that are remembered in all.
    public static let rememberedDepartures = 4_096
    /// Sessions of rooms whose finish is remembered in all, so that what comes after it is known to be late.
    public static let rememberedFinishes = 4_096
    /// Events of one batch of finishes of rooms that nothing was heard from; a room with more participants is a batch
    /// by itself. Ingest never waits longer than for one batch.
    public static let staleRoomEvents = 500
    /// Participants in all whose tracks are remembered until their join comes.
    public static let rememberedEarlyParticipants = 1_024
    /// Tracks of one of them.
    public static let earlyTracks = 64
    /// How long before the start of a session somebody may have joined and still belong to it: Daily dates the
    /// start and the first join apart.
    public static let sessionStartSlackMilliseconds: Int64 = 2_000

    // Fan-out

    /// Recent events kept in memory for subscribers that lag a little.
    public static let ringEvents = 16_384
    /// Bytes of recent events kept in memory.
    public static let ringBytes = 64 * 1024 * 1024
    /// Buffers in one writev; the kernel takes 1,024.
    public static let writeBuffers = 256
    /// How long a turn of catching up, or of looking for rooms, may take before the loop looks at its sockets again.
    public static let turnMilliseconds: Int64 = 10
    /// Events looked at between two looks at the clock.
    public static let turnClockEvents = 16
    /// Bytes offered to one subscriber in a turn before others have theirs.
    public static let turnBytes = 256 * 1024
    /// Events looked at for one subscriber in a turn, matching or not.
    public static let turnEvents = 4_096
    /// Subscribers that are behind and have their turns before the loop looks at its sockets again.
    public static let turnSubscribers = 64
    /// Pages of the log that one loop has under way for its subscribers that are behind.
    public static let waitingPages = 4
    /// Reads of the log that wait for a reader, of all loops.
    public static let waitingReads = 256
    /// What it takes a loop to accept a connection and read its request, where that is not measured.
    public static let plainReconnectMicroseconds: Int64 = 200
    /// The same with a TLS handshake.
    public static let secureReconnectMicroseconds: Int64 = 1_000
    /// Clients that can come back within this time are not spread any further.
    public static let smallestSpreadMilliseconds: Int64 = 250
    /// Commands a loop takes from its mailbox in one turn.
    public static let mailboxCommands = 1_024
}
