/**
 * Builds elements. Texts become text nodes, always: nothing that a user wrote is ever read as HTML. Nor does it turn the
 * writing round, or hide: what cannot be seen stands there as its escape.
 */

const SVG = "http://www.w3.org/2000/svg";

// As domain/names.py has it.
const UNSEEN =
  /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0]/gu;

/** @typedef {Node | string | null | undefined | false} Child */

/** Write what cannot be seen as its escape, as JSON does. @param {string} text */
export function visible(text) {
  return text.replace(UNSEEN, (found) =>
    Array.from({ length: found.length }, (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, "0")}`).join(""),
  );
}

/** A user's, a token's or a venue's own word within ours: in whatever direction it is written, ours go on as they were. */
export function own(text) {
  return h("bdi", {}, text);
}

/**
 * Make an HTML element. `on…` properties are listeners, a boolean sets or leaves out the attribute.
 * @param {string} tag
 * @param {Record<string, any>} [properties]
 * @param {...(Child | Child[])} children
 * @returns {any}
 */
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** Make an SVG element, as `h` does. @returns {any} */
export function s(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : visible(String(value)));
  }
  const given = children.flat().filter((child) => child || child === "");
  element.append(...given.map((child) => (typeof child === "string" ? visible(child) : child)));
  return element;
}

/** @param {string} id @returns {any} */
export function byId(id) {
  return document.getElementById(id);
}

/** Change a text only when it differs, so that nothing is laid out or read aloud for nothing. */
export function setText(node, text) {
  const shown = visible(text);
  if (node.textContent !== shown) node.textContent = shown;
}

/** Change an attribute only when it differs; null removes it. */
export function setAttribute(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== visible(value)) node.setAttribute(name, visible(value));
}
