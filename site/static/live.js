// A widget without a kernel: every setting of its controls has its picture already.
// Pictures come as a classic script, which a page from a disk may load, when the widget comes near.
(() => {
  "use strict";
  const waiting = {}; // name of a widget -> what to do with its pictures
  window.labkitFrames = (name, stored) => waiting[name]?.(stored);

  const element = (tag, settings = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), settings);
    made.append(...children);
    return made;
  };

  // --- controls: each calls changed(place) with the place of the chosen value

  const slider = (control, changed) => {
    const range = element("input", { type: "range", min: 0, max: control.words.length - 1 });
    const out = element("output");
    const say = () => {
      out.textContent = control.words[range.value];
      range.setAttribute("aria-valuetext", out.textContent);
    };
    range.value = control.start;
    range.addEventListener("input", () => { say(); changed(Number(range.value)); });
    say();
    const row = element("label", { className: "labkit-row" },
      element("span", { textContent: control.label }), range, out);
    const go = (place) => { range.value = place; say(); changed(place); };
    return { row, go };
  };

  const menu = (control, changed) => {
    const options = control.words.map((word, place) =>
      element("option", { textContent: word, value: place }));
    const select = element("select", {}, ...options);
    select.value = control.start;
    select.addEventListener("change", () => changed(Number(select.value)));
    const row = element("label", { className: "labkit-row" },
      element("span", { textContent: control.label }), select);
    return { row, go: (place) => { select.value = place; changed(place); } };
  };

  const choice = (control, changed, group) => {
    const row = element("fieldset", { className: "labkit-row labkit-choice" },
      element("legend", { textContent: control.label }));
    control.words.forEach((word, place) => {
      if (word === "none yet") return;
      const radio = element("input", { type: "radio", name: group, value: place });
      radio.checked = place === control.start;
      if (control.titles) radio.setAttribute("aria-label", control.titles[place]);
      radio.addEventListener("change", () => changed(place));
      row.append(element("label", {}, radio, element("span", { textContent: word })));
    });
    const go = (place) => {
      for (const radio of row.querySelectorAll("input")) radio.checked = Number(radio.value) === place;
      changed(place);
    };
    return { row, go };
  };

  const box = (control, changed) => {
    const check = element("input", { type: "checkbox" });
    check.checked = control.start === 1;
    check.addEventListener("change", () => changed(Number(check.checked)));
    const row = element("label", { className: "labkit-row" },
      element("span", { textContent: control.label }), check);
    return { row, go: (place) => { check.checked = place === 1; changed(place); } };
  };

  const KINDS = { Dropdown: menu, ToggleButtons: choice, RadioButtons: choice, Checkbox: box };

  const player = (play, control, at, go) => {
    let timer = null;
    const button = element("button", { type: "button", className: "labkit-play" });
    const name = () => { button.textContent = timer ? "⏸ Pause" : "▶ Play"; };
    const stop = () => { clearInterval(timer); timer = null; name(); };
    const last = control.words.length - 1;
    const step = () => {
      if (at() < last) go(at() + 1); else if (play.repeat) go(0); else stop();
    };
    const interval = Math.max(60, play.interval * Math.max(1, control.all / control.words.length));
    button.addEventListener("click", () => {
      if (timer) return stop();
      if (at() === last) go(0);
      timer = setInterval(step, interval);
      name();
    });
    name();
    return button;
  };

  // --- pictures: bitmaps by address, the last ones kept

  const MOST = 60;
  const shelf = (stored) => {
    const kept = new Map();
    const bitmap = (text) => {
      let made = kept.get(text);
      kept.delete(text);
      if (!made) {
        const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
        made = createImageBitmap(new Blob([bytes], { type: "image/webp" }),
          { colorSpaceConversion: "none" });
      }
      kept.set(text, made);
      if (kept.size > MOST) kept.delete(kept.keys().next().value);
      return made;
    };
    return (...numbers) => { // of several pictures over one base, the layers one over the other
      const [base] = stored.pictures[numbers[0]];
      const over = numbers.map((number) => stored.pictures[number][1]).filter(Boolean);
      return Promise.all([stored.bases[base], ...over].map(bitmap));
    };
  };

  const tidy = (text) => { // as the browser writes it
    const inert = element("template", { innerHTML: text });
    return inert.innerHTML;
  };

  const wake = (root) => {
    const spec = JSON.parse(root.querySelector("script[type='application/json']").textContent);
    const still = root.querySelector("img"), note = root.querySelector(".labkit-note");
    const counts = spec.controls.map((control) => control.words.length);
    const strides = counts.map((_, i) => counts.slice(i + 1).reduce((a, b) => a * b, 1));
    const places = spec.controls.map((control) => control.start);
    const place = () => places.reduce((sum, at, i) => sum + at * strides[i], 0);
    const canvas = element("canvas", { className: "labkit-picture" });
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", still.alt);
    let stored = null, layers = null, moved = 0;

    // the pictures of a setting (none where nothing can be drawn), and the number of its note
    const found = () => {
      if (stored.answers) return [places.map((at, i) => stored.answers[i][at]), 0];
      const one = stored.alone ? stored.alone[moved][places[moved]] : stored.states[place()];
      const [number, said] = one;
      return [number < 0 ? [] : [number], said];
    };

    const show = async () => {
      if (!stored) return load();
      const wanted = place(), [numbers, said] = found();
      const parts = numbers.length ? await layers(...numbers) : [];
      if (wanted !== place()) return; // something newer is asked for
      if (parts.length) {
        [canvas.width, canvas.height] = [parts[0].width, parts[0].height];
        const pen = canvas.getContext("2d", { willReadFrequently: true });
        for (const part of parts) pen.drawImage(part, 0, 0);
        if (still.isConnected) still.replaceWith(canvas);
      }
      const text = tidy(stored.notes[said]);
      if (note.innerHTML !== text) note.innerHTML = text; // else a sound in it goes on
      root.dataset.place = wanted;
      (window.requestIdleCallback ?? setTimeout)(ahead);
    };

    // the pictures that one key press would ask for are decoded before it comes
    const ahead = () => stored.states && places.forEach((at, i) => [1, -1, 2].forEach((step) => {
      if (at + step < 0 || at + step >= counts[i]) return;
      const [number] = stored.states[place() + step * strides[i]];
      if (number >= 0) layers(number);
    }));

    const load = () => {
      if (waiting[spec.name]) return;
      waiting[spec.name] = (came) => { stored = came; layers = shelf(came); show(); };
      document.head.append(element("script", { src: `frames/${spec.name}.js` }));
    };

    let puttingBack = false; // where pictures are stored of one control at a time
    const putBack = (i) => {
      puttingBack = true;
      spec.controls.forEach(({ start }, k) => { if (k !== i && places[k] !== start) rows[k].go(start); });
      [puttingBack, moved] = [false, i];
    };

    const rows = spec.controls.map((control, i) => {
      if (control.typed || counts[i] < 2) return null;
      const changed = (at) => {
        places[i] = at;
        if (puttingBack) return;
        if (spec.alone) putBack(i);
        show();
      };
      return (KINDS[control.kind] ?? slider)(control, changed, `${spec.name}-${control.name}`);
    });
    const controls = root.querySelector(".labkit-controls");
    if (spec.play) {
      const film = spec.controls.findIndex((control) => control.name === spec.play.control);
      controls.append(player(spec.play, spec.controls[film], () => places[film], rows[film].go));
    }
    controls.append(...rows.filter(Boolean).map(({ row }) => row));
    canvas.style.width = `${still.width}px`;
    new IntersectionObserver((seen, self) => {
      if (seen.some((one) => one.isIntersecting)) { self.disconnect(); load(); }
    }, { rootMargin: "600px" }).observe(root);
    root.addEventListener("focusin", load);
  };

  document.querySelectorAll(".labkit-live").forEach(wake);
})();
