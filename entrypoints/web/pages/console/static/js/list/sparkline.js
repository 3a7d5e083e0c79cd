/**
 * A small live chart: one or two lines over the same steps, in plain SVG.
 *
 * No chart library: these are a few dozen points without axes, zoom or legend. That is fewer lines here than the
 * glue to a library would take, and nothing to keep up to date, to serve, or to trust under the page's strict policy.
 */
import { s, setAttribute } from "../shared/dom.js";

const WIDTH = 120;
const HEIGHT = 36;
const MARGIN = 3; // for the line's own thickness and the dot at its end

/** @typedef {(number | null)[]} Series oldest first; null where nothing is known: the line goes on to the next */

export class Sparkline {
  #area = s("path", { class: "area" });
  #lines;
  #dot = s("circle", { class: "dot", r: 2 });
  #title = s("title");

  /** @param {number} lines how many series it shows; the first is the important one @param {boolean} filled below it */
  constructor(lines = 1, filled = true) {
    this.filled = filled;
    this.#lines = Array.from({ length: lines }, (_, index) => s("path", { class: index ? "line second" : "line" }));
    const base = s("path", { class: "base", d: `M${MARGIN} ${HEIGHT - MARGIN}H${WIDTH - MARGIN}` });
    const shapes = [base, this.#area, ...[...this.#lines].reverse(), this.#dot];
    this.element = s("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" }, this.#title, ...shapes);
  }

  /**
   * @param {Series[]} series of equal length, drawn to one scale from 0
   * @param {string} words what it shows, for those who don't see it
   * @param {number} least a largest value below which the scale doesn't shrink, so that noise stays small
   */
  draw(series, words, least = 1) {
    const top = Math.max(least, ...series.flat().filter((value) => value !== null));
    const points = series.map((values) => placed(values, top));
    this.#lines.forEach((line, index) => setAttribute(line, "d", path(points[index])));
    if (this.filled) setAttribute(this.#area, "d", area(points[0]));
    const last = points[0].length > 1 ? points[0].at(-1) : null; // one dot alone is no line yet
    setAttribute(this.#dot, "visibility", last ? "visible" : "hidden");
    if (last) {
      setAttribute(this.#dot, "cx", String(last[0]));
      setAttribute(this.#dot, "cy", String(last[1]));
    }
    if (this.#title.textContent !== words) this.#title.textContent = words;
  }
}

/** @returns {[x: number, y: number][]} the known values' places */
function placed(values, top) {
  return values.flatMap((value, index) => {
    if (value === null) return [];
    const x = MARGIN + (index / (values.length - 1)) * (WIDTH - 2 * MARGIN);
    const y = HEIGHT - MARGIN - (value / top) * (HEIGHT - 2 * MARGIN);
    return [[Math.round(x * 10) / 10, Math.round(y * 10) / 10]];
  });
}

function path(points) {
  return points.map(([x, y], index) => `${index ? "L" : "M"}${x} ${y}`).join("");
}

/** The ground below the line. */
function area(points) {
  if (points.length < 2) return "";
  const base = HEIGHT - MARGIN;
  return `${path(points)}L${points.at(-1)[0]} ${base}L${points[0][0]} ${base}Z`;
}
