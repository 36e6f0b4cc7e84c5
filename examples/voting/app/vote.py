"""A page with two choices; POST puts the voter and the choice into the queue. A voter is known by a cookie."""
import html
import json
import os
import secrets
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import redis

queue = redis.Redis("queue")
OPTIONS = {"a": os.environ["OPTION_A"], "b": os.environ["OPTION_B"]}


class Vote(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.page("")

    def do_POST(self):
        size = min(int(self.headers.get("content-length") or 0), 1000)
        choice = parse_qs(self.rfile.read(size).decode()).get("vote", [""])[0]
        if choice not in OPTIONS:
            return self.send_error(400)
        queue.rpush("votes", json.dumps({"voter": self.voter(), "vote": choice}))
        self.page(choice)

    def voter(self):
        cookie = SimpleCookie(self.headers.get("cookie", "")).get("voter")
        return cookie.value if cookie else secrets.token_hex(8)

    def page(self, choice):
        buttons = "".join(
            f'<button name=vote value={key}{" disabled" if key == choice else ""}>{html.escape(text)}</button>'
            for key, text in OPTIONS.items()
        )
        body = f"<!doctype html><title>Vote</title><form method=post>{buttons}</form>\n".encode()
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.send_header("set-cookie", f"voter={self.voter()}")
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer(("", 8000), Vote).serve_forever()
