// What the house is asked about the phone.

import type { Account } from "./line";

const TIMEOUT_MS = 8000;

async function ask(method: string, address: string): Promise<Response | 0> {
  try {
    return await fetch(address, { method, signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "error" });
  } catch {
    return 0;
  }
}

/** A new password, in force at the switch; or the status that came instead (0: nobody answered). */
export async function account(): Promise<Account | number> {
  const answer = await ask("POST", "/phone/credentials");
  if (answer === 0 || !answer.ok) return answer === 0 ? 0 : answer.status;
  return (await answer.json()) as Account;
}

/** How the password of the socket *ws* stands: 204 in force, 409 replaced, 404 over, 401 not signed in. */
export async function standing(ws: string): Promise<number> {
  const answer = await ask("GET", ws.replace("/phone/ws", "/phone/standing"));
  return answer === 0 ? 0 : answer.status;
}
