"""What travels when a function is called elsewhere: its name, its arguments, and how it ended.

A call is an item whose payload is {"args": [...], "kwargs": {...}}, as the queue's codec makes
it. Its headers: `sluice-function` is "module:qualname", and with `sluice-call`, an id, somebody
waits for the outcome in the queue `sluice-reply`. An outcome is an item there, with the id and
`sluice-outcome`: "done", and the payload is the value; or "error", and it is JSON: the type
("module:qualname"), message, args and traceback of the exception.
"""

import sys
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, Union

from sluice.codecs import DEFAULT, Codec
from sluice.exceptions import EncodeError, RemoteError, RemoteTraceback

FUNCTION, CALL, REPLY, OUTCOME = (
    "sluice-function",
    "sluice-call",
    "sluice-reply",
    "sluice-outcome",
)
DONE, ERROR = "done", "error"

# Of a queue of calls that its first user makes, be it an executor or a worker.
NAME = "calls"
MAXSIZE = 1000
MAX_ATTEMPTS = 5  # a call that kills its workers is given up

_TEXT = 64 << 10  # of messages and tracebacks

Encoded = Tuple[bytes, str]


def name_of(function: Union[Callable[..., Any], str]) -> str:
    """ "module:qualname" of what can be found under that name.

    Raises TypeError for what cannot: lambdas, nested functions, methods of an object, partials.
    """
    if isinstance(function, str):
        if not all(function.partition(":")):
            raise ValueError(f"'{function}' names no function: write 'module:name'")
        return function
    module = getattr(function, "__module__", None)
    name = getattr(function, "__qualname__", None)
    if not module or not name or _found(module, name) != function:
        raise TypeError(
            f"{function!r} cannot be found by its name where it is to run: use a function at the "
            "top of a module, and give it what it needs as arguments"
        )
    return f"{_importable(module)}:{name}"


def function_of(name: str) -> Callable[..., Any]:
    """The function of that name; imports its module. ImportError, AttributeError, TypeError."""
    import importlib

    module, _, path = name_of(name).partition(":")
    value = importlib.import_module(module)
    for part in path.split("."):
        value = getattr(value, part)
    if not callable(value):
        raise TypeError(f"'{name}' is no function: {value!r}")
    return value


def encode_arguments(args: Tuple[Any, ...], kwargs: Mapping[str, Any], codec: Codec) -> Encoded:
    """The payload of a call. EncodeError."""
    return codec.encode({"args": list(args), "kwargs": dict(kwargs)})


def decode_arguments(content: Encoded, codec: Codec) -> Tuple[Any, Any]:
    """DecodeError and others: it is no call."""
    call = codec.decode(*content)
    return call["args"], call["kwargs"]


def encode_error(error: BaseException) -> Encoded:
    """The payload of an outcome that is an error."""
    import traceback

    trace = error.__traceback__  # its first frame is the worker's
    text = "".join(traceback.format_exception(type(error), error, trace and trace.tb_next))
    report: Dict[str, Any] = {
        "type": f"{_importable(type(error).__module__)}:{type(error).__qualname__}",
        "message": _text(error),
        "traceback": text[-_TEXT:].encode(errors="replace").decode(),
    }
    try:
        with_args = DEFAULT.encode(dict(report, args=_arguments(error)))
        if len(with_args[0]) <= 4 * _TEXT:
            return with_args
    except (EncodeError, UnicodeError):
        pass
    return DEFAULT.encode(report)


def decode_error(content: Encoded) -> BaseException:
    """The exception, of its own class when that is known here and can be made."""
    report = DEFAULT.decode(*content)
    error = _exception(report) or RemoteError(report["type"], report["message"])
    error.__cause__ = RemoteTraceback(report["traceback"])
    return error


def _exception(report: Dict[str, Any]) -> Optional[Exception]:
    """Only classes of modules that are imported already: a name from afar loads no code."""
    module, _, name = report["type"].partition(":")
    kind = _found(module, name)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        return None
    message = [report["message"]]
    for args in (report.get("args", message), message):
        try:
            error = kind(*args)
        except Exception:
            continue  # it wants others
        if type(error) is kind and _text(error) == report["message"]:
            return error
    return None


def _arguments(error: BaseException) -> List[Any]:
    """Those that make an exception like this one, as pickle would find them."""
    try:
        reduced = error.__reduce__()
    except Exception:
        return list(error.args)
    made_by_class = isinstance(reduced, tuple) and reduced[0] is type(error)
    return list(reduced[1]) if made_by_class else list(error.args)


def _found(module: str, path: str) -> Any:
    value: Any = sys.modules.get(module)
    for part in path.split("."):
        value = getattr(value, part, None)
    return value


def _importable(module: str) -> str:
    """The name under which others can import it, for a program too."""
    if module != "__main__":
        return module
    program = sys.modules["__main__"]
    spec = getattr(program, "__spec__", None)
    if spec is not None:
        return str(spec.name).removesuffix(".__main__")
    import os

    return os.path.splitext(os.path.basename(getattr(program, "__file__", module)))[0]


def _text(error: BaseException) -> str:
    try:
        return str(error)[:_TEXT].encode(errors="replace").decode()
    except Exception:
        return f"<a {type(error).__qualname__} that has no text>"
