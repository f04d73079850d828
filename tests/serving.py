"""A file server on 127.0.0.1 that can be told to misbehave, for the tests of downloads."""

import gzip
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A client that hangs up is no news."""


class Server:
    """Serves `files` (path -> bytes); `faults` (path -> function of a request) replace answers.

    `seen` lists the requests as (path, Range header or None).
    """

    def __init__(self, files):
        self.files, self.faults, self.seen = dict(files), {}, []
        self.closing = threading.Event()
        self._server = _Quiet(("127.0.0.1", 0), _handler(self))
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()


def _handler(server):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        owner = server

        def do_GET(self):
            path = unquote(self.path.lstrip("/"))
            server.seen.append((path, self.headers.get("Range")))
            content = server.files.get(path)
            if path in server.faults:
                server.faults[path](self, content)
            elif content is None:
                self.answer(b"not here", status=404)
            else:
                whole(self, content)

        def answer(self, body, *, status=200, length=None, **headers):
            self.send_response(status)
            if length != "unsaid":
                self.send_header("Content-Length", str(len(body) if length is None else length))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, *_):
            pass

    return Handler


def asked_from(request):
    """The byte a request wants the answer to begin with."""
    found = re.match(r"bytes=(\d+)-$", request.headers.get("Range", ""))
    return int(found[1]) if found else 0


def whole(request, content, *, end=None):
    """A server that behaves; `end`: it breaks off at that byte."""
    start = asked_from(request)
    body = content[start:end]
    headers = {"Content_Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
    request.answer(body, status=206 if start else 200, length=len(content) - start, **headers)
    request.close_connection = end is not None


def without_range(request, content):
    """It always sends all."""
    request.answer(content)


def cut_at(end):
    """It breaks off at this byte of the file, and knows no ranges."""

    def fault(request, content):
        request.answer(content[:end], length=len(content))
        request.close_connection = True

    return fault


def cut_after(count):
    """It breaks off after so many bytes, and goes on from there when asked."""
    return lambda request, content: whole(request, content, end=asked_from(request) + count)


def stall_at(end):
    """It goes silent at this byte, without closing the connection."""

    def fault(request, content):
        request.answer(content[:end], length=len(content))
        request.owner.closing.wait(5)
        request.close_connection = True

    return fault


def mute(request, content):
    """It takes the request and never answers."""
    request.owner.closing.wait(5)
    request.close_connection = True


def hang_up(request, content):
    """It closes the connection without an answer."""
    request.close_connection = True


def page(request, content):
    """It answers with a page, as a network does that wants a login."""
    request.answer(b"<html>please log in</html>")


def status(code, **headers):
    """It answers with this status."""
    return lambda request, content: request.answer(b"no", status=code, **headers)


def first(fault):
    """It misbehaves once, then no more."""
    faults = [fault]
    return lambda request, content: (faults.pop() if faults else whole)(request, content)


def instead(other):
    """It sends these bytes in place of the file's."""
    return lambda request, content: whole(request, other)


def unannounced(other):
    """It sends these bytes without saying how many, and closes."""

    def fault(request, content):
        request.answer(other, length="unsaid")
        request.close_connection = True

    return fault


def zipped(request, content):
    """It sends the file compressed although nobody asked for that."""
    request.answer(gzip.compress(content), Content_Encoding="gzip")


def from_zero(request, content):
    """It says 206 and yet does not say from where."""
    request.answer(content, status=206)
