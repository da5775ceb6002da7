"""The exporter as it was before: gauges that are cleared and filled again while they are served.

Collects one load balancer after the other. Then, under a lock that the thread behind /metrics never
takes, it clears every gauge and sets every series. Written anew for this bench after the original's
behaviour; the kept connection is a kindness that the original did not have.
"""

import argparse
import http.client
import json
import os
import sys
import threading
import time
from urllib.parse import urlencode, urlsplit

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

PREFIXES = {"DX-M1": "d1", "DX-Central": "d2", "DX-DCN-CJ": "d3", "DX-G": "gd1", "DX-G-YS": "gd4"}
SERVER_LABELS = ["lb_id", "lb_name", "server_ip", "server_port", "zone"]
BALANCER_LABELS = ["lb_id", "lb_name", "service_ip", "service_port", "service_type", "lb_option",
                   "healthcheck_type", "zone"]


class Cloud:
    """One account in one zone."""

    def __init__(self, url, zone, account, password):
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc)
        self.prefix = "/" + PREFIXES[zone]
        user = {"domain": {"id": "default"}, "name": account, "password": password}
        project = {"domain": {"id": "default"}, "name": account}
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}},
                         "scope": {"project": project}}}
        path = self.prefix + "/identity/auth/tokens"
        headers = {"Content-Type": "application/json"}
        self.connection.request("POST", path, json.dumps(body), headers)
        answer = self.connection.getresponse()
        answer.read()
        self.token = answer.getheader("X-Subject-Token")

    def command(self, name, **parameters):
        query = urlencode({"command": name, **parameters, "response": "json"})
        path = f"{self.prefix}/loadbalancer/client/api?{query}"
        self.connection.request("GET", path, headers={"X-Auth-Token": self.token})
        return json.loads(self.connection.getresponse().read())[name.lower() + "response"]

    def balancers(self):
        return self.command("listLoadBalancers")["loadbalancer"]

    def servers(self, balancer):
        found = self.command("listLoadBalancerWebServers", loadbalancerid=balancer["loadbalancerid"])
        return found["loadbalancerwebserver"]


class Metrics:
    """The gauges, and the way they are updated."""

    def __init__(self, zone):
        self.zone = zone
        self.lock = threading.Lock()
        self.registry = CollectorRegistry()
        gauge = lambda name, labels=(): Gauge(name, name, labels, registry=self.registry)
        self.total = gauge("ktcloud_lb_total_count")
        self.info = gauge("ktcloud_lb_info", BALANCER_LABELS)
        self.server_count = gauge("ktcloud_lb_server_count", ["lb_id", "lb_name", "zone"])
        self.state = gauge("ktcloud_lb_server_state", SERVER_LABELS)
        self.numbers = {
            "cursrvrconnections": gauge("ktcloud_server_current_connections", SERVER_LABELS),
            "throughputrate": gauge("ktcloud_server_throughput_rate_kbps", SERVER_LABELS),
            "avgsvrttfb": gauge("ktcloud_server_avg_ttfb_ms", SERVER_LABELS),
            "requestsrate": gauge("ktcloud_server_requests_rate_per_sec", SERVER_LABELS),
        }
        self.duration = gauge("ktcloud_lb_scrape_duration_seconds")
        self.timestamp = gauge("ktcloud_lb_last_scrape_timestamp")
        self.updates = Counter("ktcloud_lb_atomic_updates", "Updates.", registry=self.registry)

    def update(self, collected, started):
        with self.lock:
            for gauge in (self.info, self.server_count, self.state, *self.numbers.values()):
                gauge.clear()
            for balancer, servers in collected:
                self.set_balancer(balancer, servers)
            self.total.set(len(collected))
            self.duration.set(time.time() - started)
            self.timestamp.set(started)
            self.updates.inc()

    def set_balancer(self, balancer, servers):
        own = [str(balancer["loadbalancerid"]), balancer["name"]]
        facts = ["serviceip", "serviceport", "servicetype", "loadbalanceroption", "healthchecktype"]
        labels = [*own, *(str(balancer[fact]) for fact in facts), self.zone]
        self.info.labels(*labels).set(balancer["state"] == "UP")
        self.server_count.labels(*own, self.zone).set(len(servers))
        for server in servers:
            labels = [*own, server["ipaddress"], str(server["publicport"]), self.zone]
            self.state.labels(*labels).set(server["state"] == "UP")
            for field, gauge in self.numbers.items():
                gauge.labels(*labels).set(float(server[field]))


def log(message, **fields):
    print(json.dumps({"msg": message, **fields}), file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--api-url", required=True)
    parser.add_argument("--interval", type=float, required=True, help="in seconds")
    options = parser.parse_args()
    zone = os.environ["CLOUD_ZONE"]
    metrics = Metrics(zone)
    server, _ = start_http_server(0, "127.0.0.1", registry=metrics.registry)
    log("Listening", listener="web", port=server.server_port)
    cloud = Cloud(options.api_url, zone, os.environ["CLOUD_ID"], os.environ["CLOUD_PASSWORD"])
    while True:
        started = time.time()
        collected = [(balancer, cloud.servers(balancer)) for balancer in cloud.balancers()]
        collected_at = time.time()
        metrics.update(collected, started)
        log("Updated", update_ms=(time.time() - collected_at) * 1000)
        time.sleep(max(0, started + options.interval - time.time()))


main()
