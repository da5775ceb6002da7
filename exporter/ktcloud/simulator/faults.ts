/** A fault and the true answer -> what goes over the wire instead. */
import {
  type Answer,
  gatewayError,
  jsonAnswer,
  keystoneError,
  RATE_LIMIT_TEXT,
  retryAfter,
  send,
} from "./answers.ts";
import type { Fault } from "./knobs.ts";

/** What a fault is made of. */
export interface FaultyCall {
  readonly trueAnswer: () => Answer;
  /** What the true answer is wrapped in. */
  readonly envelope: string;
  /** The header of true answers. */
  readonly contentType: string;
  /** What the client sent: its token and its body, for a server that repeats them. */
  readonly sent: string;
  /** By the cloud's clock, in milliseconds since the epoch. */
  readonly nowMs: number;
}

/** Sends what the fault makes of the true answer. */
export async function sendFaulty(fault: Fault, call: FaultyCall): Promise<Response> {
  const { trueAnswer, contentType } = call;
  switch (fault.kind) {
    case "status":
      return statusFault(fault, call);
    case "delay":
      await Bun.sleep(fault.ms);
      return send(trueAnswer(), contentType);
    case "stall":
      return partly(trueAnswer(), contentType, () => {});
    case "cut":
      return partly(trueAnswer(), contentType, reset);
    case "reset":
      return new Response(new ReadableStream({ pull: reset }));
    case "truncated": {
      const answer = trueAnswer();
      return send({ ...answer, text: half(answer.text) }, contentType);
    }
    case "large":
      return large(trueAnswer(), contentType, fault.bytes);
    case "redirect":
      return new Response("", { status: fault.status, headers: { location: fault.location } });
    case "refusal":
      return send(refusal(fault.shape, call.envelope), contentType);
    case "envelope":
    default:
      return send(jsonAnswer(200, fault.body), contentType);
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
  { status, headers, text }: Answer,
  contentType: string,
  after: (controller: ReadableStreamDefaultController) => void,
): Response {
  let sent = false;
  const stream = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      if (sent) return after(controller);
      sent = true;
      controller.enqueue(new TextEncoder().encode(half(text)));
      // Lets the half leave before what follows.
      await Bun.sleep(5);
    },
  });
  return new Response(stream, { status, headers: { "content-type": contentType, ...headers } });
}

const CHUNK = new TextEncoder().encode(" ".repeat(65_536));

/** So many blanks at the reader's pace, then the answer: JSON may begin with blanks. */
function large({ status, headers, text }: Answer, contentType: string, bytes: number): Response {
  let left = bytes;
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        if (left > 0) {
          controller.enqueue(CHUNK.subarray(0, Math.min(left, CHUNK.length)));
          left -= CHUNK.length;
          return;
        }
        controller.enqueue(new TextEncoder().encode(text));
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(stream, { status, headers: { "content-type": contentType, ...headers } });
}

const HTML = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>";

type StatusFault = Extract<Fault, { kind: "status" }>;

function statusFault(fault: StatusFault, call: FaultyCall): Response {
  const { retryAfterSeconds, retryAfterAs = "seconds" } = fault;
  const [text, contentType] = errorBody(fault, call);
  const headers: Record<string, string> =
    retryAfterSeconds === undefined
      ? {}
      : { "retry-after": retryAfter(retryAfterAs, retryAfterSeconds, call.nowMs) };
  return send({ status: fault.status, headers, text }, contentType);
}

function errorBody(
  { status, body }: StatusFault,
  { contentType, sent }: FaultyCall,
): readonly [text: string, contentType: string] {
  const gateway = gatewayError(status, "internal server error").text;
  switch (body) {
    case "html":
      return [HTML, "text/html"];
    case "text":
      return ["upstream connect error or disconnect/reset before headers", "text/plain"];
    case "empty":
      return ["", contentType];
    case "truncated":
      return [half(gateway), contentType];
    case "keystone":
      return [keystoneError(status, "Error", "The cloud says no.").text, contentType];
    case "itemNotFound":
      return [JSON.stringify({ itemNotFound: { code: status, message: "No." } }), contentType];
    case "httpStatus":
      return [JSON.stringify({ httpStatus: status, data: "No." }), contentType];
    case "ratelimit":
      return [gatewayError(status, RATE_LIMIT_TEXT).text, contentType];
    case "echo":
      // A careless server that repeats what it was sent, secrets included.
      return [keystoneError(status, "Error", sent).text, contentType];
    case "gateway":
    default:
      return [gateway, contentType];
  }
}

function refusal(shape: Extract<Fault, { kind: "refusal" }>["shape"], envelope: string): Answer {
  const within = (body: object) => jsonAnswer(200, { [envelope]: body });
  switch (shape) {
    case "success":
      return within({ success: "false", displaytext: "failed" });
    case "successBoolean":
      return within({ success: false, displaytext: "failed" });
    case "gateway":
      return { ...gatewayError(500, "internal server error"), status: 200 };
    case "ratelimit":
      return { ...gatewayError(500, RATE_LIMIT_TEXT), status: 200 };
    case "errorcode":
    default:
      return within({ errorcode: "500", errortext: "internal server error" });
  }
}
