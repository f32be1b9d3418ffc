// Draws what the server sent: quote rows cell by cell, panels row by row, so that focus and clicks are kept.

import { tick } from "./ages.js";

const FLASH_MS = 600;
const FLASHING = new Set(["bid", "ask", "last"]);

function numeric(text) {
  return Number(text.replaceAll(",", ""));
}

function flash(cell, before, after) {
  const from = numeric(before), to = numeric(after);
  if (!Number.isFinite(from) || !Number.isFinite(to) || from === to) return;
  cell.dataset.flash = to > from ? "up" : "down";
  clearTimeout(cell.flashTimer);
  cell.flashTimer = setTimeout(() => delete cell.dataset.flash, FLASH_MS);
}

function rowOf(symbol) {
  const body = document.getElementById("quote-rows");
  const found = [...body.children].find((row) => row.dataset.symbol === symbol);
  if (found) return found;
  const row = document.getElementById("quote-row").content.firstElementChild.cloneNode(true);
  row.dataset.symbol = symbol;
  const after = [...body.children].find((other) => other.dataset.symbol > symbol) ?? null;
  body.insertBefore(row, after);
  document.getElementById("no-quotes").hidden = true;
  return row;
}

/** Draws one quote and changes only the cells that differ. */
export function drawQuote(quote) {
  const row = rowOf(quote.symbol);
  row.dataset.stale = quote.stale;
  for (const cell of row.querySelectorAll("[data-field]")) {
    const name = cell.dataset.field, before = cell.textContent, after = quote[name];
    if (before === after) continue;
    cell.textContent = after;
    if (FLASHING.has(name)) flash(cell, before, after);
  }
  row.querySelector("th").title = quote.symbol;
  row.querySelector("[data-field=change]").dataset.trend = quote.trend;
  row.querySelector(".age").dataset.at = quote.at;
}

/** Removes the rows of symbols that are not among these: they are followed no longer. */
function keepQuotes(symbols) {
  const followed = new Set(symbols);
  for (const row of [...document.getElementById("quote-rows").children]) {
    if (!followed.has(row.dataset.symbol)) row.remove();
  }
  document.getElementById("no-quotes").hidden = followed.size > 0;
}

/** Shows why no new quote can be expected; null hides it. */
export function drawQuotesReason(reason) {
  const notice = document.getElementById("quotes-reason");
  notice.hidden = !reason;
  notice.textContent = reason ? `No new quotes: ${reason}` : "";
}

/** Makes `old` equal to `fresh` and keeps every node that is equal already. Rows are matched by their keys. */
function morph(old, fresh) {
  const keyed = new Map([...old.children].filter((node) => node.dataset.key).map((node) => [node.dataset.key, node]));
  const wanted = [...fresh.childNodes].map((node) => {
    const twin = node.nodeType === Node.ELEMENT_NODE && node.dataset.key ? keyed.get(node.dataset.key) : null;
    return twin?.isEqualNode(node) ? twin : node;
  });
  wanted.forEach((node, index) => {
    const present = old.childNodes[index];
    if (present === node || (present && !node.dataset?.key && present.isEqualNode(node))) return;
    if (present?.nodeName === "TABLE" && node.nodeName === "TABLE") morphTable(present, node);
    else if (present && present.nodeName === "UL" && node.nodeName === "UL") morph(present, node);
    else if (present && !present.dataset?.key && present !== node) old.replaceChild(node, present);
    else old.insertBefore(node, present ?? null);
  });
  while (old.childNodes.length > wanted.length) old.lastChild.remove();
}

function morphTable(old, fresh) {
  if (!old.tHead.isEqualNode(fresh.tHead)) old.tHead.replaceWith(fresh.tHead.cloneNode(true));
  morph(old.tBodies[0], fresh.tBodies[0]);
}

/** Draws one panel: its age, and its content when the server sent it. */
export function drawPanel(panel) {
  for (const age of document.querySelectorAll(`[data-age-of="${panel.name}"]`)) age.dataset.at = panel.at ?? "";
  const place = document.querySelector(`[data-panel="${panel.name}"]`);
  if (!place || panel.html === undefined) return;
  const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
  const chosen = place.value;
  const template = document.createElement("template");
  template.innerHTML = panel.html;
  for (const opened of place.querySelectorAll("details[open][data-key]")) {
    const twin = [...template.content.querySelectorAll("details")].find((each) => each.dataset.key === opened.dataset.key);
    if (twin) twin.open = true;
  }
  if (place instanceof HTMLSelectElement) {
    place.replaceChildren(template.content);
    if ([...place.options].some((option) => option.value === chosen)) place.value = chosen;
    return;
  }
  morph(place, template.content);
  if (focused) document.getElementById(focused)?.focus();
}

/** Draws everything that one message brings. */
export function draw(message) {
  if (message.quote_symbols) keepQuotes(message.quote_symbols);
  message.quotes?.forEach(drawQuote);
  message.panels?.forEach(drawPanel);
  if ("quotes_reason" in message) drawQuotesReason(message.quotes_reason);
  tick();
}
