/** Starts the console: makes its parts and joins them. */
import { announce } from "./shared/announce.js";
import { engineNow } from "./engine/clock.js";
import { Details } from "./list/details.js";
import { Export } from "./list/export.js";
import { Connection } from "./shell/connection.js";
import { byId, h } from "./shared/dom.js";
import { Feed } from "./engine/feed.js";
import { Filters } from "./list/filters.js";
import { OrderForm } from "./list/form.js";
import { shortId } from "./shared/format.js";
import { signIn } from "./shell/sign-in.js";
import { startKeys } from "./shell/keys.js";
import { ListPage } from "./list/list-page.js";
import { Measures } from "./list/measures.js";
import { Orders } from "./engine/orders.js";
import { OrderPage } from "./order/order-page.js";
import { Pulse } from "./list/pulse.js";
import { showRule } from "./list/rule.js";
import { startRouter } from "./shared/router.js";
import { shownStatus, statusWord } from "./shared/status.js";
import { Strip } from "./list/strip.js";
import { readTokens } from "./engine/tokens.js";
import { startTheme } from "./shell/theme.js";
import { startZone, ZONE_CHANGED } from "./shared/time.js";
import { View } from "./list/view.js";
import { Warnings } from "./shell/warnings.js";

const STRIP_MS = 1_000;

startTheme(byId("theme-button"));
startZone(byId("zone-button"));
await signIn();
const symbols = await readTokens();
if (symbols.length) byId("tokens").replaceChildren(...symbols.map((value) => h("option", { value })));
const orders = new Orders();
const measures = new Measures();
const view = new View(orders);
/** The orders that were placed here: their end is announced. @type {Set<string>} */
const mine = new Set();
/** @type {OrderPage | null} */
let page = null;

const filters = new Filters({
  onChange: (filter, sort) => {
    view.filter = filter;
    view.sort = sort;
    view.pausedAt = null;
    list.grid.select(null);
    list.grid.toTop();
    list.draw();
    if (filter.status || filter.user) list.loadOlder();
  },
  onOpen: (orderId) => list.open(orderId),
  onEnter: () => {
    const { rows } = view.rows();
    if (rows.length === 1) list.open(rows[0].orderId);
    else if (rows.length) list.grid.select(0), list.grid.focus();
  },
});
const list = new ListPage(view, filters);

const connection = new Connection(() => {
  feed.frames.hurry();
  page?.watch.live.hurry();
});
const feed = new Feed(orders, {
  onState: (state) => connection.show(state),
  onChange: () => list.draw(),
  onReloaded: (newest, missedSince) => {
    measures.knownSince(newest.nextCursor === null ? -Infinity : Date.parse(newest.data.at(-1).createdAt));
    view.tookNewest(newest, missedSince);
    connection.caughtUp("The list is up to date.");
    list.ready();
    list.draw();
    strip.draw();
    if (view.filter.status || view.filter.user) list.loadOlder();
  },
});
orders.onNew = (order) => measures.accepted(order);
orders.onFinal = (order) => {
  measures.finished(order);
  if (mine.delete(order.orderId)) announce(`Order ${shortId(order.orderId)}: ${statusWord(shownStatus(order))}.`);
};

const pulse = new Pulse({ onBeat: beat, onSilence: () => feed.frames.replace() });
const strip = new Strip(measures, pulse);
const warnings = new Warnings();
setInterval(() => document.hidden || strip.draw(), STRIP_MS);

function beat() {
  strip.draw();
  if (pulse.stats || pulse.problem) warnings.show(pulse.stats);
  if (pulse.stats) showRule(pulse.stats);
}

new OrderForm((orderId, fields) => {
  mine.add(orderId);
  orders.expect(orderId, fields, engineNow());
  list.toPlaced(orderId);
});
new Export(() => filters.filter);
document.addEventListener(ZONE_CHANGED, () => (list.grid.refresh(), page?.refresh()));

startKeys(list, filters);
startRouter((orderId, first) => {
  page?.close();
  page = null;
  byId("list-view").hidden = orderId !== null;
  byId("order-view").hidden = orderId === null;
  if (orderId !== null) {
    page = new OrderPage(orderId, () => filters.path);
    page.open();
    return;
  }
  document.title = "Orders · Order engine";
  list.draw();
  if (first) return;
  if (list.grid.selected) list.grid.focus();
  else byId("list-heading").focus({ preventScroll: true });
});
view.filter = filters.filter;
view.sort = filters.sort;
feed.start();
new Details(orders, () => list.grid.shown, () => list.draw()).start();
pulse.start();
