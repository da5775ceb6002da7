/** A request's body -> its bytes, never more than can be an AdmissionReview. */
import { ReviewError } from "./review.ts";

/**
 * The API server takes requests of at most 3 MiB (MaxRequestBodyBytes of its generic server). A
 * review holds such an object, for an update the old one too, and a little about the user and the
 * options: 3 + 3 + 1 MiB.
 */
export const MAX_BODY_BYTES = 7 * 1024 * 1024;

/**
 * Reads the whole body. Throws {@link ReviewError} where it is larger than `maxBytes`, before more
 * than that is held, or where the client left before its end.
 */
export async function readBody(
  request: Request,
  maxBytes: number = MAX_BODY_BYTES,
): Promise<Uint8Array> {
  if (Number(request.headers.get("content-length")) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new ReviewError("body_incomplete", "the body ended early", { cause });
  }
  if (bytes > maxBytes) throw tooLarge(maxBytes);
  return Buffer.concat(chunks, bytes);
}

function tooLarge(maxBytes: number): ReviewError {
  return new ReviewError("body_too_large", `the body is larger than ${maxBytes} bytes`);
}
