"""What the matrix does with its clients, all of them at a time, and what it observes: for each behaviour and client
None, or what went wrong."""

import time

import clients
import relay as roomwire
from followers import Page, Program
from gate import Gate

UMLAUTS = "Zoë Åsa Łąka Михаил 🎥"
SEPARATORS = "line\u2028paragraph\u2029next\x85end"
# How long a client that may wait for its reads bears silence, and how often the relay breaks it meanwhile.
PATIENCE_SECONDS = 4
HEARTBEAT = "500ms"
HEARTBEATS = 10
# How much longer than the others a client may take that is expected to fail.
GRACE_SECONDS = 2


class Run:
    """Clients that follow one server, each through a gate of its own."""

    def __init__(self, server, rows, stage, folder, seconds=300, query="", request=None):
        self.server = server
        self.rows, self.stage, self.folder = rows, stage, folder
        self.seconds, self.query, self.request = seconds, query, request
        self.followers, self.gates = {}, []
        # The rows that are expected to fail at what is observed next.
        self.hopeless = lambda row, behaviour: False

    def __enter__(self):
        try:
            for row in self.rows:
                gate = Gate(self.server.port(row.scheme), self.request, self.server.edit_answer(row))
                self.gates.append(gate)
                self.followers[row.name] = self.follow(row, gate)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for follower in self.followers.values():
            follower.close()
        for gate in self.gates:
            gate.close()

    def follow(self, row, gate):
        token = roomwire.token(row.name)
        query = ["room=hall", *filter(None, [self.query or row.query])]
        if row.is_event_source:
            query.append(f"access_token={token}")
        host = "relay.test" if row.browser else "127.0.0.1"
        url = f"{row.scheme}://{host}:{gate.port}/api/events?{'&'.join(query)}"
        if row.browser:
            return Page(row, gate, self.stage.browser(row.browser), self.stage.pages[row.scheme], url)
        return Program(row, gate, url, token, self.folder, self.seconds)

    def settle(self, behaviour, what, condition, among=None):
        """Waits until a condition holds of each client; returns what went wrong for those that gave up or were late."""
        waiting = dict(self.followers if among is None else among)
        failures = {}
        start = time.monotonic()
        grace = start + GRACE_SECONDS
        while waiting:
            for name, follower in list(waiting.items()):
                has_given_up = follower.has_given_up()
                if condition(follower):
                    del waiting[name]
                elif has_given_up:
                    failures[name] = f"it gave up before {what}: {follower.state()}"
                    del waiting[name]
            if any(not self.hopeless(follower.row, behaviour) for follower in waiting.values()):
                limit = start + roomwire.DEADLINE_SECONDS
                grace = time.monotonic() + GRACE_SECONDS
            else:
                limit = grace
            if time.monotonic() > limit:
                break
            time.sleep(0.02)
        late = {name: f"no {what}; it has {follower.numbers}, {follower.state()}" for name, follower in waiting.items()}
        return {**failures, **late}

    def all_connected(self, behaviour):
        return self.settle(behaviour, "stream", lambda follower: self.server.connections(follower) >= 1)

    def outcomes(self, failures):
        return {name: failures.get(name) for name in self.followers}


def live(run):
    """A silent stream on which events come one by one."""
    failures = run.all_connected("at_once")
    for number in range(2):
        run.server.publish(number)
        failures = {**run.settle("at_once", f"event {number}", lambda f: number in f.numbers), **failures}
    outcomes = {"at_once": run.outcomes(failures)}
    names = {"umlauts": UMLAUTS, "separators": SEPARATORS}
    for number, (behaviour, name) in enumerate(names.items(), 10):
        run.server.publish(number, name)
        outcomes[behaviour] = run.outcomes(
            run.settle(behaviour, f"{name!r} as it was", lambda f: (number, name) in f.names))
    return outcomes


def quiet(run):
    """A stream without events for longer than a client bears silence, and then the end of the server."""
    failures = run.all_connected("heartbeat")
    if run.server.name == "relay":
        roomwire.wait_until(lambda: run.server.has_beaten(run.followers, HEARTBEATS), "heartbeats")
    else:
        impatient = {name: f for name, f in run.followers.items() if run.hopeless(f.row, "heartbeat")}
        roomwire.wait_until(
            lambda: all(f.has_given_up() or run.server.connections(f) != 1 for f in impatient.values()),
            "the impatient to lose patience")
    run.server.publish(0)
    failures = {**run.settle("heartbeat", "the event after the heartbeats", lambda f: f.numbers == [0]), **failures}
    for name, follower in run.followers.items():
        if name not in failures and run.server.connections(follower) != 1:
            failures[name] = f"it connected {run.server.connections(follower)} times"
    outcomes = {"heartbeat": run.outcomes(failures)}
    among = {name: f for name, f in run.followers.items() if "orderly_end" not in f.row.left_out}
    run.server.drain()

    def ends(follower):
        return follower.process.poll() == 0 and (run.server.name == "hub" or follower.types()[-1] == "draining")

    failures = run.settle("orderly_end", "an end in order", ends, among)
    outcomes["orderly_end"] = {name: failures.get(name) for name in among}
    return outcomes


def returns(run):
    """One drain and two crashes, with events while the clients are away."""
    outcomes = {"drain": run.outcomes({**run.all_connected("drain"), **turn(run, "drain", 100, drained)})}
    again = {**turn(run, "resume", 200, crashed), **turn(run, "resume", 300, crashed)}
    outcomes["resume"] = run.outcomes(again)
    return outcomes


def turn(run, behaviour, first, interrupt):
    """One interruption; returns what went wrong for those who have not each event of it once, in order."""
    among = {name: f for name, f in run.followers.items() if behaviour not in f.row.left_out}
    before = {name: run.server.connections(follower) for name, follower in among.items()}
    missed = interrupt(run, first)
    for number in (first + 3, first + 4, first + 5):
        run.server.publish(number)
    for gate in run.gates:
        gate.open()
    # Those that will never have everything come back nevertheless.
    back = {name: f for name, f in among.items() if not f.has_given_up()}
    gone = run.settle("return", "return", lambda f: run.server.connections(f) > before[f.row.name], back)
    run.server.publish(first + 6)
    expected = [*missed, *range(first + 3, first + 7)]

    def has_all(follower):
        return [number for number in follower.numbers if first <= number < first + 100] == expected

    return {**run.settle(behaviour, f"{expected}", has_all, among), **gone}


def drained(run, first):
    for gate, row in zip(run.gates, run.rows):
        if row.needs_listener:
            gate.hold()
    run.server.drain()
    for gate in run.gates:
        gate.hold()
    run.server.start()
    return []


def crashed(run, first):
    for gate, row in zip(run.gates, run.rows):
        (gate.hold if row.needs_listener else gate.shut)()
        gate.cut()
    missed = [first, first + 1, first + 2]
    for number in missed:
        run.server.publish(number)
    run.server.kill()
    run.server.start()
    return missed


def refused_by_drain(run):
    """The clients were opened while the relay stops; it is gone before they can ask again."""
    failures = run.settle("refusal", "503", lambda f: f.hears_refusal("draining", 503))
    for gate in run.gates:
        gate.hold()
    return failures


def refused_by_cap(run, relay, failures):
    """They come back to a relay where each one's user has all the streams that it may have."""
    relay.process.wait(roomwire.DEADLINE_SECONDS)
    run.server.start()
    held = [clients.subscribe(relay, token=roomwire.token(row.name)) for row in run.rows]
    for gate in run.gates:
        gate.open()
    failures = {**run.settle("refusal", "429", lambda f: f.hears_refusal("per_user", 429)), **failures}
    for stream in held:
        stream.close()
    failures = {**run.settle("refusal", "stream", lambda f: "connected" in f.types()), **failures}
    run.server.publish(0)
    failures = {**run.settle("refusal", "event", lambda f: f.numbers == [0]), **failures}
    return {"refusal": run.outcomes(failures)}
