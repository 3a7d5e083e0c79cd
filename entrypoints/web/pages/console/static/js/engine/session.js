/** Who is signed in. The credential is in this module's memory and nowhere else: a reload forgets it, and all it showed. */

const ENDED = "session-ended"; // why, for the page that comes after the reload

/** @typedef {import("../../client/index.js").Me} Me */

let credential = "";
/** @type {Me | null} */
let me = null;

/** @param {Me | null} allowed null when nobody could say @param {string} shown the credential; empty: none is needed */
export function begin(allowed, shown = "") {
  me = allowed;
  credential = shown;
}

/** Forget everything that this page shows and knows, and begin again at the sign-in. @param {string} why */
export function end(why) {
  try {
    sessionStorage.setItem(ENDED, why);
  } catch {
    // Storage is forbidden here: the sign-in does not say why.
  }
  location.reload();
}

/** Why the last session ended, told once. */
export function whyEnded() {
  try {
    const why = sessionStorage.getItem(ENDED) ?? "";
    sessionStorage.removeItem(ENDED);
    return why;
  } catch {
    return "";
  }
}

/** What tells the engine who asks; empty where nobody has to say. */
export function credentialShown() {
  return credential;
}

export function isSignedIn() {
  return credential !== "";
}

/** The one user that can be acted for; null: any. */
export function ownUser() {
  return me && !me.scopes.includes("users:any") ? me.userId : null;
}

/** Whether the engine's own figures may be asked for, as `GET /api/stats` decides it. */
export function seesEngine() {
  return may("admin") || (may("orders:read") && may("users:any"));
}

/** Whether orders may be put back or ended by hand. */
export function isOperator() {
  return may("admin");
}

/** @param {string} scope */
function may(scope) {
  return me === null || me.scopes.includes(scope);
}
