"""What is shown and kept without its secrets. The table is that of ``secret_words``; more of it in test_connect.py."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aml_pipeline.core import masking
from aml_pipeline.core.masking import gives_itself_away, is_secret, masked, redacted, safe_file, without_secrets
from aml_pipeline.core.secret_words import SHAPES, Shape
from aml_pipeline.core.secrets import by_variable
from tests.patience import no_hang

# No text here is a secret: each is put together.
DRAWN = "q8ZtR4wX" * 11
JWT = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b'{"alg":1}', b'{"a":12}', b"signed"))
BLOCK = "-----BEGIN RSA PRIVATE " + "KEY-----\nProc-Type: 4,ENCRYPTED\n\nabc/+\n-----END RSA PRIVATE " + "KEY-----"

EXAMPLES = {
    "a private key": f"{BLOCK[:31]}\n{DRAWN[:20]}",
    "a connection string with a storage account key": f"AccountKey={DRAWN}",
    "a connection string with a shared access key": f"SharedAccessKey={DRAWN}",
    "a connection string with a shared access signature": f"SharedAccessSignature={DRAWN}",
    "a URL with a shared access signature": f"?sig={DRAWN}",
    "a GitHub token": f"ghp_{DRAWN[:36]}",
    "a GitLab token": f"glpat-{DRAWN[:20]}",
    "a Slack token": f"xoxb-{DRAWN[:20]}",
    "an AWS access key": "AKIA" + "ABCDEFGH12345678",
    "a Hugging Face token": f"hf_{DRAWN[:34]}",
    "an OpenAI key": f"sk-{DRAWN[:40]}",
    "a Google key": f"AIza{DRAWN[:35]}",
    "an npm token": f"npm_{DRAWN[:36]}",
    "a PyPI token": f"pypi-{DRAWN[:60]}",
    "an Entra ID secret": f"abc8Q~{DRAWN[:32]}",
    "a JSON web token": JWT,
}


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("grant_type=x&client_assertion=a.b.c&y=1", "grant_type=x&client_assertion=***&y=1"),
        ("assertion=abc&y=1", "assertion=***&y=1"),
        ('{"assertion": "abc"}', '{"assertion": "***"}'),
        ("client_assertion%3Dabc", "client_assertion%3D***"),
        ("passphrase=two", "passphrase=***"),
        ("Passphrase: 'two words'", "Passphrase: '***'"),
        ("az login --password hunter2 --tenant t", "az login --password *** --tenant t"),
        ("tool --token abc", "tool --token ***"),
        ("tool --hf-token 'a b'", "tool --hf-token '***'"),
        ("tool --api-key=abc -v", "tool --api-key=*** -v"),
        ("tool -password hunter2", "tool -password ***"),
        ("sent apikey hunter2 to it", "sent apikey *** to it"),
        ("Authorization: ApiKey abc", "Authorization: ApiKey ***"),
        ('"Authorization": "Bearer abc"', '"Authorization": "Bearer ***"'),
        ("X-Api-Key: abc", "X-Api-Key: ***"),
        ("SharedAccessSignature=sv&x", "SharedAccessSignature=***&x"),
        ("aws_secret_access_key = abc", "aws_secret_access_key = ***"),
        ("secretAccessKey: abc", "secretAccessKey: ***"),
        ("password2=abc", "password2=***"),
        (f"before\n{BLOCK}\nafter", "before\n***\nafter"),
        (f"cookie {JWT}.", "cookie ***"),
    ],
)  # fmt: skip
def test_what_gives_access_is_masked(text: str, safe: str) -> None:
    assert without_secrets(text) == safe


@pytest.mark.parametrize(
    "text",
    [
        "token_count=3",
        "max_tokens=512 --max-tokens 512",
        "tokenizer=bert --tokenizer bert",
        "key=value",
        "key: created_at_2024",
        "KeyError: key 'label' was not found",
        "monkey=1",
        "monkey=banana",
        "passive=yes",
        "password_length=12",
        "secret_name=db2",
        "secretary=ann",
        "the following arguments are required: --api-key and --out",
        "argument --token is missing",
        "an apikey is needed",
        "assertion: x is above 3",
        "AssertionError: x > 3",
        "client_assertion_type=urn:ietf",
        "abfss://images@account.dfs.core.windows.net/cifar",
        "--n-token 5",
    ],
)
def test_what_looks_like_it_is_not(text: str) -> None:
    assert without_secrets(text) == text


# Pieces of what the patterns look for: put together at random, they make its edges.
NAMES = (
    "token",
    "key",
    "api_key",
    "password",
    "secret",
    "Authorization",
    "sig",
    "assertion",
    "--",
    "hf_",
    "sk-",
    "8Q~",
)
VALUES = ("***", "abc", "5", "q8Zt", "eyJabcde", "Bearer ", "basic ", "%3D", "://", BLOCK[:31], "-----END X-----")
PIECES = st.sampled_from([*"-_=:\"'\\ ,;&./@*\n", *NAMES, *VALUES])


@given(st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=60))
@example("Authorization: *** x")
@example("password '***'\"x")
def test_masking_never_raises_and_masks_what_is_masked_no_more(text: str) -> None:
    safe = without_secrets(text)
    assert without_secrets(safe) == safe


# With 150,000 characters quadratic work takes minutes too, but the rest takes a third of the time.
LONG = pytest.mark.parametrize("length", [150_000, pytest.param(500_000, marks=pytest.mark.more)])


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "--token ",
            "--",
            "apikey ",
            "-a",
            "password='",
            'token=\\"',
            "client_assertion",
            "Authorization: ",
            "Bearer ",
        ),
        *(BLOCK[:31], BLOCK, "key=", "key 'a", "token   ", "eyJ", "eyJabcdef.", "sig=", "abfss://", "a-password-"),
    ],
)
@LONG
def test_masking_a_long_text_takes_no_time(piece: str, length: int) -> None:
    with no_hang():
        without_secrets((piece * length)[:length])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_KEY", "short"),
        ("api_key", "abc"),
        ("apiKey", "abc"),
        ("--api-key", "abc"),
        ("db_password", "hunter2"),
        ("--db-pass", "hunter2"),
        ("PASSWORD", "1234"),
        ("DB_PASSWORD", "/run/x"),
        ("passphrase", "two words"),
        ("token", "abc"),
        ("HF_TOKEN", "abc"),
        ("client_secret", "abc"),
        ("anything", "hf_" + DRAWN[:34]),
        ("anything", "https://me:q8Zt@a.example/x"),
        ("anything", "Endpoint=x;AccountKey=abc"),
        ("connection", "--password hunter2"),
        ("header", "Authorization: abc"),
        ("header", "Bearer q8Zt"),
        ("header", "Basic q8Zt"),
        ("query", "sv=1&sig=abc"),
        ("key", DRAWN),
    ],
)  # fmt: skip
def test_a_value_that_is_kept_from_the_eyes(name: str, value: str) -> None:
    assert is_secret(name, value)
    assert masked(name, value) == "***"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_tokens", "512"),
        ("n_token", "5"),
        ("pad_token", "<pad>"),
        ("EOS_TOKEN", "stop"),
        ("token_count", "3"),
        ("tokenizer", "bert"),
        ("key", "label"),
        ("sort_key", "created_at"),
        ("primary_key", "id"),
        ("public_key", DRAWN),
        ("monkey", "banana"),
        ("use_password", "true"),
        ("password", ""),
        ("password_length", "12"),
        ("passive", "yes"),
        ("PWD", "/home/ann"),
        ("--PWD", "/home/ann"),
        ("OLDPWD", "/home/ann"),
        ("learning_rate", "0.001"),
        ("data", "abfss://images@account.dfs.core.windows.net/cifar"),
        ("commit", "0123456789abcdef0123456789abcdef01234567"),
        ("run", "2026-11-27T20-12-04-123-ab12"),
    ],
)  # fmt: skip
def test_a_value_that_is_shown(name: str, value: str) -> None:
    assert masked(name, value) == value


def test_a_known_secret_is_masked_wherever_it_occurs_and_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "_known", set())
    for secret in ("correct", "correct horse", "horse battery", "**"):
        masking.keep_secret(secret)
    assert without_secrets("a correct horse, ** and a horse battery") == "a ***, ** and a ***"


def test_values_are_masked_by_their_names() -> None:
    assert redacted({"epochs": "3", "password": "hunter2"}) == {"epochs": "3", "password": "***"}


@given(st.text(max_size=20) | st.sampled_from(["PASSWORD", "A_KEY", "TOKEN", "PASS"]), st.text(max_size=60))
def test_what_is_warned_of_is_masked(name: str, value: str) -> None:
    assert not by_variable(name, value) or is_secret(name, value)


@given(st.lists(PIECES, max_size=25).map("".join))
@example("sig:-")
@example("https://conda.example/t/ab-" + DRAWN + "/channel")
def test_looking_for_marks_first_overlooks_nothing(text: str) -> None:
    assert not text.strip() or not gives_itself_away(text.strip()) or is_secret("x", text)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.what)
def test_every_shape_is_masked(shape: Shape) -> None:
    """One table: what is found in a file is masked in a message, be it by its shape or by the name before it."""
    secret = EXAMPLES[shape.what]
    assert re.fullmatch(shape.found, secret[: re.search(shape.found, secret).end()])  # type: ignore[union-attr]
    assert is_secret("x", secret)
    assert DRAWN[:16] not in without_secrets(f"a {secret} b")


@pytest.mark.parametrize(
    ("line", "safe"),
    [
        ("--index-url https://${USER}:${TOKEN}@host/simple", None),
        ("--index-url https://me:${TOKEN}@host/simple", None),
        ("password==0.2", None),
        ("simple-secret == 0.1.0b2+local", None),
        ("--index-url https://me:hunter2@host/simple", "--index-url https://***@host/simple"),
        ("https://${A}@host https://me:hunter2@host", "https://${A}@host https://***@host"),
        ("ENV DB_PASSWORD=hunter2", "ENV DB_PASSWORD=***"),
    ],
)
def test_a_file_keeps_logins_of_variables_and_versions(line: str, safe: str | None) -> None:
    assert safe_file(f"a\n{line}\nb") == f"a\n{safe or line}\nb"
