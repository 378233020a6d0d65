// What differs between two things: files, configuration, history.

function render({ model, el }) {
  const { title, page, sections } = model.get("state");
  const ask = asker(model);
  el.classList.add("dockmagic");
  el.append(element("div.dm-head", {}, element("span.dm-title", {}, title)));
  el.append(changesPanel(ask, {}, { title: "Files", first: page }));
  for (const { title: name, rows } of sections) {
    const table = element("table");
    for (const [letter, what, old, now] of rows) {
      table.append(element("tr", {}, element("td", {}, element(`b.dm-${letter}`, {}, letter)), element("td.dm-name", {}, what),
        element("td", {}, old ? element("code.dm-D", {}, old) : null, old && now ? " → " : null, now ? element("code.dm-A", {}, now) : null)));
    }
    el.append(element("div.dm-section", {}, element("b", {}, name), table));
  }
}

export default { render };
