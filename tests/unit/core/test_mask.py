"""Secrets are put out of sight, and nothing that a command does."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.core.mask import MASK, masked, masked_line, masked_value, secrets

SECRET = "Zx9" + "kQ7w" * 8

HIDDEN = [
    f"export API_TOKEN={SECRET}",
    f"DB_PASSWORD='{SECRET}' make",
    f'{{"client_secret": "{SECRET}"}}',
    f"password: {SECRET}",
    f'password = "{SECRET}"',
    f"tool --token {SECRET}",
    f"tool --db-password={SECRET}",
    f"tool --api-key '{SECRET}'",
    f"curl -H 'Authorization: Bearer {SECRET}' https://example.org",
    f"curl -H 'X-Api-Key: {SECRET}' https://example.org",
    f"curl -H 'Cookie: {SECRET}' https://example.org",
    f"curl -u me:{SECRET} https://example.org",
    f"git clone https://me:{SECRET}@example.org/a.git",
    f"sshpass -p {SECRET} ssh host",
    f"mysql -u root -p{SECRET} shop",
    "sk-ant-api03-" + SECRET,
    "ghp_" + SECRET,
    "github_pat_" + SECRET,
    "glpat-" + SECRET,
    "xoxb-" + SECRET,
    "AIza" + SECRET,
    "npm_" + SECRET,
    "sk_live_" + SECRET,
    f"eyJhbGciOi.{SECRET}.{SECRET}",
    f"-----BEGIN OPENSSH PRIVATE KEY-----\n{SECRET}\n{SECRET}\n-----END OPENSSH PRIVATE KEY-----",
    f"-----BEGIN RSA PRIVATE KEY-----\\n{SECRET}\\n{SECRET}",
]

SHOWN = [
    "git commit -m 'Tell the token from the word'",
    "tool --token $TOKEN",
    "tool --password-file secret.txt",
    "tool --token --verbose",
    "tool --token /run/secrets/a",
    "token = self.next_token()",
    "token = parser.token",
    "secret: str = field()",
    "password = None",
    "max_tokens=4096",
    "PWD=/src/shop make",
    "cat secrets.toml",
    "git show 3f786850e387550fdab836ed7e6dc881de23001b",
    "https://example.org:8080/a@b",
]


@pytest.mark.parametrize("text", HIDDEN)
def test_a_secret_is_hidden(text: str) -> None:
    shown = masked(text)
    assert SECRET not in shown
    assert MASK in shown


@pytest.mark.parametrize("text", SHOWN)
def test_what_is_no_secret_stays(text: str) -> None:
    assert masked(text) == text


def test_an_access_key_of_a_cloud_is_hidden() -> None:
    assert masked("id AKIA" + "ABCDEFGH12345678" + " end") == f"id {MASK} end"


def test_what_a_shell_acts_on_is_never_hidden() -> None:
    """Else a person would approve what they do not see."""
    for sign in ";&|<>$`(){}'\"\\ \n\t*?~":
        text = f"tool --token abc{sign}rm{sign}TOKEN=x{sign}y"
        shown = masked(text)
        assert MASK in shown
        assert shown.count(sign) == text.count(sign)


def test_the_host_behind_a_password_is_shown() -> None:
    assert masked("https://good.example:x1@evil.example/") == (
        f"https://good.example:{MASK}@evil.example/"
    )


def test_a_field_that_is_named_as_a_secret_is_hidden_wherever_it_lies() -> None:
    given = {"a": [{"dbPassword": "abc", "port": 1}], "token": "one two", "key": "plain"}
    assert masked_value(given) == {
        "a": [{"dbPassword": MASK, "port": 1}],
        "token": f"{MASK} {MASK}",
        "key": "plain",
    }


def test_what_the_input_holds_is_hidden_on_the_screen_though_it_is_wrapped() -> None:
    known = secrets({"command": f"tool --token {SECRET}"})
    assert known == (SECRET,)
    screen = f"│ tool --token {SECRET[:11]} │\n│ {SECRET[11:]}  │\nDo you want to proceed?"
    shown = masked(screen, known)
    assert SECRET[11:] not in shown
    assert SECRET[:11] not in shown
    assert shown.endswith("Do you want to proceed?")


_PIECES = st.sampled_from(
    ["token", "=", ": ", "password", "--", "-u ", "curl ", "Bearer ", "://", "@", "'", '"', ";",
     "$(", ")", "|", " ", "\n", "-----BEGIN PRIVATE KEY-----", "-----END ", "a1b2c3d4e5f6a7b8",
     "*", "ghp_", "eyJ", ".", "`", "&", "\\", "{", "}", "<", ">", "sshpass -p "]
)  # fmt: skip


@given(st.lists(_PIECES | st.text(max_size=5), max_size=30).map("".join))
def test_only_harmless_signs_are_hidden(text: str) -> None:
    """What is left is the text with runs cut out that no shell acts on."""
    rest = text
    for shown in masked(text).split(MASK):
        position = rest.find(shown)
        assert position >= 0
        assert not set(rest[:position]) & set(" \t\n;&|<>$`(){}'\"\\*?~")
        rest = rest[position + len(shown) :]


@given(st.lists(_PIECES, max_size=30).map("".join))
def test_masking_again_hides_nothing_new_of_the_rest(text: str) -> None:
    once = masked(text)
    assert len(masked(once).replace(MASK, "")) <= len(once.replace(MASK, ""))


@pytest.mark.parametrize(
    "piece",
    [
        "token ",
        "curl ",
        "--a-",
        "eyJ",
        "-----BEGIN PRIVATE KEY-----",
        "://a:",
        "a" * 50,
        "token=x ",
    ],
)
def test_a_large_text_is_masked_in_time(piece: str) -> None:
    began = time.monotonic()
    masked(piece * (200_000 // len(piece)))
    assert time.monotonic() - began < 20


def test_a_line_hides_a_secret_that_its_end_would_cut() -> None:
    text = "x" * 60 + f" --token {SECRET} y"
    assert masked_line(f"\n{text}\nsecond", 80) == "x" * 60 + f" --token {MASK} y"
    assert "Zx9" not in masked_line(text, 75)
