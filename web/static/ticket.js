// The order ticket and the cancel buttons. The operator's token is kept in its field only, and sent to this server only.

import { mayAct, missing, problem, say, send, token, twice } from "./operator.js";

const form = document.getElementById("ticket-form");
const place = document.getElementById("place");
const limitPrice = document.getElementById("limit-price");
const timeInForce = document.getElementById("time-in-force");
const postOnly = document.getElementById("post-only");
const cancelAll = document.getElementById("cancel-all");
const idShown = document.getElementById("client-order-id");
const outcome = document.getElementById("ticket-outcome");
const cancelOutcome = document.getElementById("cancel-outcome");
const pressedAgain = twice(cancelAll, "Really cancel all? Press again");

const REQUIRED = [[form.elements.symbol, "symbol"], [form.elements.quantity, "quantity"], [limitPrice, "limit price"], [token, "operator token"]];

let clientOrderId = "";
let sentAs = "";

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  const day = new Date().toISOString().slice(0, 10).replaceAll("-", "");
  clientOrderId = `web-${day}-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  idShown.textContent = clientOrderId;
  sentAs = "";
}

function chosen(name) {
  return form.elements[name].value;
}

function follow() {
  const limit = chosen("type") === "limit";
  limitPrice.disabled = !limit;
  limitPrice.required = limit;
  limitPrice.placeholder = limit ? "price" : "market";
  const rest = timeInForce.querySelector("[value=GTC]");
  if (rest.disabled === limit) {
    rest.disabled = rest.hidden = !limit;
    timeInForce.value = limit ? "GTC" : "IOC";
  }
  postOnly.disabled = timeInForce.value !== "GTC";
  if (postOnly.disabled) postOnly.checked = false;
  place.textContent = `Place ${chosen("side")} order`;
  place.dataset.side = chosen("side");
}

function tellOrder(order) {
  if (order.status === "denied") {
    const reasons = order.denials.map((denial) => {
      const numbers = Object.entries(denial.numbers).map(([name, value]) => `${name.replaceAll("_", " ")} ${value}`);
      return `${denial.code}: ${denial.message}${numbers.length ? ` (${numbers.join(", ")})` : ""}`;
    });
    say(outcome, "bad", `Denied: ${order.side} ${order.quantity} ${order.symbol}`, ...reasons);
    return;
  }
  const at = order.average_price ? ` at ${order.average_price} on average` : "";
  const filled = `filled ${order.filled_quantity} of ${order.quantity}${at}`;
  say(outcome, "good", `${order.status.replaceAll("_", " ")}: ${order.side} ${order.symbol}, ${filled}`);
}

async function submit(event) {
  event.preventDefault();
  if (place.disabled || missing(outcome, REQUIRED)) return;
  const order = { symbol: chosen("symbol"), side: chosen("side"), type: chosen("type"), quantity: chosen("quantity").trim() };
  order.time_in_force = timeInForce.value;
  if (postOnly.checked) order.post_only = true;
  if (order.type === "limit") order.limit_price = limitPrice.value.trim();
  const content = JSON.stringify(order);
  if (sentAs && sentAs !== content) newId();
  sentAs = content;
  place.disabled = true;
  say(outcome, "waiting", "Sending …");
  try {
    const answer = await send("/api/orders", { client_order_id: clientOrderId, ...order });
    if (answer.status === 200 || answer.status === 201) tellOrder(answer.body);
    else say(outcome, "bad", problem(answer));
    if (answer.status < 500) newId();
    else say(outcome, "bad", problem(answer), "The outcome is not known. Place it again: the same client order id makes that safe.");
  } catch (error) {
    say(outcome, "bad", `No answer (${error.name}).`, "The outcome is not known. Place it again: the same client order id makes that safe.");
  } finally {
    place.disabled = false;
  }
}

function mayCancel() {
  return mayAct(cancelOutcome, "Cancelling");
}

async function cancelEvery() {
  if (!mayCancel() || !pressedAgain()) return;
  cancelAll.disabled = true;
  try {
    const answer = await send("/api/orders/cancel-all", {});
    const count = answer.body.cancelled?.length;
    if (answer.status === 200) say(cancelOutcome, "good", `${count || "No"} open order${count === 1 ? "" : "s"} cancelled.`);
    else say(cancelOutcome, "bad", `Not all cancelled. ${problem(answer)}`);
  } catch (error) {
    say(cancelOutcome, "bad", `No answer (${error.name}). Some may have been cancelled: the list above tells.`);
  } finally {
    cancelAll.disabled = false;
  }
}

async function cancel(button) {
  if (!mayCancel()) return;
  button.disabled = true;
  try {
    const answer = await send(`/api/orders/${encodeURIComponent(button.dataset.cancel)}/cancel`, {});
    if (answer.status === 200) say(cancelOutcome, "good", `Order ${answer.body.order_id}: ${answer.body.status}.`);
    else say(cancelOutcome, "bad", `Not cancelled. ${problem(answer)}`);
  } catch (error) {
    say(cancelOutcome, "bad", `No answer (${error.name}). The outcome is not known.`);
  } finally {
    button.disabled = false;
  }
}

form.addEventListener("submit", submit);
form.addEventListener("change", follow);
cancelAll.addEventListener("click", cancelEvery);
document.getElementById("orders").addEventListener("click", (event) => {
  const button = event.target.closest("button[data-cancel]");
  if (button) cancel(button);
});
newId();
follow();
