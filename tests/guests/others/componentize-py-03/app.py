"""A component of `wasi:http` 0.3 made by componentize-py: a POST comes back, of any other request it is told what came."""

import asyncio

import wit_world
from componentize_py_async_support.streams import ByteStreamWriter
from componentize_py_types import Ok
from wit_world import exports
from wit_world.imports.wasi_http_types import Fields, Method_Get, Method_Post, Request, Response, Scheme_Http


class Handler(exports.Handler):
    async def handle(self, request: Request) -> Response:
        writer, body = wit_world.byte_stream()
        asyncio.create_task(answer(request, writer))
        headers = Fields.from_list([("content-type", b"text/plain")])
        trailers = wit_world.result_option_wasi_http_types_fields_wasi_http_types_error_code_future(lambda: Ok(None))[1]
        return Response.new(headers, body, trailers)[0]


async def answer(request: Request, writer: ByteStreamWriter) -> None:
    with writer:
        if not isinstance(request.get_method(), Method_Post):
            await writer.write_all(told(request).encode())
            return
        well = wit_world.result_unit_wasi_http_types_error_code_future(lambda: Ok(None))[1]
        body = Request.consume_body(request, well)[0]
        with body:
            while not body.writer_dropped:
                await writer.write_all(await body.read(16 * 1024))


def told(request: Request) -> str:
    method = "GET" if isinstance(request.get_method(), Method_Get) else str(request.get_method())
    scheme = "http" if isinstance(request.get_scheme(), Scheme_Http) else str(request.get_scheme())
    lines = [f"{method} {request.get_path_with_query()}", f"scheme {scheme}", f"authority {request.get_authority()}"]
    lines += [f"{name}: {value.decode()}" for name, value in request.get_headers().copy_all()]
    return "\n".join(lines)
