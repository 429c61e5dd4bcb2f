"""Values come back as they were put, or are refused with a word on what to do."""

import collections
import enum
import sys
import unittest

import sluice
from server_case import ServerCase
from sluice import codecs


class Color(enum.IntEnum):
    RED = 1


class Text(str):
    pass


Point = collections.namedtuple("Point", "x y")

EXACT = [
    (b"", codecs.BYTES),
    (b"\x00\xff", codecs.BYTES),
    ("", codecs.TEXT),
    ("grüße \U0001f600", codecs.TEXT),
    (None, codecs.JSON),
    (True, codecs.JSON),
    (0, codecs.JSON),
    (-(10**30), codecs.JSON),
    (0.1, codecs.JSON),
    (-0.0, codecs.JSON),
    (1e300, codecs.JSON),
    ([], codecs.JSON),
    ([1, [2.0, None], {"a": [False]}], codecs.JSON),
    ({"ä": {"": ["x"]}}, codecs.JSON),
    ((), codecs.JSON_TUPLE),
    ((1, "task", [2]), codecs.JSON_TUPLE),
]

REFUSED = [
    (object(), "codec"),
    (bytearray(b"x"), "bytes(value)"),
    ((1, (2, 3)), "use a list"),
    ([(1, 2)], "use a list"),
    ([b"x"], "MsgpackCodec"),
    ({1: 2}, "str keys"),
    ({"a": {2: 3}}, "str keys"),
    (float("nan"), "JSON has no"),
    ([float("inf")], "JSON has no"),
    ({1, 2}, "codec"),
    (Color.RED, "codec"),
    (Text("x"), "codec"),
    ([True, Text("x")], "codec"),
    (Point(1, 2), "codec"),
    (ValueError("x"), "codec"),
    (print, "codec"),
    ("\ud800", "cannot travel"),
    (["\ud800"], "surrogates"),
    (10**5000, "cannot travel"),
    ([10**5000], "digits"),
]


class Exact(unittest.TestCase):
    def test_a_value_comes_back_as_it_was(self):
        for value, content_type in EXACT:
            with self.subTest(repr(value)):
                payload, found = codecs.DEFAULT.encode(value)
                back = codecs.DEFAULT.decode(payload, found)
                self.assertEqual((found, repr(back), type(back)), (content_type, repr(value), type(value)))

    def test_what_would_come_back_as_something_else_is_refused_with_a_hint(self):
        for value, hint in REFUSED:
            with self.subTest(type(value)), self.assertRaises(sluice.EncodeError) as caught:
                codecs.DEFAULT.encode(value)
            self.assertIn(hint, str(caught.exception))
            self.assertIsInstance(caught.exception, TypeError)

    def test_a_value_that_holds_itself_is_refused(self):
        value = []
        value.append(value)
        with self.assertRaises(sluice.EncodeError):
            codecs.DEFAULT.encode(value)

    def test_the_content_type_decides_not_the_codec(self):
        for content_type, payload, value in (
            ("", b"raw", b"raw"),
            ("text/plain", b"from C++", "from C++"),
            ("TEXT/PLAIN; charset=utf-8", b"x", "x"),
            ("application/json", b" [1, 2] ", [1, 2]),
        ):
            self.assertEqual(codecs.DEFAULT.decode(payload, content_type), value)

    def test_what_cannot_be_decoded_is_handed_on_as_it_is(self):
        for payload, content_type, hint in (
            (b"{", "application/json", "not what its content type"),
            (b"\xff", "text/plain", "not what its content type"),
            (b"<x/>", "application/xml", "give the queue a codec"),
            (b"", "application/x-protobuf; type=no.Such", "import its module"),
            (b"", codecs.PICKLE, "UnsafePickleCodec"),
        ):
            with self.subTest(content_type), self.assertRaises(sluice.DecodeError) as caught:
                codecs.DEFAULT.decode(payload, content_type)
            self.assertIn(hint, str(caught.exception))
            self.assertEqual((caught.exception.payload, caught.exception.content_type), (payload, content_type))


class Others(unittest.TestCase):
    def test_protobuf_messages(self):
        from google.protobuf import duration_pb2

        message = duration_pb2.Duration(seconds=7)
        payload, content_type = codecs.DEFAULT.encode(message)
        self.assertEqual(content_type, "application/x-protobuf; type=google.protobuf.Duration")
        self.assertEqual(codecs.DEFAULT.decode(payload, content_type), message)

    def test_messagepack(self):
        codec = sluice.MsgpackCodec()
        for value in (None, 1, 2.5, b"x", "x", [1, [b"y"]], {"a": b"z"}):
            payload, content_type = codec.encode(value)
            self.assertEqual(content_type, codecs.MSGPACK)
            self.assertEqual(codecs.DEFAULT.decode(payload, content_type), value)
        for value in ((1, 2), object(), 1 << 70, {1: 2}, {b"x": 2}, [bytearray(b"x")], "\ud800"):
            self.assertRaises(sluice.EncodeError, codec.encode, value)

    def test_pickle_is_for_who_asks_for_it_alone(self):
        codec = sluice.UnsafePickleCodec()
        payload, content_type = codec.encode(Point(1, Color.RED))
        self.assertEqual(codec.decode(payload, content_type), Point(1, Color.RED))
        self.assertEqual(codec.decode(b"text", codecs.TEXT), "text")
        self.assertRaises(sluice.DecodeError, codecs.DEFAULT.decode, payload, content_type)
        self.assertRaises(sluice.EncodeError, codecs.DEFAULT.encode, Point(1, 2))


class InAQueue(ServerCase):
    def test_values_of_all_kinds_share_a_queue(self):
        queue = self.new_queue()
        values = [value for value, _ in EXACT]
        queue.put_many(values)
        self.assertEqual([repr(queue.get()) for _ in values], [repr(value) for value in values])

    def test_an_item_that_cannot_be_decoded_has_failed(self):
        queue = self.new_queue(max_attempts=1)
        queue._native().put(b"{", "application/json")
        with self.assertRaises(sluice.DecodeError):
            queue.get()
        self.assertEqual((queue.stats()["dead"], queue.unfinished_tasks), (1, 0))

    def test_the_others_of_a_batch_are_had(self):
        queue = self.new_queue(max_attempts=1)
        queue._native().put_many([(b"1", "application/json", 0, None), (b"{", "application/json", 0, None)])
        self.assertEqual(queue.get_many(10), [1])
        queue.done_many()
        self.assertEqual((queue.stats()["dead"], queue.unfinished_tasks), (1, 0))

    def test_a_popped_item_that_cannot_be_decoded_is_in_the_exception(self):
        queue = self.new_queue(kind=sluice.SimpleQueue)
        queue._native().put(b"<x/>", "application/xml")
        with self.assertRaises(sluice.DecodeError) as caught:
            queue.get()
        self.assertEqual((caught.exception.payload, caught.exception.content_type), (b"<x/>", "application/xml"))

    def test_a_codec_of_ones_own(self):
        class Upper(codecs.DefaultCodec):
            def encode(self, value):
                return value.upper().encode(), "text/x-upper"

            def decode(self, payload, content_type):
                if content_type != "text/x-upper":
                    return super().decode(payload, content_type)
                return payload.decode().lower()

        queue = self.new_queue(codec=Upper())
        queue.put("abc")
        self.assertEqual(queue._native().peek()[0]["payload"], b"ABC")
        self.assertEqual(queue.get(), "abc")

    def test_a_codec_that_breaks_is_no_crash_and_the_item_has_failed(self):
        class Broken(codecs.DefaultCodec):
            def decode(self, payload, content_type):
                raise ZeroDivisionError("broken")

        queue = self.new_queue(codec=Broken(), max_attempts=1)
        queue.put("abc")
        with self.assertRaisesRegex(sluice.DecodeError, "broken"):
            queue.get()
        self.assertEqual(queue.stats()["dead"], 1)


if __name__ == "__main__":
    assert sys.version_info >= (3, 11)
    unittest.main()
