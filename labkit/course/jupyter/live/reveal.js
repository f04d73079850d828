(element, section, keepOutput) => setTimeout(() => {
  const here = element.closest(".jp-Cell");
  if (!here) return;
  const app = window.jupyterapp; // there if labkit started JupyterLab
  const notebooks = app ? [...app.shell.widgets("main")].map(w => w.content) : [];
  const notebook = notebooks.find(n => n?.widgets && n.node?.contains(here));
  const index = notebook ? notebook.widgets.findIndex(w => w.node === here) : -1;
  if (section !== null && index >= 0) {
    for (const { model } of notebook.widgets.slice(index + 1)) {
      const carried = model.getMetadata("labkit") ?? {};
      const typed = model.sharedModel.getSource().trim();
      if (carried.section === section && carried.prepared && /^(%reveal.*)?$/.test(typed))
        model.sharedModel.setSource(carried.prepared);
    }
  } else if (section !== null) {
    element.textContent = "Only this cell: for the whole section, labkit start --edition live";
    return;
  }
  if (index >= 0) {
    notebook.activeCellIndex = index;
    notebook.mode = "edit";
    if (!keepOutput) notebook.widgets[index].model.outputs.clear();
  } else {
    here.querySelector(".cm-content")?.focus();
  }
  const area = element.closest(".jp-OutputArea-child");
  if (area) area.style.display = "none";
}, 0)
