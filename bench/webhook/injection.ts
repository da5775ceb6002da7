/** One review asked and its answer read whole, before any is asked only to be counted. */
import type { Peer, PeerName } from "./peers.ts";
import { type Review, UID } from "./reviews.ts";

interface Answer {
  readonly response?: {
    readonly uid?: string;
    readonly allowed?: boolean;
    readonly patchType?: string;
    readonly patch?: string;
  };
}

/** Size of the patch in bytes. Throws if the answer is not one that injects a container. */
export async function patchBytes(
  name: PeerName,
  { target }: Peer,
  { body, name: review }: Review,
): Promise<number> {
  const answer = await fetch(`https://localhost:${target.port}/mutate?timeout=10s`, {
    method: "POST",
    body,
    headers: { "Content-Type": "application/json" },
    tls: { ca: target.ca },
  });
  const text = await answer.text();
  const { response } = JSON.parse(text) as Answer;
  const patch = Buffer.from(response?.patch ?? "", "base64");
  const valid = answer.ok && response?.uid === UID && response.allowed === true;
  if (!valid || !addsContainer(patch)) {
    throw new Error(`${name} does not inject the pod of ${review}: ${answer.status} ${text}`);
  }
  return patch.length;
}

function addsContainer(patch: Buffer): boolean {
  const operations = JSON.parse(patch.toString() || "[]") as readonly { readonly path: string }[];
  return operations.some(({ path }) => /^\/spec\/(?:initContainers|containers)\b/.test(path));
}
