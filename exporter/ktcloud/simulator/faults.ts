/** A fault and the true answer -> what goes over the wire instead. */
import type { Fault } from "./knobs.ts";

/** An answer before it is sent. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const JSON_TYPE = "application/json;charset=UTF-8";

/** Serialises an answer. */
export function send({ status, headers, body }: Answer): Response {
  const text = body === undefined ? "" : JSON.stringify(body);
  return new Response(text, { status, headers: { "content-type": JSON_TYPE, ...headers } });
}

/** The gateway's answer to a path that it does not know (contract 3.6). */
export function gatewayError(status: number, text: string): Answer {
  const body = { response: { errortext: text, errorcode: String(status) } };
  return { status, headers: {}, body };
}

/** Keystone's answer to what it refuses (contract 2.5). */
export function keystoneError(code: number, title: string, message: string): Answer {
  return { status: code, headers: {}, body: { error: { code, message, title } } };
}

/** Sends what the fault makes of the true answer. */
export async function sendFaulty(
  fault: Fault,
  trueAnswer: () => Answer,
  request: Request,
): Promise<Response> {
  switch (fault.kind) {
    case "status":
      return await statusFault(fault, request);
    case "delay":
      await Bun.sleep(fault.ms);
      return send(trueAnswer());
    case "stall":
      return partly(trueAnswer(), () => {});
    case "cut":
      return partly(trueAnswer(), reset);
    case "reset":
      return new Response(new ReadableStream({ pull: reset }));
    case "truncated": {
      const text = JSON.stringify(trueAnswer().body);
      return new Response(half(text), { headers: { "content-type": JSON_TYPE } });
    }
    case "refusal":
      return send({ status: 200, headers: {}, body: refusal(fault.shape, trueAnswer()) });
    case "envelope":
    default:
      return send({ status: 200, headers: {}, body: fault.body });
  }
}

/** An error without a value resets the connection and, unlike any other, prints nothing (Bun 1.4.5). */
function reset(controller: ReadableStreamDefaultController): void {
  controller.error(undefined);
}

function half(text: string): string {
  return text.slice(0, Math.floor(text.length / 2));
}

/** Headers and half of the body, and then whatever `after` does. */
function partly(
  { status, headers, body }: Answer,
  after: (controller: ReadableStreamDefaultController) => void,
): Response {
  let sent = false;
  const stream = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      if (sent) return after(controller);
      sent = true;
      controller.enqueue(new TextEncoder().encode(half(JSON.stringify(body))));
      // Lets the half leave before what follows.
      await Bun.sleep(5);
    },
  });
  return new Response(stream, { status, headers: { "content-type": JSON_TYPE, ...headers } });
}

const HTML = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";
const RATE_LIMIT = "Unable to execute API command listTags due to ratelimit timeout";

async function statusFault(
  { status, body, retryAfterSeconds }: Extract<Fault, { kind: "status" }>,
  request: Request,
): Promise<Response> {
  const headers: Record<string, string> =
    retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
  switch (body) {
    case "gateway":
      return send({ ...gatewayError(status, "internal server error"), headers });
    case "keystone":
      return send({ ...keystoneError(status, "Error", "The cloud says no."), headers });
    case "itemNotFound":
      return send({ status, headers, body: { itemNotFound: { code: status, message: "No." } } });
    case "ratelimit":
      return send({ ...gatewayError(status, RATE_LIMIT), headers });
    case "html":
      return new Response(HTML, { status, headers: { ...headers, "content-type": "text/html" } });
    case "empty":
      return new Response("", { status, headers });
    case "echo":
    default: {
      // A careless server that repeats what it was sent, secrets included.
      const message = `${request.headers.get("x-auth-token")} ${await request.text()}`;
      return send({ ...keystoneError(status, "Error", message), headers });
    }
  }
}

function refusal(shape: Extract<Fault, { kind: "refusal" }>["shape"], { body }: Answer): unknown {
  const envelope = Object.keys(body ?? {})[0] ?? "response";
  if (shape === "gateway") return gatewayError(500, "internal server error").body;
  if (shape === "success") return { [envelope]: { success: "false", displaytext: "failed" } };
  return { [envelope]: { errorcode: "500", errortext: "internal server error" } };
}
