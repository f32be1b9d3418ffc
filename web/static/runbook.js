// The runbook's page: keeps the alert's state, chart and history live by asking for the page again, and copies commands.

import { ageText, clockText, serverNow, setServerTime, tick } from "./ages.js";
import { drawPanel } from "./draw.js";
import "./acts.js";

const POLL_MS = 3000;
const DEADLINE_MS = 5000;
const COPIED_MS = 2000;

let heardAt = Number(document.body.dataset.now);
let polling = false;

function show(state, text) {
  document.getElementById("link").dataset.state = state;
  document.getElementById("link-text").textContent = text;
  const lost = document.getElementById("lost");
  lost.hidden = state !== "lost";
  if (state === "lost") lost.textContent = `Connection lost since ${clockText(heardAt)} UTC. The alert's state is of then; trying again.`;
}

async function poll() {
  if (polling) return;
  polling = true;
  try {
    const answer = await fetch(location.pathname, { signal: AbortSignal.timeout(DEADLINE_MS) });
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    heardAt = Number(fresh.body.dataset.now);
    setServerTime(heardAt);
    for (const place of fresh.querySelectorAll("[data-panel]")) {
      const name = place.dataset.panel;
      drawPanel({ name, at: fresh.querySelector(`[data-age-of="${name}"]`)?.dataset.at, html: place.innerHTML });
    }
    show("live", "Live");
  } catch {
    show("lost", `Connection lost, ${ageText(serverNow() - heardAt)}`);
  } finally {
    polling = false;
  }
}

/** Copies a text. Where the browser offers no clipboard, as on http at another host, it copies what is selected. */
async function copy(element) {
  if (navigator.clipboard) return navigator.clipboard.writeText(element.textContent);
  getSelection().selectAllChildren(element);
  if (!document.execCommand("copy")) throw new Error("not copied");
}

document.getElementById("chapter").addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  try {
    await copy(button.previousElementSibling);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(button.previousElementSibling);
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), COPIED_MS);
});
setServerTime(heardAt);
poll();
setInterval(poll, POLL_MS);
setInterval(tick, 500);
document.addEventListener("acted", poll);
