// "Predict, then see": an answer is kept in this browser alone, opens the result that waits for it,
// and stands beside what came out. And: what is wider than the page, the keyboard can scroll.
(() => {
  "use strict";
  const store = {
    read(key) { try { return localStorage.getItem(key); } catch { return null; } },
    keep(key, answer) { try { localStorage.setItem(key, answer); } catch { /* private window */ } },
  };

  const given = new Set(); // questions with an answer: a cell may wait for two

  const compare = (line, answer) => {
    const said = line.querySelector(".labkit-said");
    said.replaceChildren("You predicted: ", Object.assign(document.createElement("b"),
      { textContent: answer }), ". ");
    line.dataset.right = String(answer === line.dataset.truth);
  };

  const count = () => {
    const lines = [...document.querySelectorAll(".labkit-came-out[data-right]")];
    const right = lines.filter((line) => line.dataset.right === "true").length;
    const said = `${right} of your ${lines.length} predictions came true.`;
    document.querySelectorAll(".labkit-score").forEach((line) => { line.textContent = said; });
  };

  const answered = (key, answer) => {
    document.querySelectorAll(`.labkit-came-out[data-key="${key}"]`)
      .forEach((line) => compare(line, answer));
    given.add(key);
    const waits = `details.labkit-q-${key}, .tag_labkit-q-${key} details.hide`;
    document.querySelectorAll(waits).forEach((details) => {
      const [...names] = details.closest('[class*="labkit-q-"]').classList;
      const keys = names.flatMap((name) => name.split("labkit-q-").slice(1));
      if (keys.every((other) => given.has(other))) details.open = true;
    });
    count();
  };

  document.querySelectorAll("form.labkit-question").forEach((form) => {
    const { lab, key } = form.dataset, name = `labkit:${lab}:${key}`;
    const before = store.read(name);
    for (const radio of form.elements) {
      if (radio.type !== "radio") continue;
      radio.checked = radio.value === before;
      radio.addEventListener("change", () => {
        store.keep(name, radio.value);
        answered(key, radio.value);
      });
    }
    if (before !== null) answered(key, before);
  });

  // the theme's captions say that they are headings, not of which level
  document.querySelectorAll("p.caption[role=heading]:not([aria-level])")
    .forEach((caption) => { caption.ariaLevel = "2"; });

  // what is too wide for a phone can be scrolled by the arrow keys
  const reach = () => document.querySelectorAll("pre, .output, .table-wrapper").forEach((part) => {
    if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
    else part.removeAttribute("tabindex");
  });
  reach();
  addEventListener("resize", reach);
  document.addEventListener("toggle", reach, true); // details that were opened
})();
