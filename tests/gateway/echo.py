"""Stands in for every service behind the gateway: it says what it was asked, and by whom its streams were left."""

from __future__ import annotations

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

left_streams = 0


class Echo(BaseHTTPRequestHandler):
    """Answers any request with its own parts. A path that ends in /stream goes on until its reader leaves, and /broken
    gives no answer."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Transfer-Encoding"):
            body = self.chunks()
        if self.path.endswith("/stream"):
            self.stream()
        elif self.path == "/broken":
            self.close_connection = True
        else:
            headers = {name.lower(): value for name, value in self.headers.items()}
            said = {"method": self.command, "path": self.path, "headers": headers, "body": body.decode("latin-1")}
            self.send(json.dumps(said | {"left_streams": left_streams}).encode())

    def chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def stream(self) -> None:
        global left_streams
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b": still here\n\n")
                time.sleep(0.1)
        except OSError:
            left_streams += 1

    def log_message(self, *_: object) -> None:
        pass


for _method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
    setattr(Echo, f"do_{_method}", Echo.answer)


class Server(ThreadingHTTPServer):
    request_queue_size = 512


if __name__ == "__main__":
    for port in sys.argv[1:]:
        threading.Thread(target=Server(("", int(port)), Echo).serve_forever).start()
