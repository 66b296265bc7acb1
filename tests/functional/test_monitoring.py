"""deploy/monitoring: a real Prometheus scrapes the real server; every query of the dashboard, the alerts and the Kubernetes
autoscaler finds what it looks for. Grafana is not in Debian: of its files the structure is checked."""
import json
import re
import shutil
import subprocess
import time
import unittest
import urllib.parse
import urllib.request

import cli
import harness
from harness import photo

FOLDER = cli.ROOT / "deploy" / "monitoring"
ALERTS = FOLDER / "prometheus" / "alerts.yml"
DASHBOARD = json.loads((FOLDER / "grafana" / "dashboards" / "mobileclip.json").read_text())
HAS_PROMETHEUS = bool(shutil.which("prometheus") and shutil.which("promtool"))
START_TIMEOUT = 60  # seconds
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def panels():
    """Without the headings of rows."""
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def adapter_queries():
    """What the Prometheus adapter asks for the metrics that the autoscaler goes by."""
    text = (cli.ROOT / "deploy" / "kubernetes" / "prometheus-adapter.yaml").read_text()
    for series, query in re.findall(r"seriesQuery: '(\w+)\{.*?metricsQuery: '(.*?)'$", text, re.DOTALL | re.MULTILINE):
        yield (query.replace("<<.Series>>", series).replace("<<.LabelMatchers>>", 'job="mobileclip"')
               .replace("<<.GroupBy>>", "instance"))


@unittest.skipUnless(HAS_PROMETHEUS, "needs Debian's package prometheus")
class Configuration(unittest.TestCase):
    def promtool(self, *arguments):
        result = subprocess.run(["promtool", *arguments], cwd=FOLDER / "prometheus", capture_output=True, text=True,
                                timeout=60)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_is_valid(self):
        self.promtool("check", "config", "prometheus.yml")

    def test_alerts_fire_when_they_should(self):
        self.promtool("test", "rules", "alerts_test.yml")

    def test_every_alert_is_tested_and_explained(self):
        tested = (FOLDER / "prometheus" / "alerts_test.yml").read_text()
        explained = (cli.ROOT / "docs" / "operations.md").read_text()
        for alert in re.findall(r"- alert: (\w+)", ALERTS.read_text()):
            with self.subTest(alert=alert):
                self.assertRegex(tested, rf"- alertname: {alert}\n\s+eval_time: \S+\n\s+exp_alerts:")
                self.assertIn(f"`{alert}`", explained)


class Compose(unittest.TestCase):
    """deploy/docker-compose.yml gives each program its files where it looks for them."""

    MOUNTS = dict(re.findall(r'"\./(\S+?):(/\S+?):ro"', (cli.ROOT / "deploy" / "docker-compose.yml").read_text()))

    def test_files_are_there(self):
        self.assertEqual(len(self.MOUNTS), 3)
        for source in self.MOUNTS:
            self.assertTrue((cli.ROOT / "deploy" / source).is_dir(), source)

    def test_grafana_finds_dashboard_and_prometheus(self):
        provisioning = FOLDER / "grafana" / "provisioning"
        provider = (provisioning / "dashboards" / "mobileclip.yml").read_text()
        self.assertIn(f"path: {self.MOUNTS['monitoring/grafana/dashboards']}\n", provider)
        source = (provisioning / "datasources" / "prometheus.yml").read_text()
        default, = (variable for variable in DASHBOARD["templating"]["list"] if variable["type"] == "datasource")
        self.assertIn(f"uid: {default['current']['value']}\n", source)


class Dashboard(unittest.TestCase):
    def test_panels_have_places_of_their_own(self):
        taken = {}
        for panel in DASHBOARD["panels"]:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24, panel["title"])
            for x in range(place["x"], place["x"] + place["w"]):
                for y in range(place["y"], place["y"] + place["h"]):
                    self.assertNotIn((x, y), taken, panel["title"])
                    taken[x, y] = panel["title"]

    def test_panels_have_what_grafana_needs(self):
        self.assertEqual(len({panel["id"] for panel in DASHBOARD["panels"]}), len(DASHBOARD["panels"]))
        for panel in panels():
            with self.subTest(panel=panel["title"]):
                self.assertIn(panel["type"], ("timeseries", "stat", "table"))
                self.assertEqual(panel["datasource"]["uid"], "${datasource}")
                self.assertTrue(panel["fieldConfig"]["defaults"]["unit"])
                self.assertTrue(panel["targets"])
                for target in panel["targets"]:
                    self.assertIn('job=~"$job", instance=~"$instance"', target["expr"])


class Prometheus:
    """`with Prometheus(port, target):` scrapes the target four times a second, with the repository's rules."""

    def __init__(self, port, target):
        folder = cli.scratch() / "prometheus"
        folder.mkdir()
        shutil.copy(ALERTS, folder)
        configuration = (FOLDER / "prometheus" / "prometheus.yml").read_text()
        configuration = configuration.replace("_interval: 15s", "_interval: 250ms")
        configuration = re.sub(r"dns_sd_configs:.*", f"static_configs: [{{targets: ['{target}']}}]", configuration,
                               flags=re.DOTALL)
        (folder / "prometheus.yml").write_text(configuration)
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"], stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def get(self, path, **parameters):
        """What `path` answers as `data`; an OSError where that is refused."""
        query = urllib.parse.urlencode(parameters)
        with DIRECT.open(f"{self.url}/api/v1/{path}?{query}", timeout=60) as reply:
            return json.load(reply)["data"]

    def query(self, expression):
        """The values found, as numbers."""
        return [float(series["value"][1]) for series in self.get("query", query=expression)["result"]]

    def wait_for(self, expression):
        """Until the query has a value above 0."""
        end = time.monotonic() + START_TIMEOUT
        while time.monotonic() < end:
            try:
                if any(value > 0 for value in self.query(expression)):
                    return True
            except OSError:
                pass  # it has not started yet
            time.sleep(0.1)
        return False


@unittest.skipUnless(HAS_PROMETHEUS, "needs Debian's package prometheus")
class Queries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server("--image-cache=1MiB")
        cls.addClassCleanup(cls.server.end)
        cls.prometheus = cls.enterClassContext(Prometheus(harness.free_port(), f"127.0.0.1:{cls.server.port}"))
        assert cls.prometheus.wait_for("up"), "the server is not scraped"
        # Rates need a value before and one after.
        for _ in range(2):
            cls.server.embed_texts(["a cat", "a dog"])
            cls.server.post("/embed/image", "image/png", photo(1))
            cls.server.post_json("/embed/text", {"no": 1})
            cls.server.get("/nowhere")
        assert cls.prometheus.wait_for('sum(rate(mobileclip_requests_total{status="400"}[1m]))'), "no rate"

    def alerts(self):
        return self.prometheus.get("rules")["groups"][0]["rules"]

    def assert_finds(self, expression):
        values = self.prometheus.query(expression)
        self.assertTrue(values, f"{expression} finds nothing")
        return values

    def test_dashboard(self):
        for panel in panels():
            for target in panel["targets"]:
                expression = target["expr"].replace("$job", ".*").replace("$instance", ".*")
                with self.subTest(panel=panel["title"], expression=expression):
                    self.assert_finds(expression.replace("$__rate_interval", "1m"))

    def test_dashboard_variables(self):
        for variable in DASHBOARD["templating"]["list"]:
            if variable["type"] == "query":
                metric, label = re.fullmatch(r"label_values\((\w+).*, (\w+)\)", variable["definition"]).groups()
                found = self.prometheus.get("series", **{"match[]": metric})
                self.assertTrue(all(label in series for series in found) and found, variable)

    def test_alerts(self):
        """They are evaluated without an error, look at series that exist, and none of them fires for a server that is well."""
        end = time.monotonic() + START_TIMEOUT
        while any(rule["health"] == "unknown" for rule in self.alerts()) and time.monotonic() < end:
            time.sleep(0.1)
        rules = self.alerts()
        self.assertEqual(len(rules), ALERTS.read_text().count("- alert:"))
        for rule in rules:
            with self.subTest(alert=rule["name"]):
                self.assertEqual(rule["health"], "ok", rule.get("lastError"))
                self.assertEqual(rule["state"], "inactive")
                for metric, selector in re.findall(r"\b((?:mobileclip|process)_\w+|up)(\{[^}]*\})?", rule["query"]):
                    self.assert_finds(metric + selector)

    def test_documentation_names_series_that_exist(self):
        served = self.server.get("/metrics").body.decode()
        for file in [cli.ROOT / "README.md", cli.ROOT / "CHANGELOG.md", *sorted((cli.ROOT / "docs").rglob("*.md"))]:
            for name, end in re.findall(r"`((?:mobileclip|process)_[a-z_]+)([`{*])", file.read_text()):
                with self.subTest(file=file.name, name=name):
                    self.assertRegex(served, rf"\n{name}" + ("" if end == "*" else r"(_bucket)?[ {]"))

    def test_autoscaler(self):
        queries = list(adapter_queries())
        self.assertTrue(queries)
        for query in queries:
            with self.subTest(query=query):
                self.assert_finds(query)


if __name__ == "__main__":
    unittest.main()
