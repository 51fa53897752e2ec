// React hooks over client.js, and a binding for TanStack Query.
//
//     const client = connect({ getToken });
//     const { useRoom, useEvents, useConnectionState } = createRoomwire(React, client);
//
// React is a parameter, so that this module has no dependencies and uses the page's own copy.

import { connect } from "./client.js";

const IDLE = Object.freeze({ status: "connecting", transport: null, leader: false });
const nothing = () => () => {};

/**
 * The hooks for a React of version 18 or later. The client is the one given here, or that of the nearest
 * `RoomwireProvider`.
 */
export function createRoomwire(React, client) {
  const { createContext, createElement, useCallback, useContext, useEffect, useRef, useState, useSyncExternalStore } =
    React;
  const Context = createContext(client);

  /** Gives a client to what is inside: `client`, or one made of the other properties, which lives as long as this. */
  function RoomwireProvider({ client: given, children, ...options }) {
    const [own, setOwn] = useState(null);
    const latest = useRef(options);
    useEffect(() => {
      if (given) return;
      // In an effect and not while rendering: strict mode renders twice, and a render may be thrown away.
      const made = connect(latest.current);
      setOwn(made);
      return () => {
        made.close();
        setOwn(null);
      };
    }, [given]);
    return createElement(Context.Provider, { value: given ?? own }, children);
  }

  /** The client; null until its provider is mounted. */
  const useRoomwire = () => useContext(Context);

  /** A room with who is inside, or undefined if it is not open; it renders again when just this room changes. */
  function useRoom(name, source) {
    const client = useRoomwire();
    const subscribe = client ? client.rooms.subscribe : nothing;
    const get = useCallback(() => client?.rooms.get(name, source), [client, name, source]);
    return useSyncExternalStore(subscribe, get, () => undefined);
  }

  /** All open rooms. */
  function useRooms() {
    const client = useRoomwire();
    const get = useCallback(() => client?.rooms.get() ?? NO_ROOMS, [client]);
    return useSyncExternalStore(client ? client.rooms.subscribe : nothing, get, () => NO_ROOMS);
  }

  /** Calls the handler of the latest render with every event that the filter admits, as long as this is mounted. */
  function useEvents(filter, handler) {
    const client = useRoomwire();
    const latest = useRef(handler);
    useEffect(() => { latest.current = handler; });
    // Filters are usually written where the hook is called, and are new objects in every render.
    const key = JSON.stringify(filter ?? {});
    useEffect(() => client?.listen(JSON.parse(key), (event) => latest.current(event)), [client, key]);
  }

  /** How the connection is: see `ConnectionState`. */
  function useConnectionState() {
    const client = useRoomwire();
    const subscribe = useCallback((changed) => client ? client.on("state", changed) : () => {}, [client]);
    const get = useCallback(() => client?.state ?? IDLE, [client]);
    return useSyncExternalStore(subscribe, get, () => IDLE);
  }

  /** Binds a query client as long as this is mounted. */
  function useQueryBinding(queryClient, keysOf) {
    const client = useRoomwire();
    const latest = useRef(keysOf);
    useEffect(() => { latest.current = keysOf; });
    useEffect(() => {
      // The default keys stay undefined: they narrow what is listened to.
      const keys = latest.current && ((event) => latest.current(event));
      return client ? bindQueryClient(queryClient, keys, client) : undefined;
    }, [client, queryClient]);
  }

  return {
    RoomwireProvider, useRoomwire, useRoom, useRooms, useEvents, useConnectionState, useQueryBinding,
    bindQueryClient: (queryClient, keysOf, options) => bindQueryClient(queryClient, keysOf, client, options),
  };
}

const NO_ROOMS = Object.freeze([]);

/** The keys of the queries that an event makes stale. A key stands for all that begin with it, as in TanStack Query. */
export function defaultKeysOf({ type, room }) {
  if (type.startsWith("room_")) return [["rooms"]];
  if (room === undefined) return [];
  if (type.startsWith("participant_")) return [["rooms", room], ["participants", room]];
  return type.startsWith("track_") ? [["participants", room]] : [];
}

/** Events of one moment, such as a meeting's end, make one request. */
const COALESCE_MS = 100;
/** How many of all the pages that listen ask again in a second, and how long that may take. */
const PAGES_PER_SECOND = 100, LONGEST_SPREAD_MS = 30000;

/**
 * Invalidates queries when events come, and all of them after a `resync`. Returns a function that ends this.
 *
 * An event reaches every page at once. Each waits for a random part of a time that grows with the number of streams
 * that the relay says there are, so that the backend behind the queries gets a steady load and no burst.
 */
export function bindQueryClient(queryClient, keysOf, client, options = {}) {
  keysOf ??= defaultKeysOf;
  const { pagesPerSecond = PAGES_PER_SECOND, longestSpreadMs = LONGEST_SPREAD_MS } = options;
  const timers = new Map();

  function invalidate(name, filters) {
    if (timers.has(name)) return;
    const spread = Math.min(longestSpreadMs, (client.state.listeners ?? 1) * 1000 / pagesPerSecond);
    timers.set(name, setTimeout(() => {
      timers.delete(name);
      queryClient.invalidateQueries(filters);
    }, COALESCE_MS + Math.random() * spread));
  }

  const ends = [
    // The default keys need no more than room state does. Other keys may be of any event that the page receives.
    client.listen(keysOf === defaultKeysOf ? { types: ["room_*", "participant_*", "track_*"] } : {}, (event) => {
      for (const queryKey of keysOf(event) ?? []) invalidate(JSON.stringify(queryKey), { queryKey });
    }),
    client.on("resync", () => {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
      invalidate("", {});
    }),
  ];
  return () => {
    for (const end of ends) end();
    for (const timer of timers.values()) clearTimeout(timer);
  };
}
