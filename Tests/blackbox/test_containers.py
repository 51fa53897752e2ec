"""The image, the compose file and the manifests for Kubernetes, as far as they can be tried without an engine."""

import os
import re
import shlex
import shutil
import subprocess

import kubernetes_validate
import pytest
import yaml

import relay as roomwire

DEPLOY = roomwire.ROOT / "deploy"
DOCKER = DEPLOY / "docker"
KUBERNETES = DEPLOY / "kubernetes"
# Oldest and newest that the manifests are for.
VERSIONS = ["1.29", "1.37"]
# Not of Kubernetes itself.
CUSTOM = {"Kustomization", "ServiceMonitor"}


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", text)[1])


def settings_accepted(folder, text, **variables):
    (folder / "roomwire.yaml").write_text(text)
    done = roomwire.command("check", "--config", str(folder / "roomwire.yaml"), **variables)
    assert done.returncode == 0, done.stderr
    return {line.split()[0]: line.split()[1] for line in done.stdout.splitlines()}


# The image

def instructions():
    """The instructions of the Dockerfile, as words."""
    text = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", (DOCKER / "Dockerfile").read_text(), flags=re.MULTILINE))
    return [line.split(None, 1) for line in text.splitlines() if line.strip()]


def stages():
    found = []
    for word, rest in instructions():
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest))
    return found


def test_what_the_image_copies_is_there_and_not_ignored():
    ignored = (DOCKER / "Dockerfile.dockerignore").read_text().split()
    copied = [rest for word, rest in instructions() if word == "COPY"]
    assert copied
    for rest in copied:
        sources = [word for word in shlex.split(rest) if not word.startswith("--")][:-1]
        for source in sources:
            assert (roomwire.ROOT / source).exists(), source
            assert source.removeprefix("./") not in ignored, source


def test_the_manifest_finds_every_target_in_what_is_copied():
    """SwiftPM refuses a package of which a target's folder is missing."""
    copied = " ".join(rest for word, rest in stages()[0] if word == "COPY")
    folders = {"Sources", "Tests"} | {
        path.split("/")[0] for path in re.findall(r'path: "([^"]+)"', (roomwire.ROOT / "Package.swift").read_text())}
    for folder in folders:
        assert f"{folder} ./{folder}" in copied, folder


def test_the_image_runs_as_somebody_without_rights_and_keeps_its_log_in_a_volume(folder):
    last = stages()[-1]
    words = dict(last)
    user, group = words["USER"].split(":")
    assert int(user) > 0 and int(group) > 0, "a number, so that Kubernetes can see that it is not root"
    assert [word for word, _ in last].index("USER") > max(n for n, (word, _) in enumerate(last) if word == "RUN")
    shown = settings_accepted(folder, (DOCKER / "roomwire.yaml").read_text())
    assert words["VOLUME"] == shown["data"]
    assert words["EXPOSE"] == shown["listen"].split(":")[1]
    assert "ENTRYPOINT" in words and words["CMD"].startswith("[")
    for word, rest in last:
        assert not (word == "ENV" and "SECRET" in rest)
    for _, rest in instructions():
        assert not re.match(r"\S+:latest\b", rest), "a tag that may change under us"


def test_packages_in_the_image_are_installed_with_a_fresh_list_and_without_what_is_not_needed():
    for word, rest in instructions():
        if word == "RUN" and "apt-get install" in rest:
            assert "apt-get update" in rest and "--no-install-recommends" in rest and " -y" in rest
            assert "rm -rf /var/lib/apt/lists/*" in rest


def test_the_healthcheck_tells_a_relay_that_answers_from_one_that_does_not(start):
    words = dict(stages()[-1])
    command = yaml.safe_load(re.search(r"CMD (\[.*\])", words["HEALTHCHECK"])[1])
    relay = start()
    command = [word.replace("/127.0.0.1/3001", f"/127.0.0.1/{relay.port}") for word in command]
    assert subprocess.run(command, timeout=60).returncode == 0
    relay.kill()
    assert subprocess.run(command, timeout=60, capture_output=True).returncode != 0


# Compose

def compose():
    return yaml.safe_load((DOCKER / "compose.yaml").read_text())


@pytest.mark.skipif(not shutil.which("docker-compose"), reason="there is no docker-compose here")
def test_compose_takes_the_file_once_the_secrets_are_filled_in(folder):
    def config(environment_file):
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return subprocess.run(
            ["docker-compose", "-f", str(DOCKER / "compose.yaml"), "--env-file", str(environment_file), "config"],
            env=environment, capture_output=True, text=True, timeout=60)

    example = (DOCKER / ".env.example").read_text()
    empty = config(DOCKER / ".env.example")
    assert empty.returncode != 0 and ".env.example" in empty.stderr
    (folder / "env").write_text(example.replace("SECRET=", "SECRET=" + "0123456789abcdef" * 2))
    done = config(folder / "env")
    assert done.returncode == 0, done.stderr
    relay = yaml.safe_load(done.stdout)["services"]["roomwire"]
    settings = (DOCKER / "roomwire.yaml").read_text()
    shown = settings_accepted(folder, settings, **relay["environment"])
    assert "sources.livekit" in shown and "tokens.issuers.own" in shown
    assert seconds(relay["stop_grace_period"]) > seconds(shown["drain"])


def test_livekit_posts_to_the_relay_with_a_key_that_it_knows():
    livekit = yaml.safe_load((DOCKER / "livekit.yaml").read_text())
    services = compose()["services"]
    key = livekit["webhook"]["api_key"]
    assert services["livekit"]["environment"]["LIVEKIT_KEYS"].split(":")[0] == key
    assert services["roomwire"]["environment"]["LIVEKIT_API_KEY"] == key
    port = yaml.safe_load((DOCKER / "roomwire.yaml").read_text())["listen"].split(":")[1]
    assert livekit["webhook"]["urls"] == [f"http://roomwire:{port}/api/webhooks/livekit"]
    assert livekit["redis"]["address"].split(":")[0] in services
    published = {port.split("/")[0].split(":")[-1] for port in services["livekit"]["ports"]}
    assert published == {str(livekit["port"]), str(livekit["rtc"]["tcp_port"]), str(livekit["rtc"]["udp_port"])}


def test_the_relay_has_no_rights_in_compose_either():
    relay = compose()["services"]["roomwire"]
    assert relay["read_only"] and relay["cap_drop"] == ["ALL"] and "no-new-privileges:true" in relay["security_opt"]
    assert f"log:{dict(stages()[-1])['VOLUME']}" in relay["volumes"]


# Kubernetes

def manifests():
    return [document for path in sorted(KUBERNETES.glob("*.yaml")) for document in yaml.safe_load_all(path.read_text())]


def manifest(kind, name="roomwire"):
    return next(each for each in manifests() if each["kind"] == kind and each["metadata"]["name"] == name)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_manifests_are_of_the_shape_that_kubernetes_asks_for(version):
    checked = 0
    for document in manifests():
        if document["kind"] not in CUSTOM:
            kubernetes_validate.validate(document, version, strict=True)
            checked += 1
    assert checked >= 7


def test_the_kustomization_names_every_file_but_those_that_need_a_word_from_the_operator():
    named = set(yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["resources"])
    rest = {"kustomization.yaml", "ingress.yaml", "secret.example.yaml", "servicemonitor.yaml"}
    assert {path.name for path in KUBERNETES.glob("*.yaml")} - rest == named


@pytest.mark.skipif(not shutil.which("kubectl"), reason="there is no kubectl here")
def test_kustomize_puts_the_image_in():
    done = subprocess.run(
        ["kubectl", "kustomize", str(KUBERNETES)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    stateful = next(each for each in yaml.safe_load_all(done.stdout) if each["kind"] == "StatefulSet")
    assert re.fullmatch(r"\S+/roomwire:[\d.]+", stateful["spec"]["template"]["spec"]["containers"][0]["image"])


def test_what_selects_pods_selects_these_and_the_monitor_one_service():
    labels = manifest("StatefulSet")["spec"]["template"]["metadata"]["labels"]
    selectors = [manifest("StatefulSet")["spec"]["selector"]["matchLabels"],
                 manifest("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
                 manifest("Service")["spec"]["selector"], manifest("Service", "roomwire-pods")["spec"]["selector"]]
    for selector in selectors:
        assert selector.items() <= labels.items()
    monitor = manifest("ServiceMonitor")["spec"]
    services = [each for each in manifests() if each["kind"] == "Service"
                and monitor["selector"]["matchLabels"].items() <= each["metadata"]["labels"].items()]
    assert len(services) == 1, "else each pod is scraped twice"
    assert services[0]["metadata"]["labels"][monitor["jobLabel"]] == "roomwire"
    assert monitor["endpoints"][0]["port"] in [port["name"] for port in services[0]["spec"]["ports"]]


def test_ports_and_names_fit_together():
    pod = manifest("StatefulSet")["spec"]["template"]["spec"]
    container = pod["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    settings = yaml.safe_load(manifest("ConfigMap")["data"]["roomwire.yaml"])
    assert ports["http"] == int(settings["listen"].split(":")[1])
    for service in ("roomwire", "roomwire-pods"):
        for port in manifest("Service", service)["spec"]["ports"]:
            assert port["targetPort"] in ports
    assert manifest("StatefulSet")["spec"]["serviceName"] == "roomwire-pods"
    assert "clusterIP" in manifest("Service", "roomwire-pods")["spec"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["port"] in ports
    backends = [path["backend"]["service"] for rule in manifest("Ingress")["spec"]["rules"]
                for path in rule["http"]["paths"]]
    assert {(backend["name"], backend["port"]["name"]) for backend in backends} == {("roomwire", "http")}
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    claims = [claim["metadata"]["name"] for claim in manifest("StatefulSet")["spec"]["volumeClaimTemplates"]]
    assert set(mounts) == {volume["name"] for volume in pod["volumes"]} | set(claims)
    assert settings["data"].startswith(mounts["log"] + "/")
    assert container["args"] == ["serve", "--config", mounts["settings"] + "/roomwire.yaml"]


def test_the_settings_in_the_manifests_can_be_used_and_the_secret_has_what_they_name(folder):
    secret = dict(manifest("Secret")["stringData"])
    secret = {name: value if len(value) < 12 else value.ljust(32) for name, value in secret.items()}
    # As Kubernetes adds to every pod beside a service of this name.
    secret["ROOMWIRE_SERVICE_HOST"], secret["ROOMWIRE_PORT"] = "10.0.0.1", "tcp://10.0.0.1:80"
    text = manifest("ConfigMap")["data"]["roomwire.yaml"]
    shown = settings_accepted(folder, text, **secret)
    assert set(re.findall(r"\${(\w+)}", text)) == set(manifest("Secret")["stringData"])
    pod = manifest("StatefulSet")["spec"]["template"]["spec"]
    sleep = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] >= sleep + seconds(shown["drain"]) + 10


def test_probes_and_monitor_ask_for_paths_that_are_there(start):
    relay = start()
    container = manifest("StatefulSet")["spec"]["template"]["spec"]["containers"][0]
    paths = {container[probe]["httpGet"]["path"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")}
    paths |= {endpoint["path"] for endpoint in manifest("ServiceMonitor")["spec"]["endpoints"]}
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    for path in paths:
        roomwire.wait_until(
            lambda: roomwire.requests.get(relay.base + path, timeout=roomwire.DEADLINE_SECONDS).status_code == 200,
            path)


def test_the_pod_has_no_rights_of_its_own():
    """What the level `restricted` of the pod security standards asks for, and a root that cannot be written to."""
    pod = manifest("StatefulSet")["spec"]["template"]["spec"]
    context, container = pod["securityContext"], pod["containers"][0]["securityContext"]
    assert context["runAsNonRoot"] and context["seccompProfile"]["type"] == "RuntimeDefault"
    assert container["capabilities"]["drop"] == ["ALL"] and container["allowPrivilegeEscalation"] is False
    assert container["readOnlyRootFilesystem"] and pod["automountServiceAccountToken"] is False
    user = dict(stages()[-1])["USER"]
    assert user == f"{context['runAsUser']}:{context['runAsGroup']}" and context["fsGroup"] == context["runAsGroup"]


def test_one_data_folder_has_one_relay():
    assert manifest("StatefulSet")["spec"]["replicas"] == 1
    assert manifest("StatefulSet")["spec"]["volumeClaimTemplates"][0]["spec"]["accessModes"] == ["ReadWriteOnce"]
