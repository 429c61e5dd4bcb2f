"""A network between clients and a server that can be cut.

    with Gate(server.address) as gate:
        connect_to(gate.address)
        gate.cut()
"""

import contextlib
import socket
import struct
import threading

PIECE_BYTES = 1 << 16
PATIENCE_S = 10.0


class Gate:
    """Listens on a free loopback port; every connection is carried to the server, byte for byte."""

    def __init__(self, server_address):
        host, port = server_address.rsplit(":", 1)
        self._server = host, int(port)
        self._lock = threading.Lock()
        self._ends = set()
        self._closed = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        self._threads = []
        self._start(self._accept)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def cut(self):
        """Resets all connections; what is on its way is lost. New ones are carried again."""
        with self._lock:
            for end in self._ends:
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    end.shutdown(socket.SHUT_RDWR)

    def close(self):
        with self._lock:
            self._closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def _start(self, body, *arguments):
        thread = threading.Thread(target=body, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server, PATIENCE_S)
            except OSError:
                with self._lock:
                    if self._closed:
                        return
                continue  # the server is away
            server.settimeout(None)
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what comes goes on
            with self._lock:
                self._ends |= {client, server}
            self._start(self._carry, client, server)
            self._start(self._carry, server, client)

    def _carry(self, source, target):
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE_BYTES):
                target.sendall(piece)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._ends.discard(source)
        source.close()
