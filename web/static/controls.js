// Sets the trading state: needs a reason, the token of the ticket, and two presses.

import { mayAct, problem, say, send, twice } from "./operator.js";

const reason = document.getElementById("state-reason");
const outcome = document.getElementById("state-outcome");

function givenReason() {
  const given = reason.value.trim();
  reason.setAttribute("aria-invalid", String(!given));
  if (given) return given;
  say(outcome, "bad", "The reason is missing: it is recorded with the change.");
  reason.focus();
  return null;
}

async function set(button, state) {
  button.disabled = true;
  say(outcome, "waiting", "Sending …");
  try {
    const answer = await send("/api/trading-state", { state, reason: reason.value.trim() }, "PUT");
    if (answer.status !== 200) {
      say(outcome, "bad", `Not set. ${problem(answer)}`);
      return;
    }
    say(outcome, "good", `The trading state is ${answer.body.state}.`);
    reason.value = "";
  } catch (error) {
    say(outcome, "bad", `No answer (${error.name}). The state above tells what came of it.`);
  } finally {
    button.disabled = false;
  }
}

for (const button of document.querySelectorAll("button[data-trading-state]")) {
  const state = button.dataset.tradingState;
  const pressedAgain = twice(button, button.dataset.again);
  button.addEventListener("click", () => {
    if (!givenReason() || !mayAct(outcome, "Setting the trading state") || !pressedAgain()) return;
    set(button, state);
  });
}
document.getElementById("state-form").addEventListener("submit", (event) => event.preventDefault());
