/** The strip: how the engine does right now, and did over the last two minutes; what ended is the engine's own count. */
import { byId, h, setText } from "../shared/dom.js";
import { counted, durationText, grouped } from "../shared/format.js";
import { seesEngine } from "../engine/session.js";
import { Sparkline } from "./sparkline.js";
import { REASONS } from "../shared/status.js";

const WINDOW = "over the last two minutes";
const UNKNOWN = "not known now";
const REASONS_SHOWN = 3;
const SHORT_REASONS = {
  ...REASONS, slippage_exceeded: "Slippage", transaction_expired: "Tx expired", internal_error: "Internal",
  insufficient_funds: "Balance", unsafe_transaction: "Unsafe", price_impact: "Price impact",
};

/** One figure with its name, a line below, and perhaps a chart. */
class Tile {
  #value = h("dd", { class: "value" }, "–");
  #note = h("dd", { class: "note" });

  constructor(name, chart) {
    this.chart = chart;
    this.body = h("dd", { class: "chart" }, chart?.element);
    this.element = h("dl", { class: "tile" }, h("dt", {}, name), this.#value, this.#note, this.body);
  }

  /** @param {string} value @param {string} note */
  show(value, note) {
    setText(this.#value, value);
    setText(this.#note, note);
  }
}

export class Strip {
  #rate = new Tile("Orders per second", new Sparkline());
  #latency = new Tile("Accepted to confirmed", new Sparkline(2, false));
  #open = new Tile("In flight", new Sparkline());
  #queue = new Tile("Queue depth", new Sparkline());
  #oldest = new Tile("Oldest pending", new Sparkline());
  #failures = new Tile(seesEngine() ? "Failed, 1 h" : "Failed since this page opened", null);

  /** @param {import("./measures.js").Measures} measures @param {import("./pulse.js").Pulse} pulse */
  constructor(measures, pulse) {
    this.measures = measures;
    this.pulse = pulse;
    const engine = seesEngine() ? [this.#open, this.#queue, this.#oldest] : [];
    const tiles = [this.#rate, this.#latency, ...engine, this.#failures];
    byId("strip").dataset.tiles = String(tiles.length);
    byId("strip").append(...tiles.map((tile) => tile.element));
  }

  draw() {
    this.#drawRate();
    this.#drawLatency();
    this.#drawCounts();
    this.#drawFailures();
  }

  #drawRate() {
    const rates = this.measures.rates();
    const now = rateText(this.measures.rate);
    const best = rateText(Math.max(this.measures.rate, ...rates.filter((rate) => rate !== null)));
    const hour = this.pulse.stats?.windows["1h"].accepted;
    this.#rate.show(now, hour === undefined ? `peak ${best}` : `${grouped(String(hour))} in the last hour`);
    this.#rate.chart.draw([rates], `Orders per second ${WINDOW}: now ${now}, at most ${best}`, 2);
  }

  #drawLatency() {
    const [p50, p95] = [0.5, 0.95].map((share) => this.measures.latency(share));
    this.#latency.show(durationText(p50), p95 === null ? "p50; none confirmed yet" : `p50 · p95 ${durationText(p95)}`);
    const latest = `the latest orders took ${durationText(p50)} and ${durationText(p95)}`;
    const words = `Median and 95th percentile from accepted to confirmed ${WINDOW}; ${latest}`;
    this.#latency.chart.draw([this.measures.latencies(0.5), this.measures.latencies(0.95)], words, 100);
  }

  #drawCounts() {
    const { stats } = this.pulse;
    const queue = stats?.queue;
    const open = stats ? grouped(String(stats.open)) : "–";
    const held = queue ? `${grouped(String(queue.leased))} with ${counted(stats.workers.length, "worker")}` : "not final yet";
    this.#open.show(open, stats ? held : UNKNOWN);
    this.#open.chart.draw([this.pulse.series((it) => it.open)], `Orders in flight ${WINDOW}: now ${open}`, 4);

    const depth = queue ? grouped(String(queue.waiting)) : "–";
    const rest = queue ? `${grouped(String(queue.delayed))} to be retried` : "queue doesn't answer";
    this.#queue.show(depth, stats ? rest : UNKNOWN);
    this.#queue.chart.draw([this.pulse.series((it) => it.queue?.waiting)], `Jobs waiting ${WINDOW}: now ${depth}`, 4);

    const oldest = stats?.oldestPendingSeconds ?? null;
    const age = oldest === null ? (stats ? "None" : "–") : durationText(oldest * 1000);
    const waits = oldest === null ? "nothing waits" : "waits for a worker";
    this.#oldest.show(age, stats ? waits : UNKNOWN);
    const series = this.pulse.series((it) => it.oldestPendingSeconds ?? 0);
    this.#oldest.chart.draw([series], `Age of the oldest pending order ${WINDOW}: now ${age}`, 2);
  }

  #drawFailures() {
    if (!seesEngine()) return this.#drawOwnFailures();
    if (!this.pulse.stats) return this.#failures.show("–", UNKNOWN);
    const { "1m": minute, "1h": hour, "24h": day } = this.pulse.stats.windows;
    this.#failures.show(grouped(String(hour.failed)), shareText(hour));
    this.#list([["1 min", minute.failed], ["24 h", day.failed], ["Cancelled", hour.cancelled]]);
  }

  /** Who sees nothing of the engine itself has what came by here. */
  #drawOwnFailures() {
    this.#failures.show(grouped(String(this.measures.failed)), shareText(this.measures));
    this.#list(this.measures.failures().slice(0, REASONS_SHOWN).map(([reason, count]) => [SHORT_REASONS[reason] ?? reason, count]));
  }

  /** @param {[name: string, count: number][]} rows */
  #list(rows) {
    const items = rows.map(([name, count]) =>
      h("li", {}, h("span", { class: "reason" }, name), h("span", { class: "times" }, grouped(String(count)))));
    this.#failures.body.replaceChildren(items.length ? h("ul", { class: "reasons" }, items) : "");
  }
}

/** How many failed of those that ran to their end: what was cancelled did not. */
function shareText({ failed, confirmed }) {
  const ended = failed + confirmed;
  return ended ? `${((100 * failed) / ended).toFixed(1)}\u202f% of ${grouped(String(ended))}` : "no order ended";
}

function rateText(rate) {
  return rate >= 100 ? grouped(String(Math.round(rate))) : rate >= 10 || rate === 0 ? rate.toFixed(0) : rate.toFixed(1);
}
