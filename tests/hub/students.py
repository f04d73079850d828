"""Students of a JupyterHub: they log in, get a server, open a notebook and run its cells."""

import asyncio
import json
import time
import uuid
from dataclasses import dataclass, field

import requests
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

PATIENCE = 180  # seconds for a server to come up, or for a cell


@dataclass
class Student:
    """Someone with an account. hub: its address, without a slash at the end."""

    hub: str
    name: str
    password: str
    headers: dict = field(default_factory=dict)

    def log_in(self) -> None:
        """Log in by the form, as a browser does, and get a token for all that follows."""
        session = requests.Session()
        session.get(f"{self.hub}/hub/login")
        form = {"username": self.name, "password": self.password}
        form["_xsrf"] = session.cookies.get("_xsrf")
        session.post(f"{self.hub}/hub/login", data=form, allow_redirects=False).raise_for_status()
        answer = session.post(
            f"{self.hub}/hub/api/users/{self.name}/tokens",
            params={"_xsrf": session.cookies.get("_xsrf", path="/hub/")},
            headers={"Referer": f"{self.hub}/hub/home"},
            json={"note": "test"},
        )
        answer.raise_for_status()
        self.headers["Authorization"] = f"token {answer.json()['token']}"

    def start(self) -> None:
        """Ask for a server and wait until it answers."""
        self.ask("POST", f"hub/api/users/{self.name}/server")
        self._wait(lambda: self._server().get("ready"))

    def stop(self) -> None:
        self.ask("DELETE", f"hub/api/users/{self.name}/server")
        self._wait(lambda: not self._server())

    def ask(self, method: str, path: str, **options) -> requests.Response:
        """A request to the hub or to a server behind it, with this student's token."""
        url = f"{self.hub}/{path}"
        return requests.request(method, url, headers=self.headers, timeout=PATIENCE, **options)

    def contents(self, path: str, *, of: str | None = None) -> requests.Response:
        """A file or a folder as the server of student `of` gives it; its own by default."""
        return self.ask("GET", f"user/{of or self.name}/api/contents/{path}")

    def read(self, path: str) -> dict:
        answer = self.contents(path)
        answer.raise_for_status()
        return answer.json()["content"]

    def save(self, path: str, notebook: dict) -> None:
        body = {"type": "notebook", "content": notebook}
        self.ask("PUT", f"user/{self.name}/api/contents/{path}", json=body).raise_for_status()

    def run(self, path: str, cells: list[str]) -> list[dict]:
        """Run code cells in a kernel of the notebook `path`; gives the replies, one a cell."""
        wanted = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
        answer = self.ask("POST", f"user/{self.name}/api/sessions", json=wanted)
        answer.raise_for_status()
        kernel = answer.json()["kernel"]["id"]
        socket = self.hub.replace("http", "ws", 1)
        address = f"{socket}/user/{self.name}/api/kernels/{kernel}/channels"
        return asyncio.run(_run_cells(HTTPRequest(address, headers=self.headers), cells))

    def _server(self) -> dict:
        return self.ask("GET", f"hub/api/users/{self.name}").json()["servers"].get("", {})

    def _wait(self, is_so) -> None:
        end = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < end, f"the server of {self.name} did not get there"
            time.sleep(0.2)


async def _run_cells(request: HTTPRequest, cells: list[str]) -> list[dict]:
    socket = await websocket_connect(request)
    replies = [await asyncio.wait_for(_run_cell(socket, code), PATIENCE) for code in cells]
    socket.close()
    return replies


async def _run_cell(socket, code: str) -> dict:
    """Send one cell; gives the reply and under "text" what it printed."""
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "version": "5.3"}
    header |= {"username": "", "session": "test", "date": ""}
    content = {"code": code, "silent": False, "store_history": True, "stop_on_error": False}
    content |= {"user_expressions": {}, "allow_stdin": False}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
    await socket.write_message(json.dumps({**message, "channel": "shell", "buffers": []}))
    text, reply, idle = "", None, False
    while True:
        answer = await socket.read_message()
        assert answer is not None, "the kernel's connection closed"
        if isinstance(answer, bytes):
            continue
        answer = json.loads(answer)
        if answer["parent_header"].get("msg_id") != header["msg_id"]:
            continue
        if answer["msg_type"] == "stream":
            text += answer["content"]["text"]
        if answer["msg_type"] == "execute_reply":
            reply = answer["content"]
        idle = idle or answer["content"].get("execution_state") == "idle"
        if reply and idle:
            return {**reply, "text": text}
