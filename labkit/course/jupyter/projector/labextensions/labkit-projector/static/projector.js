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

// JupyterLab asks what it loads for plugins: there are none.
(window._JUPYTERLAB ??= {})["labkit-projector"] = {
  init: () => {},
  get: () => Promise.resolve(() => []),
};
