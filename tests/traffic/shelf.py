"""A real HTTP API: books on a shelf, kept in memory. Run as `python -m tests.traffic.shelf PORT`."""

from __future__ import annotations

import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

FIRST: list[dict[str, Any]] = [{"id": 1, "title": "Dune", "year": 1965}, {"id": 2, "title": "Emma", "year": 1815}]
books: dict[int, dict[str, Any]] = {}


def start_over() -> None:
    books.clear()
    books.update({book["id"]: dict(book) for book in FIRST})


async def every(request: Request) -> Response:
    if request.method == "DELETE":
        start_over()
        return Response(status_code=204)
    if request.method == "GET":
        return JSONResponse(list(books.values()))
    new = {"id": max(books, default=0) + 1, **await request.json()}
    books[new["id"]] = new
    return JSONResponse(new, 201, {"Set-Cookie": "sid=s3cr3t-and-l0ng; Path=/"})


async def one(request: Request) -> Response:
    book = books.get(int(request.path_params["id"]))
    if book is None:
        return JSONResponse({"error": "no such book"}, 404)
    if request.method == "DELETE":
        del books[book["id"]]
        return Response(status_code=204)
    if request.method == "PATCH":
        book.update(await request.json())
    return JSONResponse(book)


async def flood(_: Request) -> Response:
    return Response(b"x" * 20 * 2**20)


if __name__ == "__main__":
    start_over()
    routes = [
        Route("/books", every, methods=["GET", "POST", "DELETE"]),
        Route("/books/{id}", one, methods=["GET", "PATCH", "DELETE"]),
        Route("/flood", flood),
    ]
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
