// What a page gets where scripts run; without it everything works, with a reload.
"use strict";

// page fetches a page; null where there is none.
async function page(address) {
  const answer = await fetch(address, {headers: {Accept: "text/html"}});
  if (answer.redirected && new URL(answer.url).pathname === "/login") location.reload();
  if (!answer.ok) return null;
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

function replace(from, ids) {
  for (const id of ids) {
    const now = document.getElementById(id), then = from.getElementById(id);
    if (now && then && !now.contains(document.activeElement)) now.replaceChildren(...then.childNodes);
  }
}

// On a phone the pages' names stand in one line, of which the current one is to be seen.
document.querySelector("nav [aria-current]")?.scrollIntoView({block: "nearest", inline: "center"});

// A form that is typed into answers at once.
for (const form of document.querySelectorAll("form[data-live]")) {
  let waits, asked = 0;
  form.addEventListener("input", () => {
    clearTimeout(waits);
    waits = setTimeout(async () => {
      const mine = ++asked;
      const address = form.getAttribute("action") + "?" + new URLSearchParams(new FormData(form));
      const found = await page(address);
      if (!found || mine !== asked) return;
      replace(found, [form.dataset.live]);
      history.replaceState(null, "", address);
    }, 150);
  });
}

// Boxes that tick others.
document.addEventListener("change", (e) => {
  const name = e.target.dataset && e.target.dataset.all;
  if (!name) return;
  for (const box of e.target.form.querySelectorAll(`input[name="${CSS.escape(name)}"]`)) box.checked = e.target.checked;
});

// What happens is shown as it happens. A page that somebody fills in isn't replaced.
const followed = () => [...document.querySelectorAll("[data-follow][id]")].map((e) => e.id);
if (document.querySelector("[data-follow], [data-progress]")) {
  const events = new EventSource("/api/v1/events");
  events.addEventListener("progress", (e) => {
    for (const place of document.querySelectorAll("[data-progress]")) place.innerHTML = e.data;
  });
  events.addEventListener("changed", async () => {
    const now = await page(location.href.replace(/[?&]done=[^#]*/, ""));
    if (now) replace(now, followed());
  });
  addEventListener("pagehide", () => events.close());
}
