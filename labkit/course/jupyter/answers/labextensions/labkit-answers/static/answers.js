// A folded "What came out" opens once, when the code cell above it has run. Who folds it again
// keeps it folded.
const RUN = /\[\d+\]/; // [ ] has not run, [*] is running
const seen = new WeakSet();

function openResults() {
  for (const folded of document.querySelectorAll(".jp-MarkdownCell details")) {
    if (seen.has(folded) || folded.querySelector("summary")?.textContent !== "What came out") continue;
    let cell = folded.closest(".jp-Cell");
    do cell = cell.previousElementSibling;
    while (cell && !cell.classList.contains("jp-CodeCell"));
    if (!RUN.test(cell?.querySelector(".jp-InputPrompt")?.textContent ?? "")) continue;
    folded.open = true;
    seen.add(folded);
  }
}

// What JupyterLab asks of an extension: its plugins.
(window._JUPYTERLAB ??= {})["labkit-answers"] = {
  init: () => {},
  get: () => Promise.resolve(() => [{
    id: "labkit-answers:open",
    autoStart: true,
    activate: () => { setInterval(openResults, 500); },
  }]),
};
