"""What a request to the Messages API asks: the prompt, and how far its conversation is.

Read from the requests of Claude Code 2.1.197. Standard library only.
"""

import json
from dataclasses import dataclass

# Text that the program itself puts where a person's prompt would stand.
_OWN_WORDS = (
    "<system-reminder>",
    "<command-",
    "<local-command-",
    "<bash-",
    "<task-notification>",
    "[Request interrupted by user",
    "[Your previous response had no visible output",
    "[structured-output-enforce]",
    "Caveat: The messages below",
)


class BadRequest(ValueError):
    """A request that the Messages API would refuse with status 400."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One checked request.

    ``prompt`` is the last thing that a person (or a calling agent) said, ``position`` its place
    in the list of messages, ``answered`` how many answers the model has given to it so far.
    """

    model: str
    stream: bool
    key: str
    prompt: str
    position: int
    answered: int
    has_tools: bool
    max_tokens: int
    schema: dict[str, object] | None
    characters: int

    @property
    def is_side(self) -> bool:
        """Whether the program asks for itself (a title, a probe) and no script is to be played."""
        small = "haiku" in self.model and not self.has_tools
        return small or self.schema is not None or self.max_tokens == 1


def read_request(raw: bytes, *, counting: bool = False) -> Conversation:
    """The conversation in a request's body; raises BadRequest.

    ``counting`` is for ``count_tokens``, whose requests have no max_tokens.
    """
    body = _decoded(raw)
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadRequest("messages: a list with at least one message is required")
    said = [_text_of(index, message) for index, message in enumerate(messages)]
    position = next((i for i in reversed(range(len(said))) if said[i]), 0)
    max_tokens = 0 if counting else body.get("max_tokens")
    if isinstance(max_tokens, bool) or not isinstance(max_tokens, int) or max_tokens < 0:
        raise BadRequest("max_tokens: a whole number is required")
    stream = body.get("stream", False)
    if not isinstance(stream, bool):
        raise BadRequest("stream: true or false is required")
    return Conversation(
        model=_string(body, "model"),
        stream=stream,
        key=_session(body),
        prompt=said[position] or "",
        position=position,
        answered=_answers(messages[position:]),
        has_tools=bool(body.get("tools")),
        max_tokens=max_tokens,
        schema=_schema(body),
        characters=len(raw),
    )


def _decoded(raw: bytes) -> dict[str, object]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise BadRequest("the body is not a JSON object")
    return body


def _string(body: dict[str, object], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise BadRequest(f"{key}: text is required")
    return value


def _text_of(index: int, message: object) -> str | None:
    """What a person said in a message: None where nobody did."""
    if not isinstance(message, dict):
        raise BadRequest(f"messages.{index}: an object is required")
    if message.get("role") not in ("user", "assistant", "system"):
        raise BadRequest(f"messages.{index}.role: user or assistant is required")
    content = message.get("content")
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise BadRequest(f"messages.{index}.content: text or a list of blocks is required")
    if message["role"] != "user":
        return None
    texts = [block.get("text") for block in blocks if block.get("type") == "text"]
    if not all(isinstance(text, str) for text in texts):
        raise BadRequest(f"messages.{index}.content: a text block without text")
    spoken = [text for text in texts if text and not text.lstrip().startswith(_OWN_WORDS)]
    return "\n".join(spoken) or None


def _answers(messages: list[dict[str, object]]) -> int:
    """How many answers of the model there are; neighbours are parts of one answer."""
    roles = [message["role"] for message in messages if message["role"] != "system"]
    pairs = zip(["user", *roles], roles, strict=False)
    return sum(before != "assistant" == role for before, role in pairs)


def _session(body: dict[str, object]) -> str:
    metadata = body.get("metadata")
    return str(metadata.get("user_id", "")) if isinstance(metadata, dict) else ""


def _schema(body: dict[str, object]) -> dict[str, object] | None:
    """The JSON schema that the answer has to follow, if the request gives one."""
    config = body.get("output_config")
    form = config.get("format") if isinstance(config, dict) else None
    schema = form.get("schema") if isinstance(form, dict) else None
    return schema if isinstance(schema, dict) else None
