/** What a zone lists -> the answers of the "rest" dialect, in pages (contract 4). */
import { type Answer, gatewayError, jsonAnswer } from "./answers.ts";
import type { BalancerFacts } from "./fleet.ts";
import { hash } from "./hash.ts";
import { balancerId, balancerUuid, uuidOf } from "./ids.ts";
import type { ZoneKnobs } from "./knobs.ts";
import {
  type Item,
  shapeCount,
  shapeKey,
  shapeList,
  shapeNumbers,
  shapePort,
  shapeState,
} from "./shapes.ts";
import {
  type BalancerView,
  balancerAt,
  listedPlaces,
  type Scene,
  type ServerView,
  serversOf,
} from "./view.ts";

/** The page size of who names none, and the largest there is. */
const DEFAULT_SIZE = 20;
const MAX_SIZE = 2000;
/** Bytes a second that come with a throughput of 1, in this made-up world. */
const REQUEST_BYTES = 12;
const RESPONSE_BYTES = 340;

/** Answers `GET /{z}/loadbalancers`. */
export function answerBalancers(scene: Scene, query: URLSearchParams): Answer {
  const knobs = scene.settings.zone(scene.zone);
  const size = Math.min(positive(query.get("size")) ?? DEFAULT_SIZE, MAX_SIZE);
  const offset = ((positive(query.get("page")) ?? 1) - 1) * size;
  const places = wantedPlaces(scene, query);
  const items = places
    .slice(offset, offset + size)
    .map((place, index) => balancerItem(balancerAt(scene, place), offset + index, scene));
  const text = knobs.count === "string";
  const pagination = {
    size: text ? String(size) : size,
    total: shapeCount(places.length, knobs),
    offset: text ? String(offset) : offset,
  };
  const paged = knobs.pagination === "present" ? { pagination } : {};
  // `data` is this dialect's envelope: an empty one is an object with nothing in it.
  if (items.length === 0 && knobs.emptyShape === "envelope") {
    return jsonAnswer(200, { ...paged, data: {} });
  }
  const list = shapeList({ head: {}, key: "data", items }, knobs);
  return jsonAnswer(200, { ...paged, ...list });
}

/** Answers `GET /{z}/loadbalancers/{id}/servers`. */
export function answerServers(scene: Scene, uuid: string, id: number | undefined): Answer {
  const known = id !== undefined && balancerUuid(scene.seed, id) === uuid.toLowerCase();
  const found = known ? serversOf(scene, id) : undefined;
  if (found === undefined) {
    return gatewayError(404, `load balancer ${JSON.stringify(uuid)} does not exist`);
  }
  const { facts, servers } = found;
  const knobs = scene.settings.over(scene.zone, facts.id);
  const items = servers.map((server, index) => serverItem(facts, server, { index, knobs }));
  return jsonAnswer(200, { data: shapeList({ head: {}, key: "vm", items }, knobs) });
}

/** The places after the filters of contract 4.1. */
function wantedPlaces(scene: Scene, query: URLSearchParams): number[] {
  const { seed, zone, account } = scene;
  const name = query.get("loadbalancerName");
  const uuid = query.get("loadbalancerId")?.toLowerCase();
  let places = listedPlaces(scene);
  if (uuid !== undefined) {
    const uuidAt = (place: number) =>
      balancerUuid(seed, balancerId({ seed, zone, account, place }));
    places = places.filter((place) => uuidAt(place) === uuid);
  }
  if (name !== null) places = places.filter((place) => balancerAt(scene, place).name === name);
  return places;
}

function balancerItem(view: BalancerView, index: number, scene: Scene): Item {
  const { settings, zone, account, seed } = scene;
  const knobs = settings.over(zone, view.id);
  return {
    accountId: uuidOf(hash(seed, account, 5), account),
    zoneId: zone,
    zoneName: zone,
    networkId: view.networkId,
    loadbalancerId: view.uuid,
    loadbalancerName: view.name,
    deviceId: uuidOf(hash(seed, 3), 3),
    ippoolId: uuidOf(hash(seed, 4), 4),
    serviceType: view.type,
    serviceIp: view.ip,
    servicePort: shapePort(view.port, "number", knobs),
    loadbalancerOption: view.option,
    certificates: [],
    [shapeKey("cipherGroupName", "cipherGroupName", knobs)]: view.cipherGroup,
    healthCheckType: view.healthCheck.toUpperCase(),
    healthCheckUrl: view.healthCheckUrl,
    state: shapeState(view, index, knobs),
    isWebSocket: false,
    isXForwardProto: false,
    redirectUrl: "",
    tag: "",
    ...shapeNumbers(
      [
        ["establishedConn", "establishedconn", view.establishedconn],
        ["requestsRate", "requestsrate", view.requestsrate],
      ],
      index,
      knobs,
    ),
    tlsv1: "",
    tlsv11: "",
    tlsv12: "",
    comment: "",
  };
}

/**
 * The fields of this dialect stand for those of the other where there is one (contract 6.3); the
 * bytes come from the throughput.
 */
function serverItem(
  facts: BalancerFacts,
  server: ServerView,
  { index, knobs }: { readonly index: number; readonly knobs: ZoneKnobs },
): Item {
  const connections = shapeKey("curCLntConnections", "curCLntConnections", knobs);
  const { vmId, serviceId, throughputrate } = server;
  const state = shapeState(server, index, knobs);
  return {
    webServiceId: uuidOf(hash(serviceId), serviceId),
    name: `vm-${vmId.slice(0, 8)}`,
    portId: uuidOf(hash(serviceId, 1), serviceId),
    vmId,
    serviceType: facts.type,
    ipAddress: server.ip,
    publicPort: shapePort(server.port, "number", knobs),
    monitorState: state,
    monitorStatusMessage:
      state === "UP" ? "Success - Probe response received" : "Failure - Timeout",
    ...shapeNumbers(
      [
        ["vSvrServiceHitsRate", "requestsrate", server.requestsrate],
        ["avgSvrTtfb", "avgsvrttfb", server.avgsvrttfb],
        [connections, "cursrvrconnections", server.cursrvrconnections],
        ["requestByteRate", "throughputrate", throughputrate * REQUEST_BYTES],
        ["responseByteRate", "throughputrate", throughputrate * RESPONSE_BYTES],
      ],
      index,
      knobs,
    ),
  };
}

function positive(text: string | null): number | undefined {
  return text !== null && /^0*[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}
