// ReDoc writes style sheets of its own; the page's policy lets through those that carry its nonce.
const { nonce } = document.querySelector("script[nonce]");
Redoc.init("openapi.json", { nonce }, document.getElementById("page"));
