"""Sends webhooks to the console's inbox as Alertmanager does, from inside: the gateway lets none of them through."""

from __future__ import annotations

import json

from tests.answer import Answer
from tests.stack.stack import Stack

PROGRAM = """
import json, sys, urllib.error, urllib.request
told = json.load(sys.stdin)
answers = []
for body in told["bodies"]:
    asked = urllib.request.Request("http://127.0.0.1:3003/api/alerts", body.encode("latin-1"), method="POST")
    asked.add_header("Authorization", "Bearer " + told["token"])
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            answers.append([answer.status, answer.read().decode("latin-1")])
    except urllib.error.HTTPError as error:
        answers.append([error.code, error.read().decode("latin-1")])
print(json.dumps(answers))
"""


def send(stack: Stack, *bodies: bytes) -> list[Answer]:
    """Sends the bodies one after the other, with Alertmanager's token; returns the answers."""
    told = {"token": stack.secret("alerts/alert_token"), "bodies": [body.decode("latin-1") for body in bodies]}
    answers = stack.run(
        "docker", "compose", "exec", "-T", "web", "python", "-c", PROGRAM, given=json.dumps(told)
    ).stdout
    return [Answer(status, {}, body.encode("latin-1")) for status, body in json.loads(answers)]
