// A component of `wasi:http` 0.2 made by componentize-js: a POST comes back, of any other request it is told what came.
addEventListener("fetch", (event) => event.respondWith(serve(event.request)));

async function serve(request) {
  const headers = { "content-type": "text/plain" };
  if (request.method === "POST") return new Response(request.body, { headers });
  const url = new URL(request.url);
  const lines = [
    `${request.method} ${url.pathname}${url.search}`,
    `scheme ${url.protocol.slice(0, -1)}`,
    `authority ${url.host}`,
    ...[...request.headers].map(([name, value]) => `${name}: ${value}`),
  ];
  return new Response(lines.join("\n"), { headers });
}
