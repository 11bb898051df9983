// The plugin's operations, as its document at /openapi/stock.json describes them.

const items = `${import.meta.env.BASE_URL}api/items`;

/// What went wrong, in words: `fields` by the names of the form's fields.
export class Refused extends Error {
  constructor(status, body) {
    const violations = Array.isArray(body?.detail) ? body.detail : [];
    super(violations.length ? "Please check what you entered." : (body?.detail ?? `The server answered ${status}.`));
    this.status = status;
    this.fields = Object.fromEntries(violations.map(({ loc, msg }) => [loc.at(-1), msg]));
  }
}

async function ask(url, options) {
  const answer = await fetch(url, options);
  const body = answer.headers.get("content-type") === "application/json" ? await answer.json() : undefined;
  if (!answer.ok) throw new Refused(answer.status, body);
  return body;
}

export const list = () => ask(items);
export const read = (id) => ask(`${items}/${id}`);
export const remove = (id) => ask(`${items}/${id}`, { method: "DELETE" });
export const add = (item) =>
  ask(items, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(item) });
