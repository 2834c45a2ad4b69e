"""A stand-in for GitHub's comments on the loopback: keeps them, and may refuse to take any."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

BOT = {"login": "github-actions[bot]", "type": "Bot", "id": 41898282}


class Forge(ThreadingHTTPServer):
    """Comments of pull request 7 of someone/project; GitLab's of project 5 are served alike."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.comments: list[dict[str, Any]] = []
        self.read_only = False
        self.failures: list[int] = []  # statuses of the first answers
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def add(self, body: str, user: dict[str, Any]) -> None:
        number = len(self.comments) + 1
        self.comments.append({"id": number, "body": body, "user": user, "author": user})


class Handler(BaseHTTPRequestHandler):
    server: Forge

    def log_message(self, *args: Any) -> None: ...

    def answer(self, status: int, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def read(self) -> str:
        return str(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"])

    def refused(self) -> bool:
        forge = self.server
        forge.asked.append(f"{self.command} {urlsplit(self.path).path}")
        if forge.failures:
            self.answer(forge.failures.pop(0), {"message": "no"})
            return True
        known = (self.headers["Authorization"], self.headers["PRIVATE-TOKEN"])
        if not {"Bearer secret-token", "secret-token"} & set(known):
            self.answer(401, {"message": "Bad credentials"})
            return True
        if forge.read_only and self.command != "GET":
            self.answer(403, {"message": "Resource not accessible by integration"})
            return True
        return False

    def do_GET(self) -> None:
        if self.refused():
            return
        if self.path == "/user":
            self.answer(200, BOT)
            return
        query = parse_qs(urlsplit(self.path).query)
        size, page = int(query["per_page"][0]), int(query["page"][0])
        self.answer(200, self.server.comments[size * (page - 1) : size * page])

    def do_POST(self) -> None:
        body = self.read()
        if not self.refused():
            self.server.add(body, BOT)
            self.answer(201, self.server.comments[-1])

    def do_PATCH(self) -> None:
        body = self.read()
        if not self.refused():
            number = int(self.path.rpartition("/")[2])
            self.server.comments[number - 1]["body"] = body
            self.answer(200, self.server.comments[number - 1])

    def do_PUT(self) -> None:
        self.do_PATCH()


@contextmanager
def serve_forge() -> Iterator[Forge]:
    forge = Forge()
    threading.Thread(target=forge.serve_forever, kwargs={"poll_interval": 0.02}).start()
    try:
        yield forge
    finally:
        forge.shutdown()
        forge.server_close()
