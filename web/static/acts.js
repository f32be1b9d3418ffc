// Acknowledges and silences alerts, and ends either: one dialog with name, reason and duration. It stands outside the
// panels, so that no change of a panel closes it.

import { mayAct, missing, problem, say, send } from "./operator.js";

const ACTS = {
  acknowledge: {
    title: "Acknowledge",
    meaning: "You look after it. Messages go on, and nobody else is called. It ends with the alert.",
    doing: "Acknowledging",
    done: "acknowledged",
    method: "POST",
    path: (of) => `/api/alerts/${encodeURIComponent(of)}/acknowledge`,
    lasts: true,
  },
  withdraw: {
    title: "Take acknowledgement back",
    meaning: "Nobody looks after it from now on.",
    doing: "Taking it back",
    done: "no longer acknowledged",
    method: "DELETE",
    path: (of) => `/api/alerts/${encodeURIComponent(of)}/acknowledge`,
  },
  silence: {
    title: "Silence",
    meaning: "Alertmanager holds back its messages, also that it is over, and also when it fires again.",
    doing: "Silencing",
    done: "silenced",
    method: "POST",
    path: (of) => `/api/alerts/${encodeURIComponent(of)}/silence`,
    lasts: true,
    needsReason: true,
  },
  expire: {
    title: "End silence",
    meaning: "Alertmanager sends its messages again.",
    doing: "Ending a silence",
    done: "no longer silenced",
    method: "DELETE",
    path: (of) => `/api/silences/${encodeURIComponent(of)}`,
  },
};

const dialog = document.getElementById("act");
const form = document.getElementById("act-form");
const by = document.getElementById("act-by");
const reason = document.getElementById("act-reason");
const seconds = document.getElementById("act-seconds");
const outcome = document.getElementById("act-outcome");
const submit = document.getElementById("act-do");
const said = document.getElementById("act-said");

const REQUIRED = [[by, "name"], [reason, "reason"]];

let chosen = null;

function open(button) {
  const act = ACTS[button.dataset.act];
  const name = button.closest("li").querySelector("strong").textContent;
  if (!mayAct(said, act.doing)) return;
  chosen = { act, name, of: button.dataset.of };
  said.replaceChildren();
  outcome.replaceChildren();
  document.getElementById("act-title").textContent = `${act.title}: ${name}`;
  document.getElementById("act-meaning").textContent = act.meaning;
  document.getElementById("act-duration").hidden = !act.lasts;
  submit.textContent = act.title;
  reason.value = "";
  reason.required = Boolean(act.needsReason);
  reason.placeholder = act.needsReason ? "" : "optional";
  for (const field of [by, reason]) field.removeAttribute("aria-invalid");
  dialog.showModal();
  (by.value ? reason : by).focus();
}

async function act(event) {
  event.preventDefault();
  if (submit.disabled || missing(outcome, REQUIRED, ": it is kept in the alert's history")) return;
  const { act, name, of } = chosen;
  const body = { by: by.value.trim(), reason: reason.value.trim() };
  if (act.lasts) body.seconds = Number(seconds.value);
  submit.disabled = true;
  say(outcome, "waiting", "Sending …");
  try {
    const answer = await send(act.path(of), body, act.method);
    if (answer.status !== 200) {
      say(outcome, "bad", `Not done. ${problem(answer)}`);
      return;
    }
    say(said, "good", `${name}: ${act.done}.`);
    dialog.close();
    document.dispatchEvent(new Event("acted"));
  } catch (error) {
    say(outcome, "bad", `No answer (${error.name}). The alert's history tells what came of it.`);
  } finally {
    submit.disabled = false;
  }
}

form.addEventListener("submit", act);
document.getElementById("act-cancel").addEventListener("click", () => dialog.close());
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (button) open(button);
});
