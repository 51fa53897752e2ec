// Types of react.js. They name what they need of React and of TanStack Query, so that neither must be installed.

import type { ClientEvent, ConnectionState, ConnectOptions, EventFilter, RoomState, RoomwireClient } from "./client";

/** What is used of React 18 or later: pass the module. */
export interface ReactLike {
  createContext: any;
  createElement: any;
  useCallback: any;
  useContext: any;
  useEffect: any;
  useRef: any;
  useState: any;
  useSyncExternalStore: any;
}

export type QueryKey = readonly unknown[];

/** What is used of TanStack's `QueryClient`. */
export interface QueryClientLike {
  invalidateQueries(filters?: { queryKey?: QueryKey }): Promise<unknown> | void;
}

/** The keys of the queries that an event makes stale; a key stands for all that begin with it. */
export type KeysOf = (event: ClientEvent) => readonly QueryKey[] | undefined | void;

export interface BindingOptions {
  /** How many of all the pages that listen ask again in a second. Default: 100. */
  pagesPerSecond?: number;
  /** How long a page may wait with it. Default: 30000. */
  longestSpreadMs?: number;
}

export interface RoomwireHooks {
  /** Gives `client` to what is inside, or makes one of the other properties and closes it when it is unmounted. */
  RoomwireProvider(props: ConnectOptions & { client?: RoomwireClient; children?: any }): any;
  /** The client; null until its provider is mounted. */
  useRoomwire(): RoomwireClient | null;
  /** A room with who is inside, or undefined if it is not open. */
  useRoom(name: string, source?: string): RoomState | undefined;
  /** All open rooms, by name. */
  useRooms(): readonly RoomState[];
  /** Calls the handler of the latest render with every event that the filter admits. */
  useEvents(filter: EventFilter | undefined, handler: (event: ClientEvent) => void): void;
  useConnectionState(): ConnectionState;
  /** `bindQueryClient` for as long as the component is mounted. */
  useQueryBinding(queryClient: QueryClientLike, keysOf?: KeysOf): void;
  /** `bindQueryClient` with the client that was given to `createRoomwire`. */
  bindQueryClient(queryClient: QueryClientLike, keysOf?: KeysOf, options?: BindingOptions): () => void;
}

/** The hooks, for this React and, if one is given, this client. */
export function createRoomwire(React: ReactLike, client?: RoomwireClient): RoomwireHooks;

/**
 * By default `["rooms"]` for events of rooms, `["rooms", name]` and `["participants", name]` for those of participants,
 * `["participants", name]` for those of tracks.
 */
export function defaultKeysOf(event: ClientEvent): readonly QueryKey[];

/**
 * Invalidates queries when events come, and all after a `resync`: once for events that come together, at a random
 * moment within a time that grows with how many streams the relay says there are. Returns a function that ends it.
 */
export function bindQueryClient(
  queryClient: QueryClientLike, keysOf: KeysOf | undefined, client: RoomwireClient, options?: BindingOptions,
): () => void;
