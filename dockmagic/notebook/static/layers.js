// The stack of layers: open one, or pick two and see what lies between them.

function render({ model, el }) {
  const { title, platform, layers, waste } = model.get("state");
  const ask = asker(model);
  const largest = Math.max(1, ...layers.map((layer) => layer.size));
  const total = layers.reduce((sum, layer) => sum + layer.size, 0);
  const slabs = new Map();
  const panel = element("div");
  let picked = [];

  function open(first, last) {
    const range = first !== last;
    for (const [index, slab] of slabs) {
      slab.classList.toggle("dm-open", !range && index === first);
      slab.classList.toggle("dm-between", range && index >= first && index <= last);
    }
    const layer = layers.find((one) => one.index === last);
    const facts = range ? [] : [
      ["Made by", layer.created_by], ["DiffID", layer.diff_id], ["ChainID", layer.chain_id],
      ["Compressed", humanSize(layer.compressed)],
      ...(layer.shared_with.length ? [["Shared with", layer.shared_with.join(", ")]] : []),
    ];
    const name = range ? `From layer ${first - 1} to layer ${last}` : `Layer ${first}`;
    panel.replaceChildren(changesPanel(ask, { first, last }, { title: name, facts }));
  }

  function close() {
    for (const slab of slabs.values()) slab.classList.remove("dm-open", "dm-between");
    panel.replaceChildren();
  }

  function pick(index, box) {
    picked = box.checked ? [...picked, index].slice(-2) : picked.filter((one) => one !== index);
    for (const [other, slab] of slabs) slab.querySelector("input").checked = picked.includes(other);
    hint.textContent = picked.length === 1 ? "pick a second layer to compare" : "";
    if (picked.length === 2) open(Math.min(...picked) + 1, Math.max(...picked));
    else if (!picked.length) close();
  }

  const hint = element("span.dm-muted");
  const stack = element("div.dm-stack");
  for (const layer of [...layers].reverse()) {
    const box = element("input", { type: "checkbox", title: "pick two layers to compare", "aria-label": `compare layer ${layer.index}` });
    box.addEventListener("click", (event) => { event.stopPropagation(); pick(layer.index, box); });
    const slab = element("div.dm-slab", { tabindex: 0, role: "button", title: layer.created_by, "data-layer": layer.index },
      box,
      element("b.dm-number", {}, String(layer.index)),
      element("span.dm-bar", {}, element(`i${layer.shared_with.length ? ".dm-shared" : ""}`, { style: `width:${layer.size ? Math.max(1.5, 100 * layer.size / largest) : 0}%` })),
      element("span.dm-number", {}, humanSize(layer.size)),
      letterCounts({ A: layer.added, C: layer.changed, D: layer.deleted }),
      element("code.dm-clip", {}, layer.instruction || "no history"),
      layer.shared_with.length ? element("span.dm-pill", { title: layer.shared_with.join(", ") }, "shared") : element("span"));
    const toggle = () => { if (slab.classList.contains("dm-open")) close(); else open(layer.index, layer.index); };
    slab.addEventListener("click", toggle);
    slab.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target === slab) toggle(); });
    slabs.set(layer.index, slab);
    stack.append(slab);
  }
  stack.append(element("div.dm-ground.dm-muted", {}, "base"));
  el.classList.add("dockmagic");
  el.append(
    element("div.dm-head", {}, element("span.dm-title", {}, title),
      element("span.dm-muted", {}, `${platform ? platform + " · " : ""}${humanSize(total)} · ${layers.length} layer${layers.length === 1 ? "" : "s"}`),
      element("span.dm-grow"), hint),
    waste ? wasteList(waste) : "", stack, panel);
}

// What the layers carry and never show, by the instruction to change.
function wasteList({ head, lines }) {
  const header = ["Hidden", "Files", "Made by", "How to change it"];
  return element("details.dm-section", { "data-lm-suppress-shortcuts": "true" }, element("summary", {}, head),
    element("table", {}, element("tr", {}, ...header.map((name) => element("th", { scope: "col" }, name))),
      ...lines.map(([size, example, files, layer, madeBy, change]) => element("tr", {},
        element("td", {}, humanSize(size)),
        element("td", {}, element("code", {}, example), files > 1 ? ` and ${grouped(files - 1)} more` : null),
        element("td", {}, `layer ${layer} `, element("code", {}, madeBy)), element("td", {}, change)))));
}

export default { render };
