// A terminal that goes on: xterm.js where the kernel has it, else what it shows and a line to type.

const CREDIT = 1 << 18; // bytes on their way at most
const VIEWS = (globalThis.__dockmagic_terminal ??= { library: null, count: 0 });
const DARK = { black: "#3b3b3b", red: "#f47067", green: "#57ab5a", yellow: "#c69026", blue: "#6cb6ff", magenta: "#dcbdfb", cyan: "#56d4dd", white: "#cdd9e5", brightBlack: "#909dab", brightRed: "#ff938a", brightGreen: "#6bc46d", brightYellow: "#daaa3f", brightBlue: "#96d0ff", brightMagenta: "#eedcff", brightCyan: "#b3f0ff", brightWhite: "#ffffff" };
const LIGHT = { black: "#24292f", red: "#b3261e", green: "#116329", yellow: "#6f4e00", blue: "#0550ae", magenta: "#8250df", cyan: "#1b6470", white: "#57606a", brightBlack: "#57606a", brightRed: "#a40e26", brightGreen: "#1a7f37", brightYellow: "#7a5000", brightBlue: "#0969da", brightMagenta: "#8250df", brightCyan: "#3192aa", brightWhite: "#3d444d" };

// The library is asked of the kernel by the first terminal of a page, and kept for all others.
function library(model) {
  VIEWS.library ??= new Promise((resolve, reject) => {
    const patience = setTimeout(() => reject(new Error("no answer")), 20000);
    const hear = async (message) => {
      if (message.kind !== "library") return;
      model.off("msg:custom", hear);
      clearTimeout(patience);
      if (message.problem) return reject(new Error(message.problem));
      const url = URL.createObjectURL(new Blob([message.script], { type: "text/javascript" }));
      try {
        const loaded = await import(url);
        document.head.append(element("style", {}, message.style));
        resolve(loaded);
      } catch (error) { reject(error); } finally { URL.revokeObjectURL(url); }
    };
    model.on("msg:custom", hear);
    model.send({ ask: "library" });
  });
  VIEWS.library.catch(() => { VIEWS.library = null; });
  return VIEWS.library;
}

function theme(el) {
  const style = getComputedStyle(el);
  const probe = element("i", { style: "color:var(--jp-content-font-color0,#1f2328);background:var(--jp-layout-color0,#fff)" });
  el.append(probe);
  const { color, backgroundColor } = getComputedStyle(probe);
  probe.remove();
  const parts = (backgroundColor.match(/[\d.]+/g) || [255, 255, 255]).map(Number);
  const dark = parts[0] * 0.3 + parts[1] * 0.59 + parts[2] * 0.11 < 128;
  const opaque = dark ? "#e6e6e6" : "#1f2328";
  const foreground = /rgba/.test(color) ? opaque : color;
  return { ...(dark ? DARK : LIGHT), background: backgroundColor, foreground, cursor: foreground, cursorAccent: backgroundColor, selectionBackground: dark ? "#3a5a8a" : "#b6d6ff", _font: style.getPropertyValue("--jp-code-font-family") };
}

function open(uri) {
  if (/^https?:\/\//i.test(uri) && confirm(`Open ${uri}?`)) window.open(uri, "_blank", "noopener,noreferrer");
}

function drawTerminal(model, frame, say, reader, { Terminal, FitAddon }) {
  const view = `${Date.now().toString(36)}-${(VIEWS.count += 1)}-${Math.random().toString(36).slice(2)}`;
  const first = theme(frame);
  const term = new Terminal({
    rows: 24, cols: 80, scrollback: 10000, fontSize: 13, fontFamily: first._font || "ui-monospace, Menlo, Consolas, monospace",
    theme: first, minimumContrastRatio: 4.5, allowProposedApi: true, screenReaderMode: reader.get(),
    linkHandler: { activate: (_event, uri) => open(uri), allowNonHttpProtocols: false },
  });
  const fit = new FitAddon();
  let leader = false, live = Infinity, granted = 0, waiting = null, escaped = 0;
  term.loadAddon(fit);
  term.open(frame);
  for (const code of [0, 1, 2, 52]) term.parser.registerOscHandler(code, () => true); // no titles, no clipboard

  const send = (message) => model.send({ view, ...message });
  const grant = (from) => { granted = from + CREDIT; send({ ask: "grant", until: granted }); };
  const measured = () => ({ rows: term.rows, columns: term.cols });
  const focused = () => frame.contains(document.activeElement);

  term.onData((text) => {
    // Answers to a program's questions are given once, by one view, and not again while old output is drawn.
    const byHand = live === Infinity || globalThis.event instanceof UIEvent || globalThis.event instanceof ClipboardEvent;
    if ((live !== null && !byHand) || !(leader || focused())) return;
    send({ ask: "keys", text });
    waiting ??= setTimeout(() => say("waiting for the kernel, which runs a cell: what is typed goes to the program then"), 1000);
  });
  term.attachCustomKeyEventHandler((event) => {
    if (event.type !== "keydown") return true;
    if (event.key === "Tab" && Date.now() - escaped < 1000) { escaped = 0; return false; } // Escape, Tab: out of here
    if (event.key !== "Shift") escaped = event.key === "Escape" ? Date.now() : 0;
    if (event.ctrlKey && !event.shiftKey && event.key === "c" && term.hasSelection()) {
      setTimeout(() => term.clearSelection());
      return false; // the browser copies
    }
    return true;
  });

  const hear = (message, buffers) => {
    if (message.kind === "leader") {
      leader = message.view === view;
      if (!leader) term.resize(message.columns, message.rows);
      return;
    }
    if (message.view !== view) return;
    if (message.kind === "taken") {
      clearTimeout(waiting);
      waiting = null;
      say(message.full ? "the program does not read what is typed" : "");
    } else if (message.kind === "begin") {
      live = message.end > message.at ? message.end : null;
      term.reset();
      term.write(bytes(buffers[0]));
      grant(message.at);
    } else if (message.kind === "output") {
      if (message.lost) { term.reset(); term.write(`\x1b[2m… ${humanSize(message.lost)} left out here …\x1b[0m\r\n`); }
      term.write(bytes(buffers[0]), () => {
        if (live !== null && message.end >= live) live = null;
        if (message.end > granted - CREDIT / 2) grant(message.end);
      });
    }
  };
  model.on("msg:custom", hear);

  const refit = () => {
    if (!frame.clientWidth || !(leader || !live)) return;
    fit.fit();
    send({ ask: "resize", ...measured() });
  };
  let due = 0;
  const sizes = new ResizeObserver(() => { cancelAnimationFrame(due); due = requestAnimationFrame(refit); });
  const lead = () => { if (!leader) { fit.fit(); send({ ask: "lead", ...measured() }); } };
  frame.addEventListener("focusin", lead);
  const themes = new MutationObserver(() => { term.options.theme = theme(frame); });
  themes.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"] });
  reader.on((wanted) => { term.options.screenReaderMode = wanted; });
  requestAnimationFrame(() => { fit.fit(); send({ ask: "ready", ...measured() }); sizes.observe(frame); });

  return () => {
    send({ ask: "gone" });
    clearTimeout(waiting);
    sizes.disconnect();
    themes.disconnect();
    model.off("msg:custom", hear);
    term.dispose();
  };
}

const bytes = (buffer) => new Uint8Array(buffer.buffer ?? buffer, buffer.byteOffset ?? 0, buffer.byteLength);

// Where there is no xterm.js: what is shown, as text, and a line.
function drawLine(model, frame) {
  const screen = element("pre.dm-screen", { tabindex: 0, role: "log", "aria-label": "output" });
  const line = element("input.dm-line", { type: "text", "aria-label": "type a line", spellcheck: "false", autocomplete: "off" });
  const past = [];
  let place = 0;
  const type = (text) => model.send({ ask: "keys", text });
  const draw = () => {
    const state = model.get("state");
    const atEnd = screen.scrollTop + screen.clientHeight >= screen.scrollHeight - 4;
    screen.textContent = state.text || "\u00a0";
    line.disabled = !state.running;
    line.placeholder = state.running ? "type a line, Enter sends it; Ctrl-C interrupts" : "the program has ended";
    if (atEnd) screen.scrollTop = screen.scrollHeight;
  };
  line.addEventListener("keydown", (event) => {
    event.stopPropagation(); // the notebook has keys of its own
    if (event.key === "Enter") {
      type(line.value + "\n");
      if (line.value) past.push(line.value);
      place = past.length;
      line.value = "";
    } else if (event.key === "c" && event.ctrlKey && line.selectionStart === line.selectionEnd) {
      type("\u0003");
    } else if (event.key === "d" && event.ctrlKey && !line.value) {
      event.preventDefault();
      type("\u0004");
    } else if ((event.key === "ArrowUp" && place > 0) || (event.key === "ArrowDown" && place < past.length)) {
      event.preventDefault();
      place += event.key === "ArrowUp" ? -1 : 1;
      line.value = past[place] ?? "";
    }
  });
  frame.classList.add("dm-lines");
  frame.append(screen, line);
  model.on("change:state", draw);
  model.send({ ask: "lines" });
  draw();
  return () => model.off("change:state", draw);
}

function readerMode() {
  const listeners = [];
  const get = () => { try { return localStorage.getItem("dockmagic.screen-reader") === "1"; } catch { return false; } };
  const button = element("button", { type: "button", "aria-pressed": String(get()) }, "Screen reader");
  button.addEventListener("click", () => {
    const wanted = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(wanted));
    try { localStorage.setItem("dockmagic.screen-reader", wanted ? "1" : "0"); } catch { /* not kept */ }
    listeners.forEach((listener) => listener(wanted));
  });
  return { button, get, on: (listener) => listeners.push(listener) };
}

function render({ model, el }) {
  const title = element("span.dm-title");
  const status = element("span.dm-muted", { role: "status" });
  const cells = element("div.dm-facts");
  const frame = element("div.dm-xterm", { "data-lm-suppress-shortcuts": "true", role: "group" });
  const reader = readerMode();
  let ended = false, close = () => {};
  const draw = () => {
    const state = model.get("state");
    title.textContent = state.title;
    frame.setAttribute("aria-label", `terminal: ${state.title}`);
    cells.replaceChildren(...state.cells.flatMap(([cell, why]) => [element("code", {}, cell), element("span.dm-muted", {}, why)]));
  };
  const hint = element("span.dm-muted", {}, "Escape, then Tab leaves the terminal");
  model.on("change:state", draw);
  el.classList.add("dockmagic");
  el.append(element("div.dm-head", {}, title, status, element("span.dm-grow"), hint, reader.button), element("div.dm-panel.dm-terminal", {}, frame), cells);
  draw();
  library(model).then(
    (loaded) => { if (!ended) close = drawTerminal(model, frame, (text) => { status.textContent = text; }, reader, loaded); },
    () => { hint.remove(); reader.button.remove(); if (!ended) close = drawLine(model, frame); },
  );
  return () => { ended = true; close(); model.off("change:state", draw); };
}

export default { render };
