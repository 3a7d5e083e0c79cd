/** Asks for a key or token where the engine wants one, before anything else is shown; and signs out. */
import { Problem } from "../../client/index.js";
import { tryCredential } from "../engine/client.js";
import { begin, end, isSignedIn, whyEnded } from "../engine/session.js";
import { byId, setText } from "../shared/dom.js";

const SENDABLE = /^[!-~]+$/;
const WRONG = "The engine doesn't take this key: it is wrong, has expired or was revoked.";
const READS_NOTHING = "This key may not read orders, so there is nothing to show.";
const SILENT = "The engine doesn't answer. Try again in a moment.";

/** Return once this page may ask for orders; at once where no credential is needed, or nobody can say whether one is. */
export async function signIn() {
  try {
    begin(await tryCredential(""));
  } catch (error) {
    if (error instanceof Problem && error.status === 401) await asked();
  }
  byId("sign-out").hidden = !isSignedIn();
  byId("sign-out").addEventListener("click", () => end("You signed out."));
}

/** Show the form until a credential is taken. */
function asked() {
  const [form, input, button] = ["sign-in-form", "credential", "sign-in-button"].map(byId);
  show(true);
  say(whyEnded());
  input.focus();
  return new Promise((resolve) => {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (button.getAttribute("aria-disabled") === "true") return;
      const shown = input.value.trim();
      if (!shown) return void input.focus();
      button.setAttribute("aria-disabled", "true");
      const refusal = await tried(shown);
      button.removeAttribute("aria-disabled");
      input.value = "";
      say(refusal);
      if (refusal) return void input.focus();
      show(false);
      resolve(undefined);
    });
  });
}

/** @param {string} shown @returns {Promise<string>} why it is no good; empty once it is taken */
async function tried(shown) {
  if (!SENDABLE.test(shown)) return WRONG;
  try {
    const me = await tryCredential(shown);
    if (!me.scopes.includes("orders:read")) return READS_NOTHING;
    begin(me, shown);
    setText(byId("who"), me.userId ?? "");
    return "";
  } catch (error) {
    if (!(error instanceof Problem)) return SILENT;
    return error.status === 401 ? WRONG : `${error.message}.`;
  }
}

function say(text) {
  setText(byId("sign-in-refusal"), text);
}

function show(asking) {
  byId("sign-in").hidden = !asking;
  byId("connection").hidden = asking;
  byId("list-view").hidden = byId("order-view").hidden = asking;
  if (asking) document.title = "Sign in · Order engine";
}
