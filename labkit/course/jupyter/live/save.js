(element) => setTimeout(() => {
  const app = window.jupyterapp; // there if labkit started JupyterLab
  const panels = app ? [...app.shell.widgets("main")] : [];
  panels.find(p => p.content?.widgets && p.node.contains(element))?.context.save();
  const area = element.closest(".jp-OutputArea-child");
  if (area) area.style.display = "none";
}, 0)
