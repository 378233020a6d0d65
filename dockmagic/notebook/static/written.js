// A container's stack: what it has written, on top of layers that never change.

function render({ model, el }) {
  const { title, image, size, page, hides, layers } = model.get("state");
  const ask = asker(model);
  const changes = changesPanel(ask, {}, { title: "The writable layer", first: page, note: (path) => hides[path] && `hides ${hides[path]}` });
  changes.classList.add("dm-writable");
  const stack = element("div.dm-stack");
  for (const layer of [...layers].reverse()) {
    stack.append(element("div.dm-slab.dm-still", { title: layer.created_by, "data-layer": layer.index },
      element("b.dm-number", {}, String(layer.index)),
      element("span.dm-number", {}, humanSize(layer.size)),
      element("code.dm-clip", {}, layer.instruction || "no history"),
      element("span.dm-muted", {}, layer.note || "read-only")));
  }
  stack.append(element("div.dm-ground.dm-muted", {}, "base"));
  el.classList.add("dockmagic");
  el.append(
    element("div.dm-head", {}, element("span.dm-title", {}, title), element("span.dm-muted", {}, `on ${image} · ${humanSize(size)} written`)),
    changes, stack);
}

export default { render };
