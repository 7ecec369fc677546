// Why something did not work, from what browsers and SIP say, in our few words.

import type { Failure } from "./model";

const MICROPHONE: Record<string, Failure> = {
  NotAllowedError: "microphone-denied",
  SecurityError: "microphone-denied",
  NotFoundError: "microphone-none",
  OverconstrainedError: "microphone-none",
  NotReadableError: "microphone-taken",
  AbortError: "microphone-taken",
};

/** What `getUserMedia` meant by its error. */
export function ofMicrophone(error: unknown): Failure {
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  return MICROPHONE[name] ?? "microphone-failed";
}

/** What a final answer to an INVITE means for who called; null when it is nothing to speak of. *outside*: a
 * number was called, not a colleague. */
export function ofAnswer(status: number | undefined, cause: string, outside = false): Failure | null {
  if (cause === "Canceled" || status === 487) return null;
  switch (status) {
    case 403:
    case 407:
      return outside ? "number-barred" : "not-allowed";
    case 486:
    case 600:
      return "busy";
    case 603:
      return "declined";
    case 408:
    case 480:
      return "no-answer";
    case 404:
    case 410:
    case 484:
    case 604:
      return outside ? "number-unknown" : "not-reached";
    case 500:
    case 502:
    case 504:
      return outside ? "carrier" : "unexpected";
    case 503:
      return outside ? "carrier" : "not-reached";
    default:
      return ofCause(cause);
  }
}

/** What JsSIP meant by the cause of an end. */
function ofCause(cause: string): Failure {
  if (cause === "Connection Error" || cause === "Request Timeout") return "no-line";
  if (cause === "RTP Timeout") return "voice";
  if (cause === "No Answer") return "no-answer";
  return "unexpected";
}
