// The picture of a widget. It listens to the controls itself: a frame that was drawn ahead is shown
// without asking the kernel. Nothing is fetched; frames come from the kernel as bytes.

const MOST = 250, ROOM = 25e6; // a little more than the kernel keeps, so it drops frames first

// A player's buttons have icons only: what a press of each does.
const PRESS = { "fa-play": "Play", "fa-pause": "Pause", "fa-stop": "Stop", "fa-retweet": "Repeat" };
const namePlayer = (player) => {
  const say = () => {
    for (const button of player.querySelectorAll("button")) {
      const icon = Object.keys(PRESS).find((icon) => button.querySelector(`.${icon}`));
      if (icon && button.ariaLabel !== PRESS[icon]) button.ariaLabel = PRESS[icon];
    }
  };
  new MutationObserver(say).observe(player, { subtree: true, attributeFilter: ["class"] });
  say();
};

// ipywidgets gives a slider's handle and its number no name: readers who hear the page need one.
// JupyterLab takes the up and down arrows (and letters) of a control that has the keyboard, unless
// it is told to leave them.
const name = (rows) => {
  for (const row of rows) {
    if (row.matches(".widget-play")) namePlayer(row);
    for (const control of row.querySelectorAll("select, input, [role=slider]"))
      control.setAttribute("data-lm-suppress-shortcuts", "true");
    const label = row.querySelector(".widget-label")?.textContent;
    const handle = row.querySelector("[role=slider]"), number = row.querySelector(".widget-readout");
    if (!label || !handle) continue;
    handle.setAttribute("aria-label", label);
    if (number?.isContentEditable) number.setAttribute("role", "textbox");
    if (number?.isContentEditable) number.setAttribute("aria-label", `${label}, typed`);
    const say = () => {
      if (handle.getAttribute("aria-valuetext") !== number.textContent)
        handle.setAttribute("aria-valuetext", number.textContent); // a word, where it is one
    };
    if (number) new MutationObserver(say).observe(handle, { attributeFilter: ["aria-valuetext"] });
    if (number) say();
  }
};

const keyOf = (values) => JSON.stringify(
  values.map((value) => (typeof value === "number" ? Number(value.toPrecision(10)) : value)));

// Frames by key, the least recently used one first.
class Shelf {
  constructor() {
    this.frames = new Map();
    this.bytes = 0;
  }
  get(key) {
    const frame = this.frames.get(key);
    if (frame) {
      this.frames.delete(key);
      this.frames.set(key, frame);
    }
    return frame;
  }
  put(key, { note, width, kind }, bytes, shown) {
    const known = this.get(key);
    if (known && known.note === note && known.size === bytes.byteLength) return known;
    this.drop(key, shown);
    const url = URL.createObjectURL(new Blob([bytes], { type: `image/${kind}` }));
    const frame = { url, note, width, size: bytes.byteLength, ready: new Image() };
    frame.ready.src = url; // loaded and decoded before it is asked for
    frame.ready.decode().catch(() => {});
    this.frames.set(key, frame);
    this.bytes += frame.size;
    for (const old of this.frames.keys()) {
      if (this.frames.size <= MOST && this.bytes <= ROOM) break;
      if (old !== key) this.drop(old, shown);
    }
    return frame;
  }
  drop(key, shown) {
    const frame = this.frames.get(key);
    if (!frame) return;
    this.frames.delete(key);
    this.bytes -= frame.size;
    if (frame !== shown) setTimeout(() => URL.revokeObjectURL(frame.url), 1000);
  }
  clear(shown) {
    for (const key of [...this.frames.keys()]) this.drop(key, shown);
  }
}

export default () => {
  const shelf = new Shelf(), views = new Set();
  // `wanted` counts what the controls were set to; `asked` remembers when each setting was last
  // wanted, so that an answer that comes late never replaces a newer one.
  let wanted = 0, shown = -1, frame = null, note = "", controls = [];
  const asked = new Map();

  const paint = (view) => {
    if (frame) {
      if (view.image.src !== frame.url) view.image.src = frame.url;
      view.image.width = frame.width;
    }
    if (view.said !== note) view.note.innerHTML = view.said = note;
    view.image.dataset.shown = shown;
    view.image.dataset.wanted = wanted;
  };
  const show = (number, next, text) => {
    shown = number;
    frame = next ?? frame;
    note = text;
    views.forEach(paint);
  };

  // What the kernel says of the present setting, or (`ahead`) of one that may come. It sends a
  // frame's bytes once; should they be gone, it is asked for them.
  const take = (model, told, bytes, ahead) => {
    const key = keyOf(told.values), fresh = told.drawn && told.fresh;
    const next = fresh ? shelf.put(key, told, bytes, frame) : told.drawn ? shelf.get(key) : null;
    if (told.drawn && !next) return model.send({ hello: true });
    const number = asked.get(key) ?? (ahead ? -1 : wanted);
    if (number > shown || (number === shown && !ahead)) show(number, next, told.note);
  };

  const turned = (model) => {
    const key = keyOf(controls.map((c, i) => c.get(model.get("states")[i])));
    wanted += 1;
    asked.delete(key);
    asked.set(key, wanted);
    if (asked.size > 500) asked.delete(asked.keys().next().value);
    const known = shelf.get(key);
    if (known) show(wanted, known, known.note);
    else views.forEach(paint);
  };

  const initialize = ({ model }) => {
    const marks = {};
    const answered = () => take(model, model.get("frame"), model.get("value"), false);
    const told = (message, buffers) => {
      if (message.forget) shelf.clear(frame);
      if (message.ahead) take(model, message.ahead, buffers[0], true);
    };
    const listen = async () => {
      const names = model.get("controls").map((name) => name.replace("IPY_MODEL_", ""));
      controls = await Promise.all(names.map((name) => model.widget_manager.get_model(name)));
      controls.forEach((control, i) =>
        control.on(`change:${model.get("states")[i]}`, () => turned(model), marks));
    };
    answered();
    model.on("change:frame", answered);
    model.on("msg:custom", told);
    listen();
    return () => {
      controls.forEach((control) => control.off(null, null, marks));
      shelf.clear();
    };
  };

  const render = ({ model, el }) => {
    const figure = document.createElement("figure"), caption = document.createElement("figcaption");
    const view = { image: document.createElement("img"), note: document.createElement("div") };
    figure.className = "labkit-figure";
    view.image.className = "labkit-picture";
    view.image.alt = model.get("alt");
    view.image.decoding = "sync"; // no blank between two frames
    view.note.className = "labkit-note";
    view.note.setAttribute("role", "status"); // read out politely, whenever it changes
    caption.className = "labkit-alt";
    caption.textContent = model.get("alt");
    caption.setAttribute("aria-hidden", "true"); // the same words as the image's alt
    figure.append(view.image, view.note, caption);
    el.append(figure);
    views.add(view);
    paint(view);

    requestAnimationFrame(() => name([...(el.parentElement?.children ?? [])]));

    // Somebody comes near the controls: time for the kernel to draw ahead.
    let before = null, last = 0;
    const near = (event) => {
      const row = [...(el.parentElement?.children ?? [])];
      const child = row.findIndex((node) => node.contains(event.target));
      if (child < 0 || (child === before && event.timeStamp - last < 2000)) return;
      [before, last] = [child, event.timeStamp];
      model.send({ near: child - (row.indexOf(el) - model.get("controls").length) });
    };
    for (const kind of ["focusin", "pointerover"]) document.addEventListener(kind, near);
    return () => {
      views.delete(view);
      for (const kind of ["focusin", "pointerover"]) document.removeEventListener(kind, near);
    };
  };
  return { initialize, render };
};
