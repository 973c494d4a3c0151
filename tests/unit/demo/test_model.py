"""The scripted model, asked over real HTTP."""

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccpar_hybrid.demo.model import ScriptedModel, main
from ccpar_hybrid.demo.script import Rule, parse_steps
from tests.support.waiting import wait_until

Json = dict[str, Any]
TOOLS = [{"name": "Bash", "input_schema": {"type": "object"}}]
BASH = {"tool": "Bash", "input": {"command": "true"}}


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel() as running:
        yield running


def prompt_of(*steps: object) -> str:
    return f"go\nscript: {json.dumps(steps)}"


def user(content: object) -> Json:
    return {"role": "user", "content": content}


def body_of(*messages: Json, **more: object) -> Json:
    return {"model": "m", "max_tokens": 9, "tools": TOOLS, "messages": [*messages], **more}


def post(model: ScriptedModel, body: object, path: str = "/v1/messages") -> tuple[int, Json, Json]:
    """Status, decoded body and headers of an answer."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(model.url + path, data=data, method="POST")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error), dict(error.headers)


def stream(model: ScriptedModel, prompt: str) -> list[Json]:
    """The events of a streamed answer."""
    data = json.dumps(body_of(user(prompt), stream=True)).encode()
    request = urllib.request.Request(f"{model.url}/v1/messages?beta=true", data=data)
    with urllib.request.urlopen(request) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        lines = answer.read().decode().splitlines()
    events = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    assert [line[7:] for line in lines if line.startswith("event: ")] == [
        event["type"] for event in events
    ]
    return events


def said(answer: Json) -> str:
    return "".join(block.get("text", "") for block in answer["content"])


def test_an_answer_is_one_message_where_no_stream_is_asked_for(model: ScriptedModel) -> None:
    status, answer, _ = post(model, body_of(user(prompt_of({"say": "a"}, BASH))))
    assert status == 200
    assert (answer["type"], answer["role"], answer["model"]) == ("message", "assistant", "m")
    assert answer["stop_reason"] == "tool_use"
    text, tool = answer["content"]
    assert text == {"type": "text", "text": "a"}
    assert (tool["type"], tool["name"], tool["input"]) == ("tool_use", "Bash", {"command": "true"})


def test_a_stream_carries_the_text_in_pieces_and_the_tools_after_it(model: ScriptedModel) -> None:
    events = stream(model, prompt_of({"say": "long " * 50}, BASH, BASH))
    assert [event["type"] for event in (events[0], events[-2], events[-1])] == [
        "message_start",
        "message_delta",
        "message_stop",
    ]
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    assert "".join(delta.get("text", "") for delta in deltas) == "long " * 50
    assert len([delta for delta in deltas if delta["type"] == "text_delta"]) > 1
    tools = [json.loads(d["partial_json"]) for d in deltas if d["type"] == "input_json_delta"]
    assert tools == [{"command": "true"}] * 2
    assert {event["index"] for event in events if "index" in event} == {0, 1, 2}
    assert events[-2]["delta"]["stop_reason"] == "tool_use"


def test_the_conversation_tells_which_turn_is_played(model: ScriptedModel) -> None:
    prompt = user(prompt_of({"say": "first"}, BASH, {"say": "second"}))
    called = {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "Bash"}]}
    result = user(
        [
            {"type": "tool_result", "tool_use_id": "t", "content": 'script: [{"say": "no"}]'},
            {"type": "text", "text": "<system-reminder>\nnot the person's words"},
        ]
    )
    late = {"role": "system", "content": "The user sent a new message"}
    assert said(post(model, body_of(prompt))[1]) == "first"
    assert said(post(model, body_of(prompt, called, result, late))[1]) == "second"
    done = {"role": "assistant", "content": "second"}
    assert said(post(model, body_of(prompt, called, result, done, result))[1]) == "Done."
    assert said(post(model, body_of(prompt, done, user("What now?")))[1]) == "What now?"


def test_a_rule_goes_before_the_prompts_own_script() -> None:
    rules = (Rule(re.compile("go"), parse_steps([{"say": "ruled"}])),)
    with ScriptedModel(rules) as model:
        assert said(post(model, body_of(user(prompt_of({"say": "own"}))))[1]) == "ruled"


def test_an_error_comes_as_often_as_it_says_for_each_conversation(model: ScriptedModel) -> None:
    error = {"status": 429, "message": "slow down", "headers": {"Retry-After": "7"}, "times": 2}
    prompt = user(prompt_of({"error": error}, {"say": "at last"}))
    for session in ("one", "two"):
        body = body_of(prompt, metadata={"user_id": session})
        for _ in range(2):
            status, answer, headers = post(model, body)
            assert (status, headers["Retry-After"]) == (429, "7")
            assert answer["error"] == {"type": "rate_limit_error", "message": "slow down"}
        assert said(post(model, body)[1]) == "at last"


def test_an_error_without_a_number_stays(model: ScriptedModel) -> None:
    body = body_of(user(prompt_of({"error": {"status": 529}}, {"say": "never"})))
    assert [post(model, body)[0] for _ in range(4)] == [529] * 4


def test_headers_and_usage_are_as_scripted(model: ScriptedModel) -> None:
    usage = {"input_tokens": 11, "output_tokens": 22}
    prompt = user(prompt_of({"headers": {"X-Limit": "0.9"}}, {"usage": usage}, BASH, {"say": "b"}))
    _, first, headers = post(model, body_of(prompt))
    assert headers["X-Limit"] == "0.9"
    assert (first["usage"]["input_tokens"], first["usage"]["output_tokens"]) == (11, 22)
    _, second, headers = post(model, body_of(prompt, {"role": "assistant", "content": "x"}))
    assert headers["X-Limit"] == "0.9"
    assert second["usage"]["input_tokens"] > 11


def test_a_limit_refuses_the_whole_account_until_its_reset_and_comes_once(
    model: ScriptedModel,
) -> None:
    steps = ({"limit": {"window": "five_hour", "resets_in_s": 1}}, {"say": "after all"})
    limited = body_of(user(prompt_of(*steps)), metadata={"user_id": "one"})
    other = body_of(user("hello"), metadata={"user_id": "two"})
    assert said(post(model, other)[1]) == "hello"
    for body in (limited, other, limited):
        status, _, headers = post(model, body)
        assert status == 429
        assert headers["anthropic-ratelimit-unified-representative-claim"] == "five_hour"
    wait_until(lambda: post(model, other)[0] == 200)
    assert said(post(model, limited)[1]) == "after all"


def test_a_windows_use_is_told_with_every_answer_and_keeps_its_reset(model: ScriptedModel) -> None:
    window = {"five_hour": {"used_percent": 91, "resets_in_s": 3600}}
    first = post(model, body_of(user(prompt_of({"windows": window}, {"say": "a"}))))[2]
    window["five_hour"] = {"used_percent": 92, "resets_in_s": 7200}
    second = post(model, body_of(user(prompt_of({"windows": window}, {"say": "b"}))))[2]
    name = "anthropic-ratelimit-unified-5h"
    assert (first[f"{name}-utilization"], second[f"{name}-utilization"]) == ("0.91", "0.92")
    assert first[f"{name}-reset"] == second[f"{name}-reset"]


@pytest.mark.parametrize(
    "more",
    [
        {"max_tokens": 1},
        {"model": "claude-haiku", "tools": []},
        {"output_config": {"format": {"type": "json_schema", "schema": {"type": "string"}}}},
    ],
)
def test_what_the_program_asks_for_itself_plays_no_script(model: ScriptedModel, more: Json) -> None:
    _, answer, _ = post(model, body_of(user(prompt_of(BASH)), **more))
    assert answer["stop_reason"] == "end_turn"


def test_a_title_follows_the_schema_that_it_is_asked_for(model: ScriptedModel) -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}}
    config = {"format": {"type": "json_schema", "schema": schema}}
    body = body_of(user("<session>\nFix the parser\n</session>"), output_config=config)
    assert json.loads(said(post(model, body)[1])) == {"title": "Fix the parser"}


def test_a_pause_keeps_the_stream_alive_with_pings(model: ScriptedModel) -> None:
    events = stream(model, prompt_of({"say": "a"}, {"pause": 1.2}, {"say": "b"}))
    kinds = [event["type"] for event in events]
    assert "ping" in kinds[kinds.index("content_block_stop") : -2]


def test_a_client_that_hangs_up_ends_the_answer(model: ScriptedModel) -> None:
    body = json.dumps(body_of(user(prompt_of({"pause": 600}, {"say": "late"})), stream=True))
    with socket.create_connection(("127.0.0.1", model.port)) as client:
        head = f"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        client.sendall((head + body).encode())
        wait_until(lambda: b"message_start" in client.recv(4096))
        assert model.connections == 1
    wait_until(lambda: model.connections == 0)


def test_the_end_of_the_model_ends_open_answers() -> None:
    with ScriptedModel() as model:
        client = socket.create_connection(("127.0.0.1", model.port))
        body = json.dumps(body_of(user(prompt_of({"pause": 600})), stream=True))
        head = f"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        client.sendall((head + body).encode())
        wait_until(lambda: b"message_start" in client.recv(4096))
    with client:
        while client.recv(4096):
            pass


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (b"{", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        ({}, "messages"),
        (body_of(), "messages"),
        (body_of({"role": "robot", "content": ""}), "messages.0.role"),
        (body_of(user(7)), "messages.0.content"),
        (body_of(user([7])), "messages.0.content"),
        (body_of(user([{"type": "text"}])), "messages.0.content"),
        (body_of(user("x"), max_tokens="many"), "max_tokens"),
        (body_of(user("x"), stream="yes"), "stream"),
        (body_of(user("x"), model=None), "model"),
        (body_of(user('script: [{"shout": 1}]')), "step 0: unknown step"),
    ],
)
def test_a_wrong_request_is_refused_with_the_place(
    model: ScriptedModel, body: object, wrong: str
) -> None:
    status, answer, _ = post(model, body)
    assert (status, answer["error"]["type"]) == (400, "invalid_request_error")
    assert wrong in answer["error"]["message"]


def test_other_addresses_and_sizes_are_refused(model: ScriptedModel) -> None:
    assert post(model, body_of(user("x")), "/v1/complete")[0] == 404
    with socket.create_connection(("127.0.0.1", model.port)) as client:
        client.sendall(b"POST /v1/messages HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n")
        assert b" 413 " in client.recv(4096)
    with socket.create_connection(("127.0.0.1", model.port)) as client:
        client.sendall(b"POST /v1/messages HTTP/1.1\r\n\r\n")
        assert b" 411 " in client.recv(4096)


def test_tokens_are_counted_and_a_look_is_answered(model: ScriptedModel) -> None:
    counting = {"model": "m", "messages": [user("x" * 400)]}
    status, answer, _ = post(model, counting, "/v1/messages/count_tokens?beta=true")
    assert status == 200
    assert answer["input_tokens"] >= 100
    look = urllib.request.Request(f"{model.url}/", method="HEAD")
    with urllib.request.urlopen(look) as seen:
        assert seen.status == 200
    assert [seen.method for seen in model.requests] == ["POST", "HEAD"]


def test_the_program_says_where_it_listens_and_ends_at_sigterm(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "ccpar_hybrid.demo.model"]
    argv += ["--port-file", str(tmp_path / "port"), "--log", str(tmp_path / "log")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        line = program.stdout.readline()
        port = int((tmp_path / "port").read_text())
        assert line == f"listening on http://127.0.0.1:{port}\n"
        data = json.dumps(body_of(user("hello"))).encode()
        key = {"x-api-key": "secret"}
        request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/messages", data, key)
        with urllib.request.urlopen(request) as answer:
            assert said(json.load(answer)) == "hello"
        program.send_signal(signal.SIGTERM)
        assert program.wait() == 0
    assert (tmp_path / "port").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600
    logged = json.loads((tmp_path / "log").read_text())
    assert json.loads(logged["body"])["messages"] == [user("hello")]
    assert "secret" not in (tmp_path / "log").read_text()


def test_it_runs_without_any_installed_package() -> None:
    root = Path(__file__).parents[3]
    argv = [sys.executable, "-S", "-m", "ccpar_hybrid.demo.model", "--help"]
    done = subprocess.run(argv, cwd=root, capture_output=True, text=True, check=True)
    assert "--port-file" in done.stdout


def test_a_broken_file_of_rules_is_refused_before_it_listens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rules.json").write_text('[{"match": "a", "steps": [{"shout": 1}]}]')
    assert main(["--script", str(tmp_path / "rules.json")]) == 2
    assert "rule 0: step 0: unknown step" in capsys.readouterr().err
    assert main(["--script", str(tmp_path / "missing.json")]) == 2
