// What every wish of the operator shares: the token, which is in its field alone, the call, the word about what came of
// it, and buttons that ask twice.

export const token = document.getElementById("token");
const DEADLINE_MS = 20000;
const ARMED_MS = 5000;

/** Shows lines of text: never markup, since parts of them come from elsewhere. */
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

/** Whether the token is there; if not, says what needs it. */
export function mayAct(where, doing) {
  if (token.value) return true;
  say(where, "bad", `${doing} needs the operator token: enter it in the order ticket.`);
  token.focus();
  return false;
}

/** A function that is true at the second press of a button within five seconds, and says so on it at the first. */
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
