// Larger text for the last row. On body, so that it goes before the sizes of themes and users.
const style = document.createElement("style");
style.textContent = `body {
  --jp-code-font-size: 20px;
  --jp-content-font-size1: 20px;
  --jp-ui-font-size1: 16px;
  --jp-cell-prompt-width: 88px;
  --jp-widgets-font-size: 20px;
  --jp-widgets-inline-height: 36px;
  --jp-widgets-inline-label-width: 120px;
}`;
document.head.append(style);

// The page for the notebook: the left sidebar is closed once in a tab. Who opens it again keeps it.
const room = {
  id: "labkit-projector:room",
  autoStart: true,
  activate: app => { // JupyterLab waits for what this returns: nothing
    Promise.all([app.restored, app.shell.restored]).then(() => {
      if (sessionStorage.getItem("labkit-projector")) return;
      sessionStorage.setItem("labkit-projector", "sidebar closed");
      setTimeout(() => app.shell.collapseLeft?.(), 0); // after JupyterLab has shown its files
    });
    app.commands.commandExecuted.connect((_, { id, result }) => {
      if (id === "notebook:run-cell") result.then(() => setTimeout(showOutput, 200)); // Ctrl+Enter
    });
  },
};

// Scroll a cell that ran and is still looked at, just as far as its figure needs.
function showOutput() {
  const cell = document.querySelector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell.jp-mod-active");
  const output = cell?.querySelector(".jp-Cell-outputArea");
  const view = cell?.closest(".jp-WindowedPanel-outer");
  if (!output || !view) return;
  const [seen, code, shown] = [view, cell, output].map(e => e.getBoundingClientRect());
  const lookedAt = code.top < seen.bottom && code.bottom > seen.top;
  if (lookedAt && shown.bottom > seen.bottom)
    view.scrollBy(0, Math.min(shown.bottom - seen.bottom, shown.top - seen.top));
}

// What JupyterLab asks of an extension: its plugins.
(window._JUPYTERLAB ??= {})["labkit-projector"] = {
  init: () => {},
  get: () => Promise.resolve(() => [room]),
};
