"""What looks like a secret, and what does not. No text here is one: each is put together."""

from __future__ import annotations

import pytest

from aml_pipeline.core.secrets import MOST_BYTES, by_name, by_variable, in_addresses, in_text
from tests.patience import no_hang

BASE64 = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1" * 2 + "=="
DRAWN = "q8Zt" * 9
# A line of a file → what it is taken for.
SECRETS = {
    "-----BEGIN " + "RSA PRIVATE KEY-----": "a private key",
    "-----BEGIN " + "PRIVATE KEY-----": "a private key",
    "-----BEGIN " + "OPENSSH PRIVATE KEY-----": "a private key",
    "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=" + BASE64: "storage account key",
    "Endpoint=sb://a.b/;SharedAccessKey=" + BASE64: "a shared access key",
    "BlobEndpoint=https://a/;SharedAccessSignature=sv=2026&sig=" + DRAWN: "a shared access signature",
    "https://a.blob.core.windows.net/b?sv=1&sig=" + DRAWN: "a URL with a shared access signature",
    "token = ghp_" + DRAWN: "GitHub",
    "github_pat_" + DRAWN: "GitHub",
    "glpat-" + DRAWN[:20]: "GitLab",
    "xoxb-" + "123456789012": "Slack",
    "AKIA" + "ABCDEFGH12345678": "AWS",
    "hf_" + DRAWN[:34]: "Hugging Face",
    "sk-" + "proj-" + DRAWN[:30]: "OpenAI",
    "sk-" + (DRAWN * 2)[:48]: "OpenAI",
    "AIza" + DRAWN[:35]: "Google",
    "npm_" + DRAWN[:36]: "npm",
    "AKIA" + "ABCDEFGH12345678-x": "AWS",
    "hf_" + DRAWN[:34] + "-x": "Hugging Face",
    "npm_" + DRAWN[:36] + "-x": "npm",
    f'client_secret = "{DRAWN}"': "hard-coded",
    f"'clientSecret': '{DRAWN}'": "hard-coded",
    f'API_KEY: "{DRAWN}"': "hard-coded",
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
    "sk-learn",
    "sk-proj-quarterly-report-of-the-team",
    "npm_config_registry",
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
    "piece",
    ["a", "A", "-----BEGIN A ", "password", "password = '", "AccountKey=", "&sig=", "xoxb-", "sk-proj-", "sk-a", " "],
)
def test_a_large_file_takes_no_time(piece: str) -> None:
    data = (piece * MOST_BYTES)[:MOST_BYTES].encode()
    with no_hang():
        in_text(data)


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


GITHUB = "ghp_" + DRAWN[:36]
# A line of a requirements file → the column and the text of what is told, and what it is.
LOGINS = [
    ("--index-url https://user:PASSW0RD@a.example/simple", "user:PASSW0RD", "a password"),
    ("--extra-index-url=https://build:q8Zt@a.example/simple", "build:q8Zt", "a password"),
    ("-i https://user:p@ss@a.example", "user:p@ss", "a password"),
    (f"git+https://{GITHUB}@github.com/a/b", GITHUB, "a GitHub token"),
    (f"b @ git+https://{GITHUB}:x-oauth-basic@github.com/b@v1#egg=b", f"{GITHUB}:x-oauth-basic", "a GitHub token"),
    ("git+https://oauth2:q8Zt@gitlab.example/a/b", "oauth2:q8Zt", "a password"),
    ("https://" + DRAWN + "@a.example", DRAWN, "a token"),
    ("git+ssh://git:q8Zt@a.example/b", "git:q8Zt", "a password"),
    ("# --index-url https://user:q8Zt@a.example", "user:q8Zt", "a password"),
    ("torch --find-links 'https://${USER}:q8Zt@a.example'", "${USER}:q8Zt", "a password"),
    ("https://a.example/b.whl?sv=1&sig=" + DRAWN, "&sig=" + DRAWN, "a URL with a shared access signature"),
    ("https://conda.example/t/ab-" + DRAWN + "/channel", "ab-" + DRAWN, "a token"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "login", "what"), LOGINS)
def test_a_login_in_an_address_is_told_with_its_place(line: str, login: str, what: str) -> None:
    (found,) = in_addresses(f"numpy\n  {line}\ntorch\n")
    assert (found.line, found.column, found.width) == (2, line.index(login) + 3, len(login))
    assert found.what == what


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://a.example/simple",
        "--index-url https://user@a.example/simple",
        "--index-url https://user1@a.example/simple",
        "--index-url https://my-organization-2026@pkgs.dev.azure.com/my-organization-2026/_packaging/f/pypi/simple/",
        "--index-url https://user:${PASSWORD}@a.example/simple",
        "--index-url https://${USER}:${PASSWORD}@a.example/simple",
        "--index-url https://${TOKEN}@a.example/simple",
        "--index-url https://user:$PASSWORD@a.example/simple",
        "--index-url https://user:<password>@a.example/simple",
        "--index-url https://user:password@a.example/simple",
        "--index-url https://user:YOUR_TOKEN@a.example/simple",
        "--index-url https://user:****@a.example/simple",
        "--index-url https://user:@a.example/simple",
        "git+ssh://git@github.com/a/b@v1.0",
        "git+https://github.com/a/b@v1.0#egg=b",
        "b @ https://a.example:8443/b.whl  # ask ann@a.example",
        "https://a.example?mail=ann:q8Zt@a.example",
        "https://a.example/t/short/b",
    ],
)
def test_an_address_without_a_login_of_its_own_is_not_told(line: str) -> None:
    assert in_addresses(line) == []


@pytest.mark.parametrize("piece", ["://", "://a", "a:", "@", "/t/", "://a:b", "x/t/a"])
def test_a_large_file_of_addresses_takes_no_time(piece: str) -> None:
    data = (piece * MOST_BYTES)[:MOST_BYTES]
    with no_hang():
        in_addresses(data)


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("DB_PASSWORD", "hunter2", "a password"),
        ("PGPASSWORD", "hunter2", "a password"),
        ("DB_PASS", "hunter2", "a password"),
        ("password", "12345", "a password"),
        ("MYSQL_PWD", "hunter2", "a password"),
        ("PASSWORD_2", "hunter2", "a password"),
        ("AZURE_CLIENT_SECRET", "two words", "a secret"),
        ("AZURE_STORAGE_KEY", BASE64, "a key"),
        ("apiKey", DRAWN, "a key"),
        ("WANDB_API_KEY", "0123456789abcdef0123456789abcdef01234567", "a key"),
        ("REGISTRY_TOKEN", DRAWN, "a token"),
        ("A_KEY", "/" + BASE64, "a key"),
        ("KEY", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", "a key"),
        ("ANYTHING", "hf_" + DRAWN[:34], "a Hugging Face token"),
        ("PIP_INDEX_URL", "https://user:q8Zt@a.example", "a password"),
        ("CONNECTION", "AccountName=a;AccountKey=" + BASE64, "a connection string with a storage account key"),
    ],
)
def test_a_variable_that_holds_a_secret_is_told(name: str, value: str, what: str) -> None:
    assert by_variable(name, value) == what


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", ""),
        ("DB_PASSWORD", " "),
        ("DB_PASSWORD", "<password>"),
        ("DB_PASSWORD", "${DB_PASSWORD}"),
        ("DB_PASSWORD", "changeme"),
        ("DB_PASSWORD", "***"),
        ("USE_PASSWORD", "true"),
        ("DB_PASSWORD", "/run/secrets/db"),
        ("CLIENT_SECRET", "https://v.vault.azure.net/secrets/x1"),
        ("DB_PASSWORD_FILE", "hunter2"),
        ("SECRET_NAME", "db2"),
        ("PWD", "hunter2"),
        ("FIRST_PASS", "10"),
        ("HIGH_PASS", "0.5"),
        ("BAND_PASS", "300-3000"),
        ("SECOND_PASS", "gpu"),
        ("LOW_PASS", "cutoff"),
        ("USE_PASSWORD", "1"),
        ("FORCE_SECRET", "1"),
        ("SORT_KEY", "customer.id.2024x"),
        ("TOKEN", "pad_token_1x5"),
        ("PARTITION_KEY", "user_2024-01-01T00"),
        ("DB_PASSWORD", "@Microsoft.KeyVault(SecretUri=https://x)"),
        ("DATA", "s3://bucket/t/abcdefgh12345/x"),
        ("PRIMARY_KEY", "id"),
        ("SORT_KEY", "created_at_of_run_2"),
        ("MONKEY", DRAWN),
        ("PUBLIC_KEY", DRAWN),
        ("N_TOKEN", "5"),
        ("PAD_TOKEN", "1234567890123"),
        ("EOS_TOKEN", "<|endoftext|>"),
        ("MAX_TOKENS", "4096"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("COMPASS", "north-north-west-1"),
        ("AZURE_KEY_VAULT_URL", "https://v.vault.azure.net"),
        ("OMP_NUM_THREADS", "4"),
    ],
)
def test_a_variable_that_holds_none_is_not(name: str, value: str) -> None:
    assert by_variable(name, value) is None
