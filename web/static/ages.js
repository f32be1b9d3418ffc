// Keeps the ages on the page up to date and marks what is too old. All times are the server's.

let offset = 0;

/** Takes the server's time (seconds since 1970) from the newest message. */
export function setServerTime(now) {
  offset = now - performance.now() / 1000;
}

export function serverNow() {
  return offset + performance.now() / 1000;
}

/** Returns a duration in seconds as the server writes it: <1 s, 12 s, 3 min, 2 h, 5 d. */
export function ageText(seconds) {
  if (seconds < 1) return "<1 s";
  if (seconds < 90) return `${Math.floor(seconds)} s`;
  if (seconds < 5400) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 129600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

export function clockText(seconds) {
  return new Date(seconds * 1000).toISOString().slice(11, 19);
}

/** Writes all ages anew. A row of a table is stale by its age, or when the server says so. */
export function tick() {
  const now = serverNow();
  for (const element of document.querySelectorAll(".age[data-at]")) {
    const at = Number(element.dataset.at);
    if (!element.dataset.at || !Number.isFinite(at)) continue;
    const seconds = Math.max(0, now - at);
    const row = element.closest("tr[data-symbol]");
    const stale = seconds > Number(element.dataset.staleAfter) || row?.dataset.stale === "true";
    const text = `${stale ? "stale " : ""}${ageText(seconds)}${element.dataset.suffix ?? ""}`;
    if (element.textContent !== text) element.textContent = text;
    element.classList.toggle("stale", stale);
    row?.classList.toggle("stale", stale);
  }
  document.getElementById("utc").textContent = clockText(now);
}
