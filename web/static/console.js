// Keeps the page live: by an event stream, by polling when no stream is free. It says so when neither works.

import { ageText, clockText, serverNow, setServerTime, tick } from "./ages.js";
import { draw } from "./draw.js";
import "./acts.js";
import "./controls.js";
import "./ticket.js";

const SILENCE_MS = 8000;
const POLL_MS = 2000;
const STREAM_AGAIN_MS = 30000;
const REOPEN_MS = 10000;

let source = null;
let lastHeard = performance.now();
let lostAt = null;
let polling = false;
let nextStream = 0;

function heard(message, how) {
  lastHeard = performance.now();
  lostAt = null;
  setServerTime(message.now);
  draw(message);
  showLink("live", how);
}

function showLink(state, text) {
  const link = document.getElementById("link");
  if (link.dataset.state !== state) link.dataset.state = state;
  const place = document.getElementById("link-text");
  if (place.textContent !== text) place.textContent = text;
  document.getElementById("lost").hidden = state !== "lost";
}

function lost() {
  if (lostAt === null) {
    lostAt = serverNow() - (performance.now() - lastHeard) / 1000;
    document.getElementById("lost").textContent =
      `Connection lost since ${clockText(lostAt)} UTC. What you see is what was last received; trying again.`;
  }
  showLink("lost", `Connection lost, ${ageText(serverNow() - lostAt)}`);
}

function openStream() {
  source?.close();
  nextStream = performance.now() + REOPEN_MS;
  source = new EventSource("/api/live");
  source.addEventListener("change", (event) => {
    polling = false;
    heard(JSON.parse(event.data), "Live");
  });
  source.onerror = () => {
    if (source.readyState !== EventSource.CLOSED) return;
    polling = true;
    nextStream = performance.now() + STREAM_AGAIN_MS;
  };
}

async function poll() {
  try {
    const answer = await fetch("/api/state", { signal: AbortSignal.timeout(5000) });
    if (answer.ok) heard(await answer.json(), "Live, polling");
  } catch {
    // checkLink says that the connection is lost
  }
}

function checkLink() {
  const now = performance.now();
  const silent = now - lastHeard > SILENCE_MS;
  if (silent || (polling && now - lastHeard > POLL_MS * 2)) lost();
  if ((silent || polling) && now > nextStream) openStream();
  tick();
}

setServerTime(Number(document.body.dataset.now));
openStream();
setInterval(checkLink, 500);
setInterval(() => polling && poll(), POLL_MS);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && checkLink());
