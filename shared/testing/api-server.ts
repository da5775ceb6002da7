/**
 * A Kubernetes API server for tests, over HTTPS with a CA of its own: the few paths that components call,
 * with resource versions, conflicts, server-side apply, Leases, watches that expire, and faults on demand.
 */
import { writeFileSync } from "node:fs";
import { cutAnswer, refuseLease, status } from "./api-answers.ts";
import type { ApiObject } from "./api-object.ts";
import { createCertificate } from "./certificate.ts";

/** What happens to a request instead of its answer. */
export type Fault =
  | { readonly kind: "status"; readonly status: number }
  /** Never answers, until the server stops. */
  | { readonly kind: "hang" }
  | { readonly kind: "garbage" }
  /** The connection ends in the middle of an answer; nothing is done. */
  | { readonly kind: "cut" }
  /** It is done, but no answer comes. */
  | { readonly kind: "lost" }
  /** It is done, and answered, after so long. */
  | { readonly kind: "slow"; readonly ms: number };

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly userAgent: string | null;
}

type Event = { readonly type: string; readonly object: ApiObject; readonly version: number };
type Kind = keyof typeof TYPES;

/** What the objects of a kind are called in answers: clients with types of their own read it. */
const TYPES = {
  secrets: { apiVersion: "v1", kind: "Secret" },
  services: { apiVersion: "v1", kind: "Service" },
  pods: { apiVersion: "v1", kind: "Pod" },
  endpointslices: { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice" },
  leases: { apiVersion: "coordination.k8s.io/v1", kind: "Lease" },
  mutatingwebhookconfigurations: {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
  },
} as const;

const ROUTES: readonly (readonly [RegExp, Kind])[] = [
  [/^\/api\/v1\/namespaces\/(?<namespace>[^/]+)\/secrets(?:\/(?<name>[^/]+))?$/, "secrets"],
  [/^\/api\/v1\/namespaces\/(?<namespace>[^/]+)\/services(?:\/(?<name>[^/]+))?$/, "services"],
  [/^\/api\/v1(?:\/namespaces\/(?<namespace>[^/]+))?\/pods(?:\/(?<name>[^/]+))?$/, "pods"],
  [
    /^\/apis\/discovery\.k8s\.io\/v1(?:\/namespaces\/(?<namespace>[^/]+))?\/endpointslices(?:\/(?<name>[^/]+))?$/,
    "endpointslices",
  ],
  [
    /^\/apis\/coordination\.k8s\.io\/v1\/namespaces\/(?<namespace>[^/]+)\/leases(?:\/(?<name>[^/]+))?$/,
    "leases",
  ],
  [
    /^\/apis\/admissionregistration\.k8s\.io\/v1\/mutatingwebhookconfigurations(?:\/(?<name>[^/]+))?$/,
    "mutatingwebhookconfigurations",
  ],
];

/** The running server. */
export class FakeApiServer implements AsyncDisposable {
  readonly ca: string;
  readonly token = "a-token";
  readonly asked: Asked[] = [];
  /** What becomes of the next requests; `undefined` for the real answer. */
  fault: (asked: Asked) => Fault | undefined = () => undefined;
  /** What /version tells. */
  version = { major: "1", minor: "32+" };
  /** Watches are accepted but tell nothing, as over a connection that is dead unnoticed. */
  silentWatches = false;
  readonly #certificate: { readonly cert: string; readonly key: string };
  #server: Bun.Server<undefined>;
  readonly #objects = new Map<string, ApiObject>();
  readonly #events: (Event & { readonly kind: Kind })[] = [];
  readonly #watchers = new Set<(event: Event & { readonly kind: Kind }) => void>();
  readonly #hanging = Promise.withResolvers<Response>();
  #resourceVersion = 1000;
  /** So many of the next watches find that their version is forgotten: an event with code 410. */
  expiredWatches = 0;
  #closeWatches: (() => void)[] = [];

  private constructor({ ca, cert, key }: { ca: string; cert: string; key: string }) {
    this.ca = ca;
    this.#certificate = { cert, key };
    this.#server = this.#listen(0);
  }

  #listen(port: number): Bun.Server<undefined> {
    return Bun.serve({
      hostname: "127.0.0.1",
      port,
      tls: { ...this.#certificate },
      idleTimeout: 0,
      development: false,
      reusePort: false,
      fetch: (request) => this.#answer(request),
    });
  }

  static async start(): Promise<FakeApiServer> {
    return new FakeApiServer(await createCertificate());
  }

  get port(): number {
    return this.#server.port ?? 0;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hanging.resolve(new Response(null, { status: 503 }));
    this.endWatches();
    await this.#server.stop(true);
  }

  /** Is away: cuts all connections and refuses new ones, until the function that it gives is called. */
  async goAway(): Promise<() => void> {
    const { port } = this;
    await this.#server.stop(true);
    this.endWatches();
    return () => {
      this.#server = this.#listen(port);
    };
  }

  /** Writes a kubeconfig for this server. */
  writeKubeconfig(path: string, { ca = this.ca, token = this.token } = {}): void {
    const document = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "fake",
      clusters: [
        {
          name: "fake",
          cluster: {
            server: this.url,
            "certificate-authority-data": Buffer.from(ca).toString("base64"),
          },
        },
      ],
      users: [{ name: "component", user: { token } }],
      contexts: [{ name: "fake", context: { cluster: "fake", user: "component" } }],
    };
    writeFileSync(path, JSON.stringify(document));
  }

  /** What is stored, by kind and name. */
  get(kind: Kind, name: string): ApiObject | undefined {
    return this.#objects.get(`${kind}/${name}`);
  }

  /** Stores an object as somebody else would, and tells those who watch. */
  put(kind: Kind, object: ApiObject): ApiObject {
    const known = this.get(kind, object.metadata.name) !== undefined;
    return this.#store(kind, object, known ? "MODIFIED" : "ADDED");
  }

  /** Removes an object as somebody else would. */
  remove(kind: Kind, name: string): void {
    const object = this.get(kind, name);
    if (object === undefined) return;
    this.#objects.delete(`${kind}/${name}`);
    this.#resourceVersion += 1;
    this.#publish(kind, "DELETED", object);
  }

  /** Ends all watches, as the API server does now and then. */
  endWatches(): void {
    for (const close of this.#closeWatches) close();
    this.#closeWatches = [];
  }

  get watches(): number {
    return this.#watchers.size;
  }

  #store(kind: Kind, object: ApiObject, type: "ADDED" | "MODIFIED"): ApiObject {
    this.#resourceVersion += 1;
    const resourceVersion = String(this.#resourceVersion);
    const uid = this.get(kind, object.metadata.name)?.metadata.uid ?? crypto.randomUUID();
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion, uid } };
    this.#objects.set(`${kind}/${object.metadata.name}`, stored);
    this.#publish(kind, type, stored);
    return stored;
  }

  #publish(kind: Kind, type: string, object: ApiObject): void {
    const event = { kind, type, object, version: this.#resourceVersion };
    this.#events.push(event);
    for (const tell of this.#watchers) tell(event);
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname: path, searchParams: query } = new URL(request.url);
    const { method, headers } = request;
    const asked = { method, path, query, userAgent: headers.get("user-agent") };
    this.asked.push(asked);
    if (headers.get("authorization") !== `Bearer ${this.token}`) return status(401, "Unauthorized");
    const fault = this.fault(asked);
    if (fault?.kind === "hang") return await this.#hanging.promise;
    if (fault?.kind === "garbage") return new Response("<html>", { status: 200 });
    if (fault?.kind === "cut") return cutAnswer();
    if (fault?.kind === "status") return status(fault.status, "Fault");
    const answer = await this.#route(request, path);
    if (fault?.kind === "slow") await Bun.sleep(fault.ms);
    return fault?.kind === "lost" ? await this.#hanging.promise : answer;
  }

  async #route(request: Request, path: string): Promise<Response> {
    if (path === "/version") return Response.json(describeVersion(this.version));
    for (const [pattern, kind] of ROUTES) {
      const groups = pattern.exec(path)?.groups;
      if (groups) return await this.#resource(request, { kind, ...groups });
    }
    return status(404, "NotFound");
  }

  async #resource(
    request: Request,
    { kind, name, namespace }: { kind: Kind; name?: string; namespace?: string },
  ): Promise<Response> {
    const { searchParams: query } = new URL(request.url);
    if (name === undefined && request.method === "GET") {
      const wanted = { kind, namespace, query };
      return isTrue(query.get("watch")) ? this.#watch(wanted) : this.#list(wanted);
    }
    const known = this.get(kind, name ?? "");
    if (request.method === "GET") return known ? Response.json(known) : status(404, "NotFound");
    if (request.method === "PATCH") return await this.#apply(request, kind, name ?? "");
    const body = (await request.json()) as ApiObject;
    if (namespace !== undefined && body.metadata.namespace !== namespace) {
      return status(400, "BadRequest");
    }
    if (name !== undefined && body.metadata.name !== name) return status(400, "BadRequest");
    const refused = kind === "leases" ? refuseLease(body, request.method) : undefined;
    if (refused !== undefined) return refused;
    if (request.method === "POST") return this.#create(kind, body);
    if (request.method === "PUT") return this.#replace(kind, body);
    return status(405, "MethodNotAllowed");
  }

  #create(kind: Kind, body: ApiObject): Response {
    if (this.get(kind, body.metadata.name)) return status(409, "AlreadyExists");
    return Response.json(this.#store(kind, body, "ADDED"), { status: 201 });
  }

  #replace(kind: Kind, body: ApiObject): Response {
    const known = this.get(kind, body.metadata.name);
    if (known === undefined) return status(404, "NotFound");
    const { resourceVersion, uid } = body.metadata;
    if (uid !== undefined && uid !== known.metadata.uid) return status(409, "Conflict");
    if (resourceVersion !== undefined && resourceVersion !== known.metadata.resourceVersion) {
      return status(409, "Conflict");
    }
    if (body.type !== known.type) return status(422, "Invalid");
    return Response.json(this.#store(kind, body, "MODIFIED"));
  }

  /** Server-side apply: webhooks are merged by their names, and fields of others stay. */
  async #apply(request: Request, kind: Kind, name: string): Promise<Response> {
    const { searchParams: query } = new URL(request.url);
    const type = request.headers.get("content-type");
    if (type !== "application/apply-patch+yaml") return status(415, "UnsupportedMediaType");
    if (!query.get("fieldManager")) return status(400, "BadRequest");
    const body = (await request.json()) as ApiObject & { readonly webhooks?: readonly Webhook[] };
    const known: (ApiObject & { webhooks?: Webhook[] }) | undefined = this.get(kind, name);
    const { uid, resourceVersion } = body.metadata;
    // Applied from nothing it lacks what is required, such as sideEffects; a uid says that it must be there.
    if (known === undefined) return uid ? status(409, "Conflict") : status(422, "Invalid");
    if (uid !== undefined && uid !== known.metadata.uid) return status(422, "Invalid");
    if (resourceVersion !== undefined && resourceVersion !== known.metadata.resourceVersion) {
      return status(409, "Conflict");
    }
    const changed = (known.webhooks ?? []).map((webhook) => {
      const applied = body.webhooks?.find((one) => one.name === webhook.name);
      const clientConfig = { ...webhook.clientConfig, ...applied?.clientConfig };
      return applied ? { ...webhook, clientConfig } : webhook;
    });
    const owned = known.webhooks?.some(({ clientConfig }) => clientConfig.caBundle);
    if (owned && query.get("force") !== "true") return status(409, "Conflict");
    return Response.json(this.#store(kind, { ...known, webhooks: changed }, "MODIFIED"));
  }

  #list(wanted: Wanted): Response {
    const items = [...this.#objects]
      .filter(([key, object]) => key.startsWith(`${wanted.kind}/`) && selected(object, wanted))
      .map(([, object]) => object);
    const metadata = { resourceVersion: String(this.#resourceVersion) };
    const { apiVersion, kind } = TYPES[wanted.kind];
    return Response.json({ kind: `${kind}List`, apiVersion, metadata, items });
  }

  #watch(wanted: Wanted): Response {
    const { kind, query } = wanted;
    const from = Number(query.get("resourceVersion") ?? 0);
    if (this.expiredWatches > 0) {
      this.expiredWatches -= 1;
      const object = { kind: "Status", code: 410, reason: "Expired" };
      return new Response(`${JSON.stringify({ type: "ERROR", object })}\n`);
    }
    const encoder = new TextEncoder();
    let stop = () => {};
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const tell = (event: Event & { readonly kind: Kind }) => {
          if (
            this.silentWatches ||
            event.kind !== kind ||
            !selected(event.object, wanted) ||
            event.version <= from
          )
            return;
          const { type, object } = event;
          controller.enqueue(encoder.encode(`${JSON.stringify({ type, object })}\n`));
        };
        stop = () => {
          this.#watchers.delete(tell);
        };
        const metadata = { resourceVersion: String(this.#resourceVersion) };
        const bookmark = { type: "BOOKMARK", object: { ...TYPES[kind], metadata } };
        controller.enqueue(encoder.encode(`${JSON.stringify(bookmark)}\n`));
        for (const event of this.#events) tell(event);
        this.#watchers.add(tell);
        this.#closeWatches.push(() => {
          if (this.#watchers.delete(tell)) controller.close();
        });
      },
      cancel: () => stop(),
    });
    return new Response(stream, { headers: { "content-type": "application/json" } });
  }
}

interface Webhook {
  readonly name: string;
  readonly clientConfig: { readonly caBundle?: string };
}

/** As the API server reads it: clients write either. */
function isTrue(value: string | null): boolean {
  return value === "true" || value === "1";
}

/** What a list or a watch asks for; without a namespace that of all. */
interface Wanted {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly query: URLSearchParams;
}

function selected({ metadata }: ApiObject, { namespace, query }: Wanted): boolean {
  if (namespace !== undefined && metadata.namespace !== namespace) return false;
  const selector = query.get("fieldSelector");
  return selector === null || selector === `metadata.name=${metadata.name}`;
}

/** Some clients read the numbers, others the whole version. */
function describeVersion(version: FakeApiServer["version"]) {
  return { ...version, gitVersion: `v${version.major}.${Number.parseInt(version.minor, 10)}.0` };
}
