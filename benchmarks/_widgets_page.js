// Measures in the page, alike for an <img> and a canvas, when a cell's picture is painted.
//
// A picture counts once it is decoded and a frame of the page with it is over. Only then, so that
// it costs no time, its pixels are compared with those before. Called once, by playwright.
() => {
  const watch = { cell: null, before: 0, pressed: [], paints: [], heard: () => {} };

  // A number for all pixels of a cell's pictures; null while there is none.
  const looks = () => {
    const pictures = [...watch.cell.querySelectorAll("img, canvas")];
    const sheets = pictures.map((picture) => {
      const width = picture.naturalWidth ?? picture.width; // of an <img>, or of a canvas
      const height = picture.naturalHeight ?? picture.height;
      if (!width || !height) return new Uint32Array();
      const pen = new OffscreenCanvas(width, height).getContext("2d");
      pen.drawImage(picture, 0, 0);
      return new Uint32Array(pen.getImageData(0, 0, width, height).data.buffer);
    });
    if (!sheets.some((sheet) => sheet.length)) return null;
    let sum = 2166136261;
    for (const sheet of sheets) for (const pixel of sheet) sum = Math.imul(sum ^ pixel, 16777619);
    return sum;
  };

  const painted = async () => {
    const { cell } = watch;
    await Promise.all([...cell.querySelectorAll("img")].map((e) => e.decode().catch(() => 0)));
    requestAnimationFrame(() => {
      const after = new MessageChannel();
      after.port1.onmessage = () => {
        const at = performance.now();
        if (cell !== watch.cell) return;
        const look = looks();
        if (look === null || look === (watch.paints.at(-1)?.look ?? watch.before)) return;
        watch.paints.push({ at, look });
        watch.heard();
      };
      after.port2.postMessage(0);
    });
  };

  const hasPicture = (node) => node.matches?.("img") || node.querySelector?.("img");
  new MutationObserver((changes) => {
    const inside = changes.filter((change) => watch.cell?.contains(change.target));
    if (inside.some((c) => c.target.matches("img") || [...c.addedNodes].some(hasPicture))) painted();
  }).observe(document.body, { subtree: true, childList: true, attributeFilter: ["src"] });

  const drawImage = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (...what) {
    drawImage.apply(this, what);
    if (watch.cell?.contains(this.canvas)) painted();
  };

  addEventListener("keydown", (event) => watch.pressed.push(event.timeStamp), true);

  window.labkitWatch = {
    begin: (cell) => {
      Object.assign(watch, { cell, pressed: [], paints: [], heard: () => {} });
      watch.before = looks();
    },
    // Milliseconds from the first press to the first new picture; null after `limit`.
    first: (limit) => new Promise((resolve) => {
      const said = () => resolve(watch.paints.length ? watch.paints[0].at - watch.pressed[0] : null);
      if (watch.paints.length) said();
      watch.heard = said;
      setTimeout(said, limit);
    }),
    // From the last press to the last picture so far, and how many there were.
    last: () => [(watch.paints.at(-1)?.at ?? NaN) - watch.pressed.at(-1), watch.paints.length],
  };
}
