"""What looks like a secret, and what does not. No text here is one: each is put together."""

from __future__ import annotations

import time

import pytest

from aml_pipeline.secret_files import MOST_BYTES, by_name, in_text

BASE64 = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1" * 2 + "=="
DRAWN = "q8Zt" * 9
# A line of a file → what it is taken for.
SECRETS = {
    "-----BEGIN " + "RSA PRIVATE KEY-----": "a private key",
    "-----BEGIN " + "PRIVATE KEY-----": "a private key",
    "-----BEGIN " + "OPENSSH PRIVATE KEY-----": "a private key",
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=" + BASE64: "the key of a storage account",
    "Endpoint=sb://a.b/;SharedAccessKey=" + BASE64: "a shared access key",
    "BlobEndpoint=https://a/;SharedAccessSignature=sv=2026&sig=" + DRAWN: "a shared access signature",
    "https://a.blob.core.windows.net/b?sv=1&sig=" + DRAWN: "an address with a shared access signature",
    "token = ghp_" + DRAWN: "GitHub",
    "github_pat_" + DRAWN: "GitHub",
    "glpat-" + DRAWN[:20]: "GitLab",
    "xoxb-" + "123456789012": "Slack",
    "AKIA" + "ABCDEFGH12345678": "AWS",
    "hf_" + DRAWN[:34]: "Hugging Face",
    f'client_secret = "{DRAWN}"': "given as a text",
    f"'clientSecret': '{DRAWN}'": "given as a text",
    f'API_KEY: "{DRAWN}"': "given as a text",
}


@pytest.mark.parametrize(("line", "what"), SECRETS.items(), ids=range(len(SECRETS)))
def test_a_secret_is_told_with_its_line_and_not_shown(line: str, what: str) -> None:
    found = in_text(f"one\ntwo\n{line}\nfour\n".encode())
    assert [one.line for one in found] == [3]
    assert what in found[0].what
    assert DRAWN[:8] not in found[0].what


HARMLESS = [
    'client_secret = os.environ["SECRET"]',
    'client_secret = "<your client secret 1>"',
    'client_secret = "${CLIENT_SECRET_1}"',
    'password = "change-me-please-1"',
    'password = "onlyletters"',
    'api_key = "0123456789012345"',
    "AccountKey=<key>",
    "AccountKey=" + "{key}" * 9,
    "-----BEGIN " + "PUBLIC KEY-----",
    "-----BEGIN " + "CERTIFICATE-----",
    "ghp_short",
    "sig=" + DRAWN,
    "tokens = tokenize(password)",
]


@pytest.mark.parametrize("line", HARMLESS)
def test_what_is_no_secret_is_not_told(line: str) -> None:
    assert in_text(line.encode()) == []


def test_one_line_is_told_once() -> None:
    assert len(in_text(f'client_secret = "{DRAWN}"; api_key = "{DRAWN}"; ghp_{DRAWN}'.encode())) == 1


def test_data_is_not_searched() -> None:
    secret = b"AccountKey=" + BASE64.encode()
    assert in_text(secret)
    assert in_text(b"\0" + secret) == []
    assert in_text(secret + b" " * MOST_BYTES) == []


@pytest.mark.parametrize(
    "piece", ["a", "A", "-----BEGIN A ", "password", "password = '", "AccountKey=", "&sig=", "xoxb-", " "]
)
def test_a_large_file_takes_no_time(piece: str) -> None:
    data = (piece * MOST_BYTES)[:MOST_BYTES].encode()
    begun = time.process_time()
    in_text(data)
    assert time.process_time() - begun < 2


NAMES = [
    ".env", ".env.local", "conf/.env", "prod.env", "id_rsa", "keys/id_ed25519", "a.pem", "B.KEY", "c.pfx", "d.p12",
    ".netrc", ".pypirc", "credentials.json", "service-account-x.json", "kubeconfig",
    ".aws/credentials", "x/.aws/credentials",
]  # fmt: skip
OTHERS = [
    ".env.example", ".env.sample", ".env.template", "example.env", "env.py", "environment.yml", "id_rsa.pub", "keys.py",
    "pem.txt", "credentials", "my-credentials.json.md", "monkey", "aws/credentials", "accounts.json",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_secrets_is_known(name: str) -> None:
    assert by_name(name)


@pytest.mark.parametrize("name", OTHERS)
def test_other_names_are_not(name: str) -> None:
    assert by_name(name) is None
