"use strict";

// One press, one booking: a second submit of the same form is dropped for a moment.
const sent = new Set();
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (sent.has(form)) {
    event.preventDefault();
    return;
  }
  sent.add(form);
  form.setAttribute("aria-busy", "true");
  setTimeout(release, 3000, form);
});
window.addEventListener("pageshow", () => sent.forEach(release));

function release(form) {
  sent.delete(form);
  form.removeAttribute("aria-busy");
}

for (const input of document.querySelectorAll("input[type=password]")) {
  const toggle = document.createElement("button");
  toggle.type = "button";
  toggle.className = "reveal";
  toggle.textContent = "Show";
  toggle.setAttribute("aria-label", "Show the password");
  toggle.setAttribute("aria-pressed", "false");
  toggle.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    toggle.textContent = shown ? "Hide" : "Show";
    toggle.setAttribute("aria-pressed", String(shown));
  });
  const frame = document.createElement("div");
  frame.className = "with-reveal";
  input.replaceWith(frame);
  frame.append(input, toggle);
}

for (const input of document.querySelectorAll("input[data-count]")) {
  const count = document.getElementById(input.dataset.count);
  input.addEventListener("input", () => {
    const length = [...input.value].length;
    count.textContent = length === 0 ? "" : length < input.minLength ? `${input.minLength - length} to go.` : "Long enough.";
  });
}
