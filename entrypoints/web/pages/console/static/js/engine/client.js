/** The client of the engine that this page uses: it shows the session's credential, and ends the session when that is refused. */
import { OrderEngine } from "../../client/index.js";
import { credentialShown, end, isSignedIn } from "./session.js";

const SIGNED_OUT = "The engine no longer takes the key: it has expired or was revoked.";

export const client = new OrderEngine(location.origin, { credential: credentialShown, retries: 0, fetch: watched });

/** Ask what a credential would allow, or with an empty one what is allowed without. @param {string} credential */
export function tryCredential(credential) {
  return new OrderEngine(location.origin, { credential, retries: 0 }).me();
}

async function watched(url, request) {
  const answer = await fetch(url, request);
  if (answer.status === 401) end(isSignedIn() ? SIGNED_OUT : "");
  return answer;
}
