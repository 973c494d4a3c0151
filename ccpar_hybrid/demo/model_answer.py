"""The model's answers in the words of the Messages API. Standard library only."""

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ccpar_hybrid.demo.model_request import Conversation
from ccpar_hybrid.demo.script import Pause, Say, Step, Tool, Turn, Usage

CHARACTERS_PER_TOKEN = 4
PIECE = 40
END = "Done."

Event = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    """One good answer: ``parts`` are its texts and tool calls with the pauses between them."""

    id: str
    model: str
    parts: tuple[Say | Tool | Pause, ...]
    usage: Usage
    headers: Mapping[str, str]

    @property
    def stop_reason(self) -> str:
        """Why it ends: the program goes on by itself only after ``tool_use``."""
        return "tool_use" if any(isinstance(p, Tool) for p in self.parts) else "end_turn"


def answer_of(request: Conversation, turn: Turn, headers: Mapping[str, str]) -> Answer:
    """The answer that plays one turn of a script."""
    parts = tuple(step for step in turn if isinstance(step, Say | Tool | Pause))
    if all(isinstance(part, Pause) for part in parts):
        parts = (*parts, Say(END))
    return Answer(
        id=f"msg_{uuid.uuid4().hex[:24]}",
        model=request.model,
        parts=parts,
        usage=_usage(request, turn, parts),
        headers=headers,
    )


def side_answer(request: Conversation) -> Answer:
    """A short answer to what the program asks for itself."""
    lines = [line for line in request.prompt.splitlines() if line.strip()]
    words = next((line for line in lines if not line.startswith("<")), END)[:40]
    text = words if request.schema is None else json.dumps(_fitting(request.schema, words))
    return answer_of(request, (Say(text),), {})


def message_of(answer: Answer) -> Event:
    """The whole answer as one message, for a request that does not stream."""
    content = [
        _block(part) | ({"text": part.text} if isinstance(part, Say) else {"input": part.input})
        for part in answer.parts
        if not isinstance(part, Pause)
    ]
    usage = _start_usage(answer) | {"output_tokens": answer.usage.output_tokens}
    return _head(answer) | {
        "content": content,
        "stop_reason": answer.stop_reason,
        "usage": usage,
    }


def events_of(answer: Answer) -> Iterator[Event | Pause]:
    """The answer as the events of a stream, with the pauses at their places."""
    start = _head(answer) | {"usage": _start_usage(answer) | {"output_tokens": 1}}
    yield {"type": "message_start", "message": start}
    index = 0
    for part in answer.parts:
        if isinstance(part, Pause):
            yield part
            continue
        yield {"type": "content_block_start", "index": index, "content_block": _block(part)}
        for delta in _deltas(part):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
        index += 1
    delta = {"stop_reason": answer.stop_reason, "stop_sequence": None}
    usage = {"output_tokens": answer.usage.output_tokens}
    yield {"type": "message_delta", "delta": delta, "usage": usage}
    yield {"type": "message_stop"}


def error_of(kind: str, message: str) -> Event:
    """The body of a refusal."""
    return {"type": "error", "error": {"type": kind, "message": message}}


def _head(answer: Answer) -> dict[str, object]:
    return {
        "id": answer.id,
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _start_usage(answer: Answer) -> dict[str, object]:
    return {
        "input_tokens": answer.usage.input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
    }


def _block(part: Say | Tool) -> dict[str, object]:
    if isinstance(part, Say):
        return {"type": "text", "text": ""}
    return {
        "type": "tool_use",
        "id": f"toolu_{uuid.uuid4().hex[:24]}",
        "name": part.name,
        "input": {},
    }


def _deltas(part: Say | Tool) -> Iterator[Event]:
    if isinstance(part, Tool):
        yield {"type": "input_json_delta", "partial_json": json.dumps(part.input)}
        return
    for at in range(0, len(part.text), PIECE):
        yield {"type": "text_delta", "text": part.text[at : at + PIECE]}


def _usage(request: Conversation, turn: Turn, parts: tuple[Step, ...]) -> Usage:
    given = [step for step in turn if isinstance(step, Usage)]
    if given:
        return given[-1]
    written = sum(
        len(part.text) if isinstance(part, Say) else len(json.dumps(part.input))
        for part in parts
        if isinstance(part, Say | Tool)
    )
    return Usage(tokens(request.characters), tokens(written))


def tokens(characters: int) -> int:
    """A plausible count of tokens for a text of this length."""
    return max(1, characters // CHARACTERS_PER_TOKEN)


def _fitting(schema: Mapping[str, object], text: str) -> object:
    """A small value that follows a JSON schema, with the text wherever text is asked for."""
    options = schema.get("enum")
    if isinstance(options, list) and options:
        return options[0]
    properties = schema.get("properties")
    if isinstance(properties, dict):
        return {name: _fitting(part, text) for name, part in properties.items()}
    simple = {"boolean": False, "integer": 0, "number": 0, "array": [], "null": None, "object": {}}
    return simple.get(str(schema.get("type")), text)
