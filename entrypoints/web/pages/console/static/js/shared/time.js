/** When things happened, in words: in the zone of whoever looks, or in UTC, as they choose; that is remembered. */
import { recall, remember } from "./memory.js";

export const LOCALE = "en-GB"; // the page is in English, so its dates and numbers are; day before month, the month in words
const KEY = "time-zone";
const UTC = "UTC";
/** Told on the document when the zone changed. */
export const ZONE_CHANGED = "zone-changed";

let utc = recall(KEY) === UTC;
let clock, day, zone;
choose();

function choose() {
  const timeZone = utc ? UTC : undefined;
  clock = new Intl.DateTimeFormat(LOCALE, { timeStyle: "medium", timeZone });
  day = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "medium", timeZone });
  zone = new Intl.DateTimeFormat(LOCALE, { timeZoneName: "short", timeZone });
}

/** The time of day, to the millisecond. @param {number} ms */
export function clockText(ms) {
  return `${clock.format(ms)}.${String(ms % 1000).padStart(3, "0")}`;
}

/** Date, time and zone. @param {number} ms */
export function dayText(ms) {
  return `${day.format(ms)} ${zoneName(ms)}`;
}

/** The zone's name at that time: some change twice a year. @param {number} ms */
export function zoneName(ms) {
  return zone.formatToParts(ms).find(({ type }) => type === "timeZoneName").value;
}

/** @param {HTMLButtonElement} button shows the zone, and changes it */
export function startZone(button) {
  const show = () => {
    const name = zoneName(Date.now());
    button.textContent = name;
    button.title = `Times are in ${name}. Show ${utc ? "them as they are here" : "UTC"}`;
    button.setAttribute("aria-label", `${name}: ${button.title}`);
  };
  button.addEventListener("click", () => {
    utc = !utc;
    remember(KEY, utc ? UTC : "local");
    choose();
    show();
    document.dispatchEvent(new Event(ZONE_CHANGED));
  });
  show();
}
