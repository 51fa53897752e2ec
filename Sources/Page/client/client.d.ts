// Types of client.js. What follows the line "// The messages of a roomwire stream." is the relay's own
// `/api/schema/roomwire.d.ts`, letter by letter: a test compares the two.

/** Which events: patterns with `*` for any characters. Undefined is all. */
export interface EventFilter {
  /** Names of rooms. With some, events that name no room do not come. */
  rooms?: string | readonly string[];
  /** Types of events, such as `participant_*`. */
  types?: string | readonly string[];
  /** Names of sources. */
  sources?: string | readonly string[];
  /** Identities: only events of these participants. */
  participants?: string | readonly string[];
}

/** What a handler gets: the relay's events, and those of a page's own types, named by `Custom`. */
export type ClientEvent<Custom extends RoomwireCustomEvent = never> = RoomwireEvent | Custom;

export interface ConnectOptions<Custom extends RoomwireCustomEvent = never> extends EventFilter {
  /** The relay's origin. Default: where this module came from. */
  url?: string;
  /** The path of its API. Default: `/api`. */
  prefix?: string;
  /**
   * Gives a token, freshly made by your backend. Called at the start, before a token ends, and after a refusal. If it
   * fails, takes more than 30 seconds or gives no token (a page for signing in, perhaps), it is called again later.
   */
  getToken?: () => string | Promise<string>;
  /** A token that is never renewed. Without `token` and `getToken` the cookie `roomwire` is relied on. */
  token?: string;
  /** Called with every event within the filter, once, in order. */
  onEvent?: (event: ClientEvent<Custom>) => void;
  /** Called with every change of `client.state`. */
  onState?: (state: ConnectionState) => void;
  /**
   * Called when events were missed for good. What the page has made of events must be fetched anew; `client.rooms` has
   * been, and events go on from now.
   */
  onResync?: (resync: { reason: "expired" | "unknown" | "malformed" }) => void;
  /** Whether `client.rooms` is kept. Default: true. Without it less is received where `types` are named. */
  state?: boolean;
  /** Whether the tabs of this origin share one connection. Default: true. */
  share?: boolean;
  /** Whether a reload goes on where the page was, by `sessionStorage`, for up to ten minutes. Default: true. */
  resume?: boolean;
  /** How long a stream may take to begin before it is taken for held back. Default: 8000. */
  patienceMs?: number;
  /** How long the client polls before it tries a stream again; each time twice as long. Default: 30000. */
  streamRetryMs?: number;
}

export interface ConnectionState {
  /**
   * `connecting`: not yet connected. `live`: events come as they happen. `catching-up`: missed events come.
   * `polling`: streams do not get through, and events come by long polling. `reconnecting`: `retryAt` says when.
   * `expired`, `refused`: the token has ended, or the request or its token was refused; without `retryAt` the
   * client has given up, until `reconnect()`. `closed`: by `close()`.
   */
  readonly status:
    | "connecting" | "live" | "catching-up" | "polling" | "reconnecting" | "expired" | "refused" | "closed";
  /** How events come; null while they do not. */
  readonly transport: "stream" | "polling" | null;
  /** Whether this tab holds the connection for all tabs. */
  readonly leader: boolean;
  /**
   * Why there is no connection: the relay's word, or `network`, `silent` (nothing came for too long), `ended` (the
   * connection broke), `not_the_relay` (a page or something else that is not the relay's), `redirected` (to another
   * address, which is not followed), `http_502` and the like, `no_token` (`getToken` failed), `resync` (the relay
   * says `resync` again and again).
   */
  readonly reason?: string;
  /** Why, in the words of the relay, the browser or `getToken`. Show it as text, never as HTML. */
  readonly detail?: string;
  /** When the client tries again, in milliseconds since 1970. Never later than about an hour. */
  readonly retryAt?: number;
  /**
   * When the connection ends with its token, in milliseconds since 1970 by the relay's clock; absent until a stream has
   * opened. With `getToken` the client renews it before.
   */
  readonly expiresAt?: number;
  /** Whose token it is. */
  readonly user?: string;
  /** About how many streams receive the same events. */
  readonly listeners?: number;
}

/** The open rooms. It fits React's `useSyncExternalStore` and is a store of Svelte. */
export interface RoomStore {
  /** All open rooms, by name: the same array until one changes. */
  get(): readonly RoomState[];
  /** A room, or undefined if it is not open: the same object until it changes. Name the source if several have it. */
  get(name: string, source?: string): RoomState | undefined;
  /** Calls the watcher now and after every change, until the returned function is called. */
  subscribe(watcher: (rooms: readonly RoomState[]) => void): () => void;
}

export interface RoomwireClient<Custom extends RoomwireCustomEvent = never> {
  readonly state: ConnectionState;
  readonly transport: "stream" | "polling" | null;
  /** When bytes came last, in milliseconds since 1970 by this machine's clock; 0 for never. */
  readonly lastSeen: number;
  readonly rooms: RoomStore;
  /** Settles when `rooms` has been filled for the first time. */
  readonly ready: Promise<void>;
  /** Further events: `filter` replaces what it names of the client's own filter. Returns a function that ends it. */
  listen(filter: EventFilter | undefined, handler: (event: ClientEvent<Custom>) => void): () => void;
  on(name: "state", handler: (state: ConnectionState) => void): () => void;
  on(name: "resync", handler: (resync: { reason: "expired" | "unknown" | "malformed" }) => void): () => void;
  /** Tries to connect now, after a refusal too. */
  reconnect(): void;
  /** Ends the connection for this page; another tab goes on with it. */
  close(): void;
}

/** Connects a page with a relay. */
export function connect<Custom extends RoomwireCustomEvent = never>(
  options?: ConnectOptions<Custom>,
): RoomwireClient<Custom>;

// The messages of a roomwire stream.

/** What an event tells beyond its envelope. Absent stays absent. */
export interface EventData {
  /** The room it happened in. */
  room?: Room;
  /** Whom it concerns. */
  participant?: Participant;
  /** The track it concerns. */
  track?: Track;
  /** The recording it concerns. */
  recording?: Activity;
  /** The live stream it concerns. */
  stream?: Activity;
  /** The media from outside. */
  ingress?: Activity;
  /** The transcript it concerns. */
  transcript?: Activity;
  /** The agent's or batch job. */
  job?: Activity;
  /** The dial-in or dial-out. */
  call?: Call;
  /** The user who is present, or was. */
  member?: Member;
  /** The provider's own name of the event. */
  providerEvent?: string;
  [other: string]: unknown;
}

/** A room as an event describes it. */
export interface Room {
  /** The name under which clients join it. */
  name: string;
  /** The provider's id of this one session of the room. */
  id?: string;
  /** When this session began. */
  startedAt?: string;
  /** When it ended. */
  endedAt?: string;
  /** How long it lasted. */
  durationSeconds?: number;
  /** What the application attached to it. */
  metadata?: string;
  /** Why it ended, lower case. */
  endReason?: string;
  [other: string]: unknown;
}

/** Somebody or something in a room. */
export interface Participant {
  /** One connection: a reload makes a new one. */
  id: string;
  /** The user behind it, as the application named them. */
  identity?: string;
  /** The name to show. */
  name?: string;
  /** standard for people; else agent, sip, ingress, egress, recorder, and so on. */
  kind: string;
  /** When this connection joined. */
  joinedAt?: string;
  /** When it left. */
  leftAt?: string;
  /** How long it stayed. */
  durationSeconds?: number;
  /** Why it left, lower case. */
  leaveReason?: string;
  /** Whether it has the rights of an owner. */
  isOwner?: boolean;
  /** good, warning, bad or unknown. */
  networkQuality?: string;
  /** What the application attached to it. */
  metadata?: string;
  /** Name and value. */
  attributes?: Record<string, string>;
  /** What the provider lets it do, in the provider's words. */
  permissions?: unknown;
  [other: string]: unknown;
}

/** A published track. */
export interface Track {
  /** The provider's id of the track. */
  id: string;
  /** audio, video or data. */
  kind: string;
  /** camera, microphone, screen_share or screen_share_audio. */
  source?: string;
  /** The name that the publisher gave it. */
  name?: string;
  /** Whether it was muted when it was published. */
  muted: boolean;
  /** The codec, as in video/VP8. */
  mimeType?: string;
  [other: string]: unknown;
}

/** Something that goes on for a while: a recording, a stream, a transcript, a job. */
export interface Activity {
  /** The provider's id of it. */
  id: string;
  /** Where it stands, lower case: starting, active, complete, failed, and so on. */
  status: string;
  /** When it began. */
  startedAt?: string;
  /** When it ended. */
  endedAt?: string;
  /** How long it is. */
  durationSeconds?: number;
  /** Why it failed. */
  error?: string;
  [other: string]: unknown;
}

/** A dial-in or dial-out. */
export interface Call {
  /** The provider's id of the caller's session. */
  id?: string;
  /** Who dialled. */
  direction: "in" | "out";
  /** The provider's word for what happened: connected, stopped, and so on. */
  status?: string;
  /** Where the call comes from, in the provider's words. */
  origin?: string;
  /** The caller's name. */
  participantName?: string;
  /** The caller's identity. */
  participantIdentity?: string;
  /** Why it failed. */
  error?: string;
  [other: string]: unknown;
}

/** A user who is present in a room through streams of their own. */
export interface Member {
  /** The user, as the issuer of the token names them. */
  user: string;
  /** Whose key signed the user's token: users of two issuers are two members. */
  issuer: string;
  /** What the user shows: an object with members of the user's own choice. */
  state: Record<string, unknown>;
  /** When the user came into the room. */
  since: string;
  /** How many of the user's streams held the membership when this was told. */
  streams: number;
  /** Why the member left; only in `member_left`. */
  reason?: "left" | "timeout" | "revoked" | "restart" | "closed";
  [other: string]: unknown;
}

/** An open room and who is inside. */
export interface RoomState {
  /** The name under which clients join it. */
  name: string;
  /** The provider's id of this one session of the room. */
  id?: string;
  /** When this session began. */
  startedAt?: string;
  /** When it ended. */
  endedAt?: string;
  /** How long it lasted. */
  durationSeconds?: number;
  /** What the application attached to it. */
  metadata?: string;
  /** Why it ended, lower case. */
  endReason?: string;
  /** The source through which it is known. */
  source: string;
  /** The kind of that source. */
  provider: string;
  /** How many are inside. */
  numParticipants: number;
  /** Who is inside, in the order of joining. */
  participants: ParticipantState[];
  /** Recordings under way. */
  recordings: Activity[];
  /** The last event that changed it. */
  lastEventId: string;
  [other: string]: unknown;
}

/** Somebody inside, with what they publish. */
export interface ParticipantState {
  /** One connection: a reload makes a new one. */
  id: string;
  /** The user behind it, as the application named them. */
  identity?: string;
  /** The name to show. */
  name?: string;
  /** standard for people; else agent, sip, ingress, egress, recorder, and so on. */
  kind: string;
  /** When this connection joined. */
  joinedAt?: string;
  /** When it left. */
  leftAt?: string;
  /** How long it stayed. */
  durationSeconds?: number;
  /** Why it left, lower case. */
  leaveReason?: string;
  /** Whether it has the rights of an owner. */
  isOwner?: boolean;
  /** good, warning, bad or unknown. */
  networkQuality?: string;
  /** What the application attached to it. */
  metadata?: string;
  /** Name and value. */
  attributes?: Record<string, string>;
  /** What the provider lets it do, in the provider's words. */
  permissions?: unknown;
  /** What they publish. */
  tracks: Track[];
  [other: string]: unknown;
}

/** A room and the users who are present in it. */
export interface MemberRoom {
  /** The room's name. */
  name: string;
  /** Who is present, in the order of coming. */
  members: Member[];
  /** The last event that changed it. */
  lastEventId: string;
  [other: string]: unknown;
}

/** One event, the same for every provider. */
export interface RoomwireEventBase {
  /** Its place in the log; ids only grow. */
  id: string;
  /** The configured source that it came through. */
  source: string;
  /** The kind of that source: livekit, daily, whereby, standard, supabase, clients. */
  provider: string;
  /** The room's name. */
  room?: string;
  /** When it happened by the provider's word, in milliseconds since 1970. */
  timestamp: number;
  /** When the relay received it, in milliseconds since 1970. */
  receivedAt: number;
  /** Made by the relay so that counts balance. */
  synthetic?: boolean;
  /** Came after what it tells of was settled; it changes no state. */
  late?: boolean;
  /** Its room is not kept, since too many are open; it changes no state. */
  untracked?: boolean;
  /** Sent only to the users that it names; it changes no state. */
  addressed?: boolean;
  /** The provider's own body, redacted, for grants that say raw. */
  raw?: unknown;
}

/** An event of the type `room_started`. */
export interface RoomStartedEvent extends RoomwireEventBase {
  type: "room_started";
  room: string;
  data: EventData & { room: Room };
}

/** An event of the type `room_finished`. */
export interface RoomFinishedEvent extends RoomwireEventBase {
  type: "room_finished";
  room: string;
  data: EventData & { room: Room };
}

/** An event of the type `participant_joined`. */
export interface ParticipantJoinedEvent extends RoomwireEventBase {
  type: "participant_joined";
  room: string;
  data: EventData & { room: Room; participant: Participant };
}

/** An event of the type `participant_left`. */
export interface ParticipantLeftEvent extends RoomwireEventBase {
  type: "participant_left";
  room: string;
  data: EventData & { room: Room; participant: Participant };
}

/** An event of the type `participant_connection_aborted`. */
export interface ParticipantConnectionAbortedEvent extends RoomwireEventBase {
  type: "participant_connection_aborted";
  room: string;
  data: EventData & { room: Room; participant: Participant };
}

/** An event of the type `participant_waiting`. */
export interface ParticipantWaitingEvent extends RoomwireEventBase {
  type: "participant_waiting";
  room: string;
  data: EventData & { room: Room; participant: Participant };
}

/** An event of the type `participant_waiting_left`. */
export interface ParticipantWaitingLeftEvent extends RoomwireEventBase {
  type: "participant_waiting_left";
  room: string;
  data: EventData & { room: Room; participant: Participant };
}

/** An event of the type `track_published`. */
export interface TrackPublishedEvent extends RoomwireEventBase {
  type: "track_published";
  room: string;
  data: EventData & { room: Room; participant: Participant; track: Track };
}

/** An event of the type `track_unpublished`. */
export interface TrackUnpublishedEvent extends RoomwireEventBase {
  type: "track_unpublished";
  room: string;
  data: EventData & { room: Room; participant: Participant; track: Track };
}

/** An event of the type `recording_started`. */
export interface RecordingStartedEvent extends RoomwireEventBase {
  type: "recording_started";
  data: EventData & { recording: Activity };
}

/** An event of the type `recording_updated`. */
export interface RecordingUpdatedEvent extends RoomwireEventBase {
  type: "recording_updated";
  data: EventData & { recording: Activity };
}

/** An event of the type `recording_ended`. */
export interface RecordingEndedEvent extends RoomwireEventBase {
  type: "recording_ended";
  data: EventData & { recording: Activity };
}

/** An event of the type `recording_ready`. */
export interface RecordingReadyEvent extends RoomwireEventBase {
  type: "recording_ready";
  data: EventData & { recording: Activity };
}

/** An event of the type `recording_failed`. */
export interface RecordingFailedEvent extends RoomwireEventBase {
  type: "recording_failed";
  data: EventData & { recording: Activity };
}

/** An event of the type `stream_started`. */
export interface StreamStartedEvent extends RoomwireEventBase {
  type: "stream_started";
  data: EventData & { stream: Activity };
}

/** An event of the type `stream_updated`. */
export interface StreamUpdatedEvent extends RoomwireEventBase {
  type: "stream_updated";
  data: EventData & { stream: Activity };
}

/** An event of the type `stream_ended`. */
export interface StreamEndedEvent extends RoomwireEventBase {
  type: "stream_ended";
  data: EventData & { stream: Activity };
}

/** An event of the type `stream_failed`. */
export interface StreamFailedEvent extends RoomwireEventBase {
  type: "stream_failed";
  data: EventData & { stream: Activity };
}

/** An event of the type `ingress_started`. */
export interface IngressStartedEvent extends RoomwireEventBase {
  type: "ingress_started";
  data: EventData & { ingress: Activity };
}

/** An event of the type `ingress_ended`. */
export interface IngressEndedEvent extends RoomwireEventBase {
  type: "ingress_ended";
  data: EventData & { ingress: Activity };
}

/** An event of the type `transcript_started`. */
export interface TranscriptStartedEvent extends RoomwireEventBase {
  type: "transcript_started";
  data: EventData & { transcript: Activity };
}

/** An event of the type `transcript_ready`. */
export interface TranscriptReadyEvent extends RoomwireEventBase {
  type: "transcript_ready";
  data: EventData & { transcript: Activity };
}

/** An event of the type `transcript_failed`. */
export interface TranscriptFailedEvent extends RoomwireEventBase {
  type: "transcript_failed";
  data: EventData & { transcript: Activity };
}

/** An event of the type `agent_job_started`. */
export interface AgentJobStartedEvent extends RoomwireEventBase {
  type: "agent_job_started";
  data: EventData & { job: Activity };
}

/** An event of the type `agent_job_ended`. */
export interface AgentJobEndedEvent extends RoomwireEventBase {
  type: "agent_job_ended";
  data: EventData & { job: Activity };
}

/** An event of the type `batch_job_finished`. */
export interface BatchJobFinishedEvent extends RoomwireEventBase {
  type: "batch_job_finished";
  data: EventData & { job: Activity };
}

/** An event of the type `batch_job_failed`. */
export interface BatchJobFailedEvent extends RoomwireEventBase {
  type: "batch_job_failed";
  data: EventData & { job: Activity };
}

/** An event of the type `assistant_requested`. */
export interface AssistantRequestedEvent extends RoomwireEventBase {
  type: "assistant_requested";
  room: string;
  data: EventData & { room: Room };
}

/** An event of the type `member_joined`. */
export interface MemberJoinedEvent extends RoomwireEventBase {
  type: "member_joined";
  data: EventData & { member: Member };
}

/** An event of the type `member_updated`. */
export interface MemberUpdatedEvent extends RoomwireEventBase {
  type: "member_updated";
  data: EventData & { member: Member };
}

/** An event of the type `member_left`. */
export interface MemberLeftEvent extends RoomwireEventBase {
  type: "member_left";
  data: EventData & { member: Member };
}

/** An event of the type `unknown`. */
export interface UnknownEvent extends RoomwireEventBase {
  type: "unknown";
  data: EventData;
}

/** An event of the type `call_dialin_ready`. */
export interface CallDialinReadyEvent extends RoomwireEventBase {
  type: "call_dialin_ready";
  data: EventData & { call: Call };
}

/** An event of the type `call_dialin_connected`. */
export interface CallDialinConnectedEvent extends RoomwireEventBase {
  type: "call_dialin_connected";
  data: EventData & { call: Call };
}

/** An event of the type `call_dialin_stopped`. */
export interface CallDialinStoppedEvent extends RoomwireEventBase {
  type: "call_dialin_stopped";
  data: EventData & { call: Call };
}

/** An event of the type `call_dialin_warning`. */
export interface CallDialinWarningEvent extends RoomwireEventBase {
  type: "call_dialin_warning";
  data: EventData & { call: Call };
}

/** An event of the type `call_dialin_error`. */
export interface CallDialinErrorEvent extends RoomwireEventBase {
  type: "call_dialin_error";
  data: EventData & { call: Call };
}

/** An event of the type `call_dialout_connected`. */
export interface CallDialoutConnectedEvent extends RoomwireEventBase {
  type: "call_dialout_connected";
  data: EventData & { call: Call };
}

/** An event of the type `call_dialout_answered`. */
export interface CallDialoutAnsweredEvent extends RoomwireEventBase {
  type: "call_dialout_answered";
  data: EventData & { call: Call };
}

/** An event of the type `call_dialout_stopped`. */
export interface CallDialoutStoppedEvent extends RoomwireEventBase {
  type: "call_dialout_stopped";
  data: EventData & { call: Call };
}

/** An event of the type `call_dialout_warning`. */
export interface CallDialoutWarningEvent extends RoomwireEventBase {
  type: "call_dialout_warning";
  data: EventData & { call: Call };
}

/** An event of the type `call_dialout_error`. */
export interface CallDialoutErrorEvent extends RoomwireEventBase {
  type: "call_dialout_error";
  data: EventData & { call: Call };
}

/** An event of a type that the relay knows. */
export type RoomwireEvent =
  | RoomStartedEvent
  | RoomFinishedEvent
  | ParticipantJoinedEvent
  | ParticipantLeftEvent
  | ParticipantConnectionAbortedEvent
  | ParticipantWaitingEvent
  | ParticipantWaitingLeftEvent
  | TrackPublishedEvent
  | TrackUnpublishedEvent
  | RecordingStartedEvent
  | RecordingUpdatedEvent
  | RecordingEndedEvent
  | RecordingReadyEvent
  | RecordingFailedEvent
  | StreamStartedEvent
  | StreamUpdatedEvent
  | StreamEndedEvent
  | StreamFailedEvent
  | IngressStartedEvent
  | IngressEndedEvent
  | TranscriptStartedEvent
  | TranscriptReadyEvent
  | TranscriptFailedEvent
  | AgentJobStartedEvent
  | AgentJobEndedEvent
  | BatchJobFinishedEvent
  | BatchJobFailedEvent
  | AssistantRequestedEvent
  | MemberJoinedEvent
  | MemberUpdatedEvent
  | MemberLeftEvent
  | UnknownEvent
  | CallDialinReadyEvent
  | CallDialinConnectedEvent
  | CallDialinStoppedEvent
  | CallDialinWarningEvent
  | CallDialinErrorEvent
  | CallDialoutConnectedEvent
  | CallDialoutAnsweredEvent
  | CallDialoutStoppedEvent
  | CallDialoutWarningEvent
  | CallDialoutErrorEvent;

/** The types that the relay knows. */
export type RoomwireEventType = RoomwireEvent["type"];

/** An event of a standard or supabase source, with a type and data of the sender's own. */
export interface RoomwireCustomEvent<Type extends string = string, Data = Record<string, unknown>>
  extends RoomwireEventBase {
  type: Type;
  data: Data;
}

/** The first event of every stream. */
export interface ConnectedControl {
  type: "connected";
  /** The stream's number. */
  streamId: string;
  /** Whose token opened it. */
  user: string;
  /** What was asked for; what is not limited is left out. */
  filter: unknown;
  /** What the token allows; what is not limited is left out. */
  granted: unknown;
  /** The oldest cursor that misses nothing. */
  oldestId: string;
  /** The newest event, to the second. */
  newestId: string;
  /** Where the stream begins: the cursor to come back with. Absent if the client's own was no id. */
  lastEventId?: string;
  /** How long a stream is silent at most. */
  heartbeatMs: number;
  /** About how many streams receive the same events by the same grant, as a power of two. */
  listeners?: number;
  /** When the stream ends with its token. */
  expiresAt?: string;
}

/** The rooms as they were; every event after its id follows. */
export interface SnapshotControl {
  type: "snapshot";
  /** The cursor that it stands for. */
  lastEventId: string;
  /** The rooms within grant and filter. */
  rooms: RoomState[];
  /** The rooms with members within them, if there are any. */
  memberRooms?: MemberRoom[];
}

/** Everything that the client holds may be stale: fetch it again. */
export interface ResyncControl {
  type: "resync";
  /** What is wrong with the cursor. */
  reason: "expired" | "unknown" | "malformed";
  /** Where the stream goes on from. */
  oldestId: string;
}

/** The token ends soon. */
export interface TokenExpiringControl {
  type: "token_expiring";
  /** When. */
  expiresAt?: string;
}

/** The token has ended, and the stream with it. */
export interface TokenExpiredControl {
  type: "token_expired";
  /** When. */
  expiresAt?: string;
}

/** An administrator has closed the stream. */
export interface ClosedControl {
  type: "closed";
}

/** The token or its user was revoked, and the stream ends. */
export interface RevokedControl {
  type: "revoked";
}

/** A newer stream of the same user has taken this one's place. */
export interface ReplacedControl {
  type: "replaced";
  /** When to come back, if at all. */
  retryMs: number;
}

/** The stream is as old as streams may become. */
export interface RetireControl {
  type: "retire";
  /** When to come back. */
  retryMs: number;
}

/** The relay stops. */
export interface DrainingControl {
  type: "draining";
  /** When to come back. */
  retryMs: number;
}

/** No stream now. */
export interface RefusedControl {
  type: "refused";
  /** Why, in a word. */
  reason: string;
  /** Why, in a sentence. */
  detail: string;
  /** When to come back. */
  retryMs: number;
  /** True if the same request will be refused again. */
  final?: boolean;
}

/** The stream is alive. */
export interface HeartbeatControl {
  type: "heartbeat";
  /** How far it has come: the cursor to come back with. */
  lastEventId: string;
  /** As in `connected`. */
  listeners?: number;
}

/** A message of the relay's own. */
export type RoomwireControl =
  | ConnectedControl
  | SnapshotControl
  | ResyncControl
  | TokenExpiringControl
  | TokenExpiredControl
  | ClosedControl
  | RevokedControl
  | ReplacedControl
  | RetireControl
  | DrainingControl
  | RefusedControl
  | HeartbeatControl;

/**
 * What `JSON.parse(event.data)` gives. A page that reads types of its own adds them:
 * `RoomwireMessage | RoomwireCustomEvent<"call.ringing", { from: string }>`.
 */
export type RoomwireMessage = RoomwireEvent | RoomwireControl;
