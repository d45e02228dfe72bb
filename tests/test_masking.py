"""What is shown and kept without its secrets. The table is that of ``secret_words``; more of it in test_connect.py."""

from __future__ import annotations

import base64

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aml_pipeline.masking import is_secret, masked, without_secrets
from aml_pipeline.secret_files import by_variable
from tests.patience import no_hang

# No text here is a secret: each is put together.
DRAWN = "q8ZtR4wX" * 11
JWT = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b'{"alg":1}', b'{"a":12}', b"signed"))
BLOCK = "-----BEGIN RSA PRIVATE " + "KEY-----\nProc-Type: 4,ENCRYPTED\n\nabc/+\n-----END RSA PRIVATE " + "KEY-----"


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
PIECES = st.sampled_from(
    [*"-_=:\"'\\ ,;&./@*\n", *("%3D", "***", "://", "token", "key", "api_key", "password", "secret", "Authorization")]
    + ["Bearer ", "basic ", "sig", "assertion", "--", "abc", "5", "q8Zt", "hf_", "eyJabcde", "sk-", "8Q~", BLOCK[:31]]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=60))
@example("Authorization: *** x")
@example("password '***'\"x")
def test_masking_never_raises_and_masks_what_is_masked_no_more(text: str) -> None:
    safe = without_secrets(text)
    assert without_secrets(safe) == safe


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
def test_masking_a_long_text_takes_no_time(piece: str) -> None:
    with no_hang():
        without_secrets((piece * 500_000)[:500_000])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("API_KEY", "short"),
        ("api_key", "abc"),
        ("apiKey", "abc"),
        ("--api-key", "abc"),
        ("db_password", "hunter2"),
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
        ("learning_rate", "0.001"),
        ("data", "abfss://images@account.dfs.core.windows.net/cifar"),
        ("commit", "0123456789abcdef0123456789abcdef01234567"),
        ("run", "2026-11-27T20-12-04-123-ab12"),
    ],
)  # fmt: skip
def test_a_value_that_is_shown(name: str, value: str) -> None:
    assert masked(name, value) == value


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=20) | st.sampled_from(["PASSWORD", "A_KEY", "TOKEN", "PASS"]), st.text(max_size=60))
def test_what_is_warned_of_is_masked(name: str, value: str) -> None:
    assert not by_variable(name, value) or is_secret(name, value)
