#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Serves a directory of static files to this machine alone.

    python3 serve.py DIRECTORY [--port N]
"""

import argparse
import errno
import functools
import http.server
import pathlib
import sys


class Handler(http.server.SimpleHTTPRequestHandler):
    # Said here, since what the system says of them differs.
    extensions_map = {
        ".bin": "application/octet-stream",
        ".css": "text/css; charset=utf-8",
        ".html": "text/html; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml",
        ".wasm": "application/wasm",
        "": "application/octet-stream",
    }

    def end_headers(self):
        # A page that was built again is not to be mixed with an older one.
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def log_request(self, code="-", size="-"):
        if not str(code).startswith(("2", "3")):
            super().log_request(code, size)


def server(directory, port):
    """A server that is bound; port 0 takes a free one.  Raises OSError."""
    handler = functools.partial(Handler, directory=str(directory))
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)


def port_number(text):
    port = int(text) if text.isdecimal() else 0
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError("not a number from 1 to 65535")
    return port


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(1, f"serve: {message}\n")


def main():
    parser = Parser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--port", type=port_number, default=8000, help="default 8000")
    args = parser.parse_args()
    if not (args.directory / "index.html").is_file():
        sys.exit(f"serve: no index.html in {args.directory}")
    try:
        bound = server(args.directory, args.port)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "is taken: name another with --port" if taken else f"cannot be had: {error.strerror}"
        sys.exit(f"serve: port {args.port} {why}")
    print(f"http://127.0.0.1:{args.port}/ (Ctrl-C ends it)", flush=True)
    try:
        bound.serve_forever()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    main()
