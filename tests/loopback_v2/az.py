"""The program `az`, as far as a login by the Azure CLI asks it; somebody is logged in, unless ``LOOPBACK_AZ`` says how.

``python az.py SUBSCRIPTION account get-access-token --resource X --output json``; it needs the standard library alone.
"""

import base64
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

TENANT = "00000000-0000-0000-0000-0000000000bb"
USER = "00000000-0000-0000-0000-0000000000cc"
HOUR = 3600
# How the login is: one of these, or the tenant that it is for.
MOOD = "LOOPBACK_AZ"
NOBODY, EXPIRED, PAST = "nobody", "expired", "past"
# What Azure CLI 2.x writes to standard error.
_REFUSALS = {
    NOBODY: "ERROR: Please run 'az login' to setup account.",
    EXPIRED: (
        "ERROR: AADSTS700082: The refresh token has expired due to inactivity. The token was issued on "
        "2026-01-05T08:00:00.0000000Z and was inactive for 90.00:00:00. Interactive authentication is needed. "
        "Please run: az login"
    ),
}


def token(audience: str) -> str:
    """Return an unsigned token, as azure-ai-ml reads it: for what, of whom, and until when."""
    mood = os.environ.get(MOOD) or TENANT
    until = int(time.time()) + (-HOUR if mood == PAST else HOUR)
    tenant = TENANT if mood == PAST else mood
    claims = {"aud": audience, "tid": tenant, "oid": USER, "exp": until, "upn": "somebody@loopback"}
    return ".".join([_part({"alg": "none"}), _part(claims), "unsigned"])


def _part(data: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


def answer(subscription: str, words: Sequence[str]) -> dict[str, object] | None:
    """Return what is said to a command, nothing where it is not known here."""
    if tuple(words[:2]) == ("account", "show"):
        who = {"name": "somebody@loopback", "type": "user"}
        return {"id": subscription, "name": "loopback", "isDefault": True, "tenantId": TENANT, "user": who}
    if tuple(words[:2]) == ("account", "get-access-token"):
        audience = words[words.index("--resource") + 1]
        until = time.time() + HOUR
        written = time.strftime("%Y-%m-%d %H:%M:%S.000000", time.localtime(until))
        said = {"accessToken": token(audience), "expiresOn": written, "expires_on": int(until)}
        return {**said, "subscription": subscription, "tenant": TENANT, "tokenType": "Bearer"}
    return None


def install(folder: Path, subscription: str) -> None:
    """Put the program into a folder of programs."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "az"
    python = getattr(sys, "_base_executable", sys.executable)
    program.write_text(f"#!/bin/sh\nexec '{python}' -I -S '{__file__}' {subscription} \"$@\"\n", encoding="utf-8")
    program.chmod(0o755)


def main() -> int:
    """Answer a command."""
    subscription, *words = sys.argv[1:]
    refusal = _REFUSALS.get(os.environ.get(MOOD, ""))
    if refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    said = answer(subscription, words)
    if said is None:
        sys.stderr.write(f"ERROR: the loopback service's az does not know: az {' '.join(words)}\n")
        return 2
    sys.stdout.write(f"{json.dumps(said)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
