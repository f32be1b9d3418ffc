// Shared by the operator's forms: the token, which is kept in its field only, the call, the message about its outcome,
// the fields that are missing, and buttons that need two presses.

export const token = document.getElementById("token");
const DEADLINE_MS = 20000;
const ARMED_MS = 5000;

/** Shows lines of text. They are never markup, because parts of them come from other services. */
export function say(where, state, ...lines) {
  where.dataset.state = state;
  where.replaceChildren(
    ...lines.map((line) => {
      const element = document.createElement("p");
      element.textContent = line;
      return element;
    }),
  );
}

export async function send(path, body, method = "POST") {
  const answer = await fetch(path, {
    method,
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token.value}` },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  return { status: answer.status, body: await answer.json().catch(() => ({})) };
}

export function problem(answer) {
  const error = answer.body.error ?? {};
  return `${answer.status} ${error.code ?? ""}: ${error.message ?? "the answer can't be read"}`;
}

/** Returns true when the token is entered, and asks for it when it is not. */
export function mayAct(where, doing) {
  if (token.value) return true;
  say(where, "bad", `${doing} needs the operator token: enter it in its field on this page.`);
  token.focus();
  return false;
}

/** Returns true when a required field is empty, marks it and goes to it. `fields` are pairs of a field and its name. */
export function missing(where, fields, why = "") {
  for (const [field, name] of fields) {
    const empty = field.required && !field.value.trim();
    field.setAttribute("aria-invalid", String(empty));
    if (empty) {
      say(where, "bad", `The ${name} is missing${why}.`);
      field.focus();
      return true;
    }
  }
  return false;
}

/** Returns a function that returns true at a button's second press within five seconds; the first shows `again`. */
export function twice(button, again) {
  const plain = button.textContent;
  let disarming = 0;
  function arm(armed) {
    clearTimeout(disarming);
    button.toggleAttribute("data-armed", armed);
    button.textContent = armed ? again : plain;
    if (armed) disarming = setTimeout(arm, ARMED_MS, false);
  }
  return () => {
    const armed = button.hasAttribute("data-armed");
    arm(!armed);
    return armed;
  };
}
