/** Copies a text, and says so on the button that was pressed. */
import { h, s } from "./dom.js";

const SAID_MS = 1_500;

/** @param {string} text @returns {Promise<boolean>} */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyTheOldWay(text); // over plain http on another machine there is no clipboard API
  }
}

/**
 * @param {() => string} text asked when it is pressed
 * @param {string} label what it copies, for those who don't see the sign
 * @param {string} [caption] shown beside the sign
 */
export function copyButton(text, label, caption) {
  const sign = s("svg", { viewBox: "0 0 16 16", class: "glyph small", "aria-hidden": "true" },
    s("path", { d: "M5.5 5.5h7v8h-7zM3.5 10.5v-8h7", class: "line" }));
  const word = caption ? h("span", {}, caption) : null;
  const look = caption ? "button" : "quiet icon small button copy";
  const button = h("button", { type: "button", class: look, "aria-label": label, title: label }, sign, word);
  button.addEventListener("click", async (event) => {
    event.stopPropagation();
    const done = await copyText(text());
    button.classList.toggle("done", done);
    button.setAttribute("aria-label", done ? "Copied" : "Could not copy");
    if (word) word.textContent = done ? "Copied" : "Could not copy";
    setTimeout(() => {
      button.classList.remove("done");
      button.setAttribute("aria-label", label);
      if (word) word.textContent = caption;
    }, SAID_MS);
  });
  return button;
}

function copyTheOldWay(text) {
  const field = h("textarea", { class: "sr-only" });
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}
