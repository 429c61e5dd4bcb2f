"""How values become payloads and come back. The content type travels with each item.

| value | content type |
|-|-|
| bytes | application/octet-stream |
| str | text/plain; charset=utf-8 |
| None, bool, int, finite float, list, dict with str keys, of these | application/json |
| a tuple of these, at the top | application/json; tuple=1 |
| a protobuf message | application/x-protobuf; type=package.Name |

What would not come back as it was is refused with EncodeError. An item is decoded by its own
content type, whatever the queue's codec is; one without a content type is bytes.
"""

import functools
from typing import Any, Callable, Optional, Protocol, Tuple

from sluice.exceptions import DecodeError, EncodeError

BYTES = "application/octet-stream"
TEXT = "text/plain; charset=utf-8"
JSON = "application/json"
JSON_TUPLE = "application/json; tuple=1"
PROTOBUF = "application/x-protobuf"
MSGPACK = "application/msgpack"
PICKLE = "application/x-python-pickle"


class Codec(Protocol):
    """What a queue's `codec=` must have. Both are called from any thread."""

    def encode(self, value: Any) -> Tuple[bytes, str]:
        """Payload and content type. Raises EncodeError."""

    def decode(self, payload: bytes, content_type: str) -> Any:
        """The value. Raises DecodeError."""


class DefaultCodec:
    """Bytes, text, JSON and protobuf messages, each as itself; see the module's table."""

    def encode(self, value: Any) -> Tuple[bytes, str]:
        kind = type(value)
        if kind is bytes:
            return value, BYTES
        try:
            if kind is str:
                return value.encode(), TEXT
            if kind is int:
                return b"%d" % value, JSON
        except ValueError as error:  # half a character, or thousands of digits
            raise EncodeError(f"it cannot travel as text: {error}") from error
        if hasattr(value, "SerializeToString") and hasattr(value, "DESCRIPTOR"):
            return value.SerializeToString(), f"{PROTOBUF}; type={value.DESCRIPTOR.full_name}"
        import json

        _check(list(value) if kind is tuple else value, _JSON_LEAVES)
        try:
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        except (ValueError, RecursionError) as error:  # it holds itself, or is too deep
            raise EncodeError(f"JSON does not take it: {error}") from error
        return text, JSON_TUPLE if kind is tuple else JSON

    def decode(self, payload: bytes, content_type: str) -> Any:
        decode, parameters = _decoder_of(content_type)
        if decode is None:
            raise DecodeError(
                f"an item of content type '{content_type}': give the queue a codec that reads it",
                payload,
                content_type,
            )
        try:
            return decode(payload, parameters)
        except DecodeError as error:
            raise DecodeError(str(error), payload, content_type) from error.__cause__
        except Exception as error:
            raise DecodeError(
                f"the payload is not what its content type '{content_type}' says: {error}",
                payload,
                content_type,
            ) from error


class MsgpackCodec(DefaultCodec):
    """Values as MessagePack, with `msgpack` (Debian: python3-msgpack).

    None, bool, int of 64 bits, float, bytes, str, list, dict with str keys. Other items of the
    queue are decoded as by the default codec, which reads MessagePack too.
    """

    def __init__(self) -> None:
        import msgpack  # type: ignore[import]

        self._packb: Callable[..., bytes] = msgpack.packb

    def encode(self, value: Any) -> Tuple[bytes, str]:
        _check(value, _MSGPACK_LEAVES)
        try:
            return self._packb(value, use_bin_type=True, strict_types=True), MSGPACK
        except (TypeError, ValueError, OverflowError) as error:
            raise EncodeError(f"MessagePack does not take it: {error}") from error


class UnsafePickleCodec(DefaultCodec):
    """Any Python object, by pickle. UNSAFE: whoever can put an item can run code in who gets it.

    Only for servers that you alone can reach. Nothing else decodes these items. Other items of
    the queue are decoded as by the default codec.
    """

    def encode(self, value: Any) -> Tuple[bytes, str]:
        import pickle

        return pickle.dumps(value), PICKLE

    def decode(self, payload: bytes, content_type: str) -> Any:
        if content_type != PICKLE:
            return super().decode(payload, content_type)
        import pickle

        return pickle.loads(payload)


_JSON_LEAVES = frozenset((str, int, bool, type(None)))
_MSGPACK_LEAVES = _JSON_LEAVES | {bytes, float}


def _check(value: Any, leaves: "frozenset[type]") -> None:
    """Raises EncodeError for what would come back as something else."""
    waiting = [value]
    seen = set()  # containers: one may hold itself
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if kind in leaves:
            continue
        if kind is float:
            if value - value != 0:  # NaN or infinite
                raise EncodeError(f"JSON has no {value}: use None, a str, or a codec of your own")
        elif kind is list or kind is dict:
            if id(value) not in seen:
                seen.add(id(value))
                waiting.extend(value if kind is list else _values(value))
        else:
            raise EncodeError(_refusal(kind))


def _values(value: "dict[Any, Any]") -> Any:
    for key in value:
        if type(key) is not str:
            raise EncodeError(
                f"a dict with a key of type {type(key).__name__}, which would not come back so; "
                "use str keys, or a list of pairs"
            )
    return value.values()


def _refusal(kind: type) -> str:
    name = kind.__qualname__
    if kind is tuple:
        return "a tuple within another value: it would come back as a list; use a list"
    if kind in (bytearray, memoryview):
        return f"a {name} would come back as bytes: put bytes(value)"
    if kind is bytes:
        return "bytes within another value: JSON has none; use MsgpackCodec, or put bytes alone"
    return (
        f"a {name} does not travel by itself: put bytes, str, what JSON brings back unchanged "
        "(None, bool, int, float, list, dict with str keys), a tuple of these, or a protobuf "
        "message; or give the queue a codec"
    )


def _decode_json(payload: bytes, parameters: str) -> Any:
    import json

    value = json.loads(payload)
    return tuple(value) if parameters == "tuple=1" else value


def _decode_protobuf(payload: bytes, parameters: str) -> Any:
    from google.protobuf import symbol_database  # type: ignore[import]

    name = parameters.removeprefix("type=")
    try:
        message = symbol_database.Default().GetSymbol(name)()
    except KeyError:
        raise DecodeError(f"a protobuf message '{name}': import its module first") from None
    message.ParseFromString(payload)
    return message


def _decode_msgpack(payload: bytes, _parameters: str) -> Any:
    import msgpack

    return msgpack.unpackb(payload, raw=False)


def _refuse_pickle(_payload: bytes, _parameters: str) -> Any:
    raise DecodeError(
        "a pickled item: it could run any code here; only a queue with "
        "codec=sluice.UnsafePickleCodec() decodes it"
    )


_DECODERS: "dict[str, Callable[[bytes, str], Any]]" = {
    "": lambda payload, _: payload,
    BYTES: lambda payload, _: payload,
    "text/plain": lambda payload, _: payload.decode(),
    JSON: _decode_json,
    PROTOBUF: _decode_protobuf,
    MSGPACK: _decode_msgpack,
    PICKLE: _refuse_pickle,
}


@functools.lru_cache(maxsize=256)
def _decoder_of(content_type: str) -> "Tuple[Optional[Callable[[bytes, str], Any]], str]":
    """What decodes it, with the parameters of the type."""
    name, _, parameters = content_type.partition(";")
    return _DECODERS.get(name.strip().lower()), parameters.strip()


DEFAULT = DefaultCodec()
