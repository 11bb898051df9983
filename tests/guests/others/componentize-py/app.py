"""A component of `wasi:http` 0.2 made by componentize-py: a POST comes back, of any other request it is told what came."""

import asyncio

from componentize_py_types import Ok
from poll_loop import PollLoop, Sink, Stream
from wit_world import exports
from wit_world.imports.types import (
    Fields,
    IncomingRequest,
    Method_Get,
    Method_Post,
    OutgoingResponse,
    ResponseOutparam,
    Scheme_Http,
)


class IncomingHandler(exports.IncomingHandler):
    def handle(self, request: IncomingRequest, response_out: ResponseOutparam) -> None:
        loop = PollLoop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve(request, response_out))


async def serve(request: IncomingRequest, response_out: ResponseOutparam) -> None:
    response = OutgoingResponse(Fields.from_list([("content-type", b"text/plain")]))
    sink = Sink(response.body())
    ResponseOutparam.set(response_out, Ok(response))
    if isinstance(request.method(), Method_Post):
        body = Stream(request.consume())
        while (piece := await body.next()) is not None:
            await sink.send(piece)
    else:
        await sink.send(told(request).encode())
    sink.close()


def told(request: IncomingRequest) -> str:
    method = "GET" if isinstance(request.method(), Method_Get) else str(request.method())
    scheme = "http" if isinstance(request.scheme(), Scheme_Http) else str(request.scheme())
    lines = [f"{method} {request.path_with_query()}", f"scheme {scheme}", f"authority {request.authority()}"]
    lines += [f"{name}: {value.decode()}" for name, value in request.headers().entries()]
    return "\n".join(lines)
