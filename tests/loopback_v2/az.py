"""The program `az`, as far as a login by the Azure CLI asks it; somebody is logged in.

``python az.py SUBSCRIPTION account get-access-token --resource X --output json``; it needs the standard library alone.
"""

import base64
import json
import sys
import time
from collections.abc import Sequence

TENANT = "00000000-0000-0000-0000-0000000000bb"
USER = "00000000-0000-0000-0000-0000000000cc"
HOUR = 3600


def token(audience: str) -> str:
    """Return an unsigned token, as azure-ai-ml reads it: for what, of whom, and until when."""
    claims = {"aud": audience, "tid": TENANT, "oid": USER, "exp": int(time.time()) + HOUR, "upn": "somebody@loopback"}
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


def main() -> int:
    """Answer a command."""
    subscription, *words = sys.argv[1:]
    said = answer(subscription, words)
    if said is None:
        sys.stderr.write(f"ERROR: the loopback service's az does not know: az {' '.join(words)}\n")
        return 2
    sys.stdout.write(f"{json.dumps(said)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
