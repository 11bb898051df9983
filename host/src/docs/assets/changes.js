// An open page that has become old says so. It asks for the tag of what it shows, which is a few bytes, and only while
// somebody looks.
const EVERY_MS = 3000;

async function tag(address) {
  try {
    const answer = await fetch(address, { method: "HEAD", cache: "no-store" });
    return answer.ok ? answer.headers.get("etag") : `status ${answer.status}`;
  } catch {
    // The host does not answer: that says nothing about what it serves.
    return null;
  }
}

/// Watches what is at an address from now on. Whoever shows it waits for this first: what is loaded later is no older.
export async function watch(address) {
  const shown = await tag(address);
  // It is there before it has something to say, so that screen readers listen to it.
  const hint = document.createElement("div");
  hint.id = "changed";
  hint.setAttribute("role", "status");
  document.body.append(hint);

  const reload = document.createElement("button");
  reload.type = "button";
  reload.textContent = "Reload";
  reload.addEventListener("click", () => location.reload());

  const look = async () => {
    if (document.hidden) return;
    const now = await tag(address);
    if (now === null) return;
    if (now === shown) hint.replaceChildren();
    else if (!hint.hasChildNodes()) hint.append("What is served here has changed.", reload);
  };
  if (shown === null) return;
  setInterval(look, EVERY_MS);
  document.addEventListener("visibilitychange", look);
}
