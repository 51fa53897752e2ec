"""The alerts and the dashboard: Prometheus takes them, and they ask for what the relay's page has."""

import json
import re
import shutil
import subprocess

import promql_parser
import pytest
import requests
import yaml

import clients
import providers
import relay as roomwire
from relay import run

DEPLOY = roomwire.ROOT / "deploy"
RULES = DEPLOY / "prometheus" / "roomwire.rules.yml"
TESTS = DEPLOY / "prometheus" / "roomwire.rules.test.yml"
DASHBOARD = DEPLOY / "grafana" / "roomwire.json"
# What Prometheus itself adds.
OF_PROMETHEUS = {"up", "ALERTS"}

promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="there is no promtool here")


def rules():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def dashboard():
    return json.loads(DASHBOARD.read_text())


def panels():
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


@promtool
def test_prometheus_takes_rules_and_settings():
    assert "SUCCESS" in run("promtool", "check", "rules", str(RULES))
    assert "SUCCESS" in run("promtool", "check", "config", str(DEPLOY / "prometheus" / "prometheus.yml"))


@promtool
def test_each_alert_fires_when_it_should_and_only_then():
    run("promtool", "test", "rules", str(TESTS))
    tried = set(re.findall(r'alertname="(\w+)"', TESTS.read_text()))
    assert {rule["alert"] for rule in rules() if "alert" in rule} == tried


def test_each_alert_says_what_it_means_and_what_to_do():
    for rule in rules():
        if "alert" in rule:
            assert rule["labels"]["severity"] in ("critical", "warning"), rule["alert"]
            assert rule["annotations"].keys() == {"summary", "description"}, rule["alert"]
            assert "$labels.instance" in rule["annotations"]["summary"], rule["alert"]


def test_the_dashboard_can_be_imported():
    board = dashboard()
    assert board["uid"] and board["title"] and board["schemaVersion"] >= 36 and board["id"] is None
    variables = {variable["name"]: variable for variable in board["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource" and variables["datasource"]["query"] == "prometheus"
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    taken = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        assert place["x"] + place["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
    for panel in panels():
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}", panel["title"]
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)


def expressions():
    """Every expression in rules and dashboard, with the dashboard's variables put in."""
    found = [(rule.get("alert") or rule["record"], rule["expr"]) for rule in rules()]
    board = dashboard()
    found += [(panel["title"], target["expr"]) for panel in panels() for target in panel["targets"]]
    found += [(each["name"], each["expr"]) for each in board["annotations"]["list"]]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            found.append((variable["name"], re.fullmatch(r"label_values\((.*), \w+\)", variable["definition"])[1]))
    known = {"$__rate_interval": "5m", "$job": "roomwire", "$instance": ".*"}
    for where, text in found:
        for name, value in known.items():
            text = text.replace(name, value)
        assert "$" not in text, f"{where}: an unknown variable"
        yield where, text


def selectors(node):
    """Every selector of series in an expression."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    for name in ("lhs", "rhs", "expr", "param", "args", "vector_selector"):
        inner = getattr(node, name, None)
        for each in inner if isinstance(inner, list) else [inner]:
            if isinstance(each, promql_parser.Expr) or hasattr(each, "prettify"):
                yield from selectors(each)


class Page:
    """A metrics page: names, and of each name the values of its labels."""

    def __init__(self, text):
        self.labels = {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                name, kind = line.split()[2:4]
                parts = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
                for part in parts:
                    self.labels.setdefault(name + part, {})
            elif line and not line.startswith("#"):
                name, labels = re.match(r"([a-z_:]+)(?:{(.*)})? ", line).groups()
                own = self.labels.setdefault(name, {})
                for label, value in re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or ""):
                    own.setdefault(label, set()).add(value)

    def fault(self, selector):
        """What a selector asks for in vain."""
        if selector.name not in self.labels:
            return f"there is no {selector.name}"
        values = self.labels[selector.name]
        for matcher in selector.matchers.matchers:
            if matcher.name in ("job", "instance") or not values:
                continue
            if matcher.name not in values:
                return f"{selector.name} has no label {matcher.name}"
            wanted = matcher.value.split("|") if "Re" in str(matcher.op) else [matcher.value]
            if missing := set(wanted) - values[matcher.name]:
                return f"{selector.name} has no {matcher.name} {missing}, only {values[matcher.name]}"
        return None


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The page of a relay that has seen a bit of everything."""
    settings = roomwire.settings(streams={"per_user": 1, "heartbeat": "100ms"})
    relay = roomwire.Relay(tmp_path_factory.mktemp("page"), settings).start()
    try:
        with clients.subscribe(relay, "lastEventId=nonsense") as stream:
            providers.post_meeting(relay)
            body = providers.livekit_body("room_started")
            relay.post("livekit", providers.livekit_headers(body, secret="x" * 40), body)
            stream.wait_for("room_finished")
            stream.read_until(lambda: b": heartbeat" in stream.body, "a heartbeat")
            assert relay.get("/events", roomwire.token()).status_code == 429
            assert relay.get("/events").status_code == 401
            text = requests.get(relay.base + "/metrics", timeout=roomwire.DEADLINE_SECONDS).text
    finally:
        relay.stop()
    return Page(text)


@pytest.fixture(scope="module")
def known(page):
    """With what the rules record themselves, and what Prometheus adds."""
    for rule in rules():
        if "record" in rule:
            page.labels[rule["record"]] = {}
    for name in OF_PROMETHEUS:
        page.labels[name] = {}
    return page


def test_every_query_asks_for_what_there_is(known):
    faults = []
    asked = set()
    for where, text in expressions():
        for selector in selectors(promql_parser.parse(text)):
            asked.add(selector.name)
            if fault := known.fault(selector):
                faults.append(f"{where}: {fault}")
    assert not faults, "\n".join(faults)
    assert len(asked) > 30


def test_a_query_for_what_there_is_not_would_be_found(known):
    def fault(text):
        return [known.fault(each) for each in selectors(promql_parser.parse(text))]

    assert fault("sum(rate(roomwire_webhook_total[5m])) / on() roomwire_appends_waiting") == [
        "there is no roomwire_webhook_total", None]
    assert "no label sauce" in fault('roomwire_webhooks_total{sauce="livekit"}')[0]
    assert "no reason" in fault('roomwire_streams_refused_total{reason=~"per_user|full"}')[0]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    """Prometheus with the settings of deploy/, faster, beside a relay: asks it a question."""
    if not shutil.which("prometheus"):
        pytest.skip("there is no Prometheus here")
    folder = tmp_path_factory.mktemp("prometheus")
    relay = roomwire.Relay(folder / "relay", roomwire.settings()).start()
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
    text = text.replace("127.0.0.1:3001", f"127.0.0.1:{relay.port}").replace("interval: 15s", "interval: 1s")
    (folder / "prometheus.yml").write_text(text)
    shutil.copy(RULES, folder)
    base = f"http://127.0.0.1:{roomwire.free_port()}"
    with open(folder / "log.txt", "wb") as log:
        process = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address={base.removeprefix('http://')}"], stdout=log, stderr=log)

    def ask(path, **parameters):
        answer = requests.get(f"{base}/api/v1/{path}", parameters, timeout=roomwire.DEADLINE_SECONDS).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def scraped():
        assert process.poll() is None, (folder / "log.txt").read_text()
        try:
            return [each for each in ask("query", query="up")["result"] if each["value"][1] == "1"]
        except requests.RequestException:
            return None

    try:
        roomwire.wait_until(scraped, "Prometheus to have read the relay's page")
        yield relay, ask
    finally:
        process.kill()
        process.wait(roomwire.DEADLINE_SECONDS)
        relay.stop()


def test_prometheus_scrapes_openmetrics_and_sees_every_family(prometheus):
    relay, ask = prometheus
    known = roomwire.wait_until(lambda: ask("metadata"), "Prometheus to know the families")
    page = requests.get(relay.base + "/metrics", timeout=roomwire.DEADLINE_SECONDS).text
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE):
        # Only OpenMetrics names a counter without `_total`.
        name = name.removesuffix("_total") if kind == "counter" else name
        assert known[name][0]["type"] == kind, name


def test_prometheus_itself_evaluates_every_rule_and_every_query(prometheus):
    relay, ask = prometheus
    with clients.subscribe(relay) as stream:
        providers.post_meeting(relay)
        stream.wait_for("room_finished")

        def evaluated():
            found = [rule for group in ask("rules")["groups"] for rule in group["rules"]]
            return found if len(found) == len(rules()) and all(rule["health"] != "unknown" for rule in found) else None

        for rule in roomwire.wait_until(evaluated, "every rule to be evaluated", seconds=60):
            assert rule["health"] == "ok", rule
        roomwire.wait_until(
            lambda: [each["value"][1] for each in ask("query", query="roomwire:streams:sum")["result"]] == ["1"],
            "the stream in what the rules record", seconds=60)
    for where, text in expressions():
        ask("query", query=text)
