/** What a zone lists -> the answers of the "command" dialect (contract 3). */
import { type Answer, gatewayError, jsonAnswer } from "./answers.ts";
import type { ListKnobs, ZoneKnobs } from "./knobs.ts";
import {
  type Item,
  shapeCount,
  shapeId,
  shapeKey,
  shapeList,
  shapeNumbers,
  shapePort,
  shapeState,
} from "./shapes.ts";
import { type BalancerView, balancerAt, listedPlaces, type Scene, serversOf } from "./view.ts";

/** What the answers are wrapped in, by command. */
export function commandEnvelope(
  command: "listLoadBalancers" | "listLoadBalancerWebServers",
  { envelopeCase }: Pick<ZoneKnobs, "envelopeCase">,
): string {
  if (command === "listLoadBalancers") return "listloadbalancersresponse";
  const go = "listLoadBalancerWebServersresponse";
  return envelopeCase === "go" ? go : go.toLowerCase();
}

/** Answers a command, of which there are two. */
export function answerCommand(scene: Scene, query: URLSearchParams): Answer {
  const command = query.get("command");
  if (command === "listLoadBalancers") return answerList(scene, query);
  if (command === "listLoadBalancerWebServers") return answerServers(scene, query);
  return gatewayError(400, "The given command does not exist");
}

function answerList(scene: Scene, query: URLSearchParams): Answer {
  const knobs = scene.settings.zone(scene.zone);
  const items = listedPlaces(scene)
    .map((place) => balancerAt(scene, place))
    .filter((view) => isWanted(view, scene, query))
    .map((view, index) => balancerItem(view, index, scene));
  const body = listOf("loadbalancer", items, knobs);
  return jsonAnswer(200, { [commandEnvelope("listLoadBalancers", knobs)]: body });
}

/** The optional filters of contract 3.2. */
function isWanted(view: BalancerView, { zone }: Scene, query: URLSearchParams): boolean {
  const values: Readonly<Record<string, string>> = {
    name: view.name,
    serviceip: view.ip,
    loadbalancerid: String(view.id),
    zoneid: zone,
  };
  return Object.entries(values).every(([key, value]) => (query.get(key) ?? value) === value);
}

function balancerItem(view: BalancerView, index: number, { settings, zone }: Scene): Item {
  const knobs = settings.over(zone, view.id);
  return {
    loadbalancerid: shapeId(view.id, knobs),
    name: view.name,
    zoneid: zone,
    zonename: zone,
    networkid: view.networkId,
    serviceip: view.ip,
    serviceport: shapePort(view.port, "string", knobs),
    servicetype: view.type,
    loadbalanceroption: view.option,
    healthchecktype: view.healthCheck,
    healthcheckurl: view.healthCheckUrl,
    state: shapeState(view, index, knobs),
    ...shapeNumbers(
      [
        ["establishedconn", "establishedconn", view.establishedconn],
        ["requestsrate", "requestsrate", view.requestsrate],
      ],
      index,
      knobs,
    ),
    [shapeKey("ciphergroupname", "cipherGroupName", knobs)]: view.cipherGroup,
    certificatename: "",
    [shapeKey("clientIpYn", "clientIpYn", knobs)]: "N",
    sslv2: "",
    sslv3: "",
    tlsv1: "",
    tlsv11: "",
    tlsv12: "",
    tag: "",
  };
}

function answerServers(scene: Scene, query: URLSearchParams): Answer {
  const asked = query.get("loadbalancerid") ?? "";
  const found = serversOf(scene, Number(asked));
  if (found === undefined) {
    return gatewayError(404, `load balancer ${JSON.stringify(asked)} does not exist`);
  }
  const zone = scene.settings.zone(scene.zone);
  const knobs = scene.settings.over(scene.zone, found.facts.id);
  const items = found.servers.map((server, index) => ({
    loadbalancerid: shapeId(found.facts.id, zone),
    serviceid: shapeId(server.serviceId, zone),
    virtualmachineid: server.vmId,
    ipaddress: server.ip,
    publicport: shapePort(server.port, "string", zone),
    state: shapeState(server, index, knobs),
    ...shapeNumbers(
      [
        ["cursrvrconnections", "cursrvrconnections", server.cursrvrconnections],
        ["throughputrate", "throughputrate", server.throughputrate],
        ["avgsvrttfb", "avgsvrttfb", server.avgsvrttfb],
        ["requestsrate", "requestsrate", server.requestsrate],
      ],
      index,
      knobs,
    ),
  }));
  const body = listOf("loadbalancerwebserver", items, knobs);
  return jsonAnswer(200, { [commandEnvelope("listLoadBalancerWebServers", zone)]: body });
}

function listOf(key: string, items: readonly Item[], knobs: ListKnobs): Item {
  return shapeList({ head: { count: shapeCount(items.length, knobs) }, key, items }, knobs);
}
