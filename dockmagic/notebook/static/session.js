// A terminal that goes on: what it shows, and a line to type.

function render({ model, el }) {
  const ask = asker(model);
  const title = element("span.dm-title");
  const screen = element("pre.dm-screen", { tabindex: 0, role: "log" });
  const line = element("input.dm-line", { type: "text", "aria-label": "type a line", spellcheck: "false", autocomplete: "off" });
  const cells = element("div.dm-facts");
  const past = [];
  let place = 0;

  const type = (text) => ask({ ask: "type", text });

  function draw() {
    const state = model.get("state");
    const atEnd = screen.scrollTop + screen.clientHeight >= screen.scrollHeight - 4;
    title.textContent = state.title;
    screen.textContent = state.text || "\u00a0";
    line.disabled = !state.running;
    line.placeholder = state.running ? "type a line, Enter sends it; Ctrl-C interrupts" : "nobody listens any more";
    cells.replaceChildren(...state.cells.flatMap(([cell, why]) => [element("code", {}, cell), element("span.dm-muted", {}, why)]));
    if (atEnd) screen.scrollTop = screen.scrollHeight;
  }

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

  model.on("change:state", draw);
  el.classList.add("dockmagic");
  el.append(element("div.dm-head", {}, title), element("div.dm-panel.dm-terminal", {}, screen, line), cells);
  draw();
  screen.scrollTop = screen.scrollHeight;
}

export default { render };
