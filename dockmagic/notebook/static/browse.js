// An image to look into: the stack on the left, one folding tree and what a path is on the right.

function render({ model, el }) {
  const { title, layers } = model.get("state");
  const ask = asker(model);
  let layer = null, asked = 0;
  const about = element("div.dm-about", { role: "region", "aria-label": "the chosen path", tabindex: 0, "data-lm-suppress-shortcuts": "true" }, element("span.dm-quiet", {}, "choose a path"));
  about.addEventListener("keydown", (event) => event.stopPropagation());
  const tree = foldingTree(ask, () => ({ layer }), { label: `paths of ${title}`, picked: tell });

  async function tell(row) {
    const mine = ++asked;
    const answer = await ask({ ask: "about", path: row[0], layer });
    if (mine !== asked) return;
    if (answer.problem) { about.replaceChildren(element("span.dm-quiet", {}, answer.problem)); return; }
    const said = element("span.dm-quiet", { role: "status" });
    const { tokens, image, line } = answer.preview;
    const file = tokens || image || line;
    const shown = tokens ? element("pre.dm-preview", {}, ...tokens.map(([kind, text]) => element(kind ? `span.dm-tk-${kind[0]}` : "span", {}, text))) : null;
    about.replaceChildren(
      element("div", {}, element("code.dm-path", {}, answer.path)),
      element("div.dm-from", {}, [answer.from, answer.facts].filter(Boolean).join(" · ")),
      element("div.dm-actions", {}, copier("Copy path", answer.path, said), file && !row[6] ? saver(row, said) : null, said),
      line ? element("div.dm-quiet", {}, line) : element("span"),
      image ? element("img.dm-bitmap", { alt: answer.path, src: `data:${image[0]};base64,${image[1]}` }) : "", shown ?? "");
  }

  function copier(name, text, said) {
    return element("button", { type: "button", onclick: async () => {
      try { await navigator.clipboard.writeText(text); said.textContent = "copied"; } catch { said.textContent = `cannot copy here: ${text}`; }
    } }, name);
  }

  function saver(row, said) {
    return element("button", { type: "button", onclick: async () => {
      const answer = await ask({ ask: "save", path: row[0], layer });
      if (answer.problem) { said.textContent = answer.problem; return; }
      const bytes = Uint8Array.from(atob(answer.data), (one) => one.charCodeAt(0));
      const address = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
      element("a", { href: address, download: answer.name }).click();
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    } }, "Save file");
  }

  const largest = Math.max(1, ...layers.map((one) => one.size));
  const buttons = [null, ...[...layers].reverse()].map((one) => {
    const made = element("button.dm-layer", { type: "button", "aria-pressed": String(one === null), title: one?.instruction, "data-layer": one?.index },
      element("b", {}, one ? `layer ${one.index}` : "merged"),
      one ? element("span.dm-number", {}, humanSize(one.size)) : element("span.dm-quiet", {}, "what a container sees"),
      one ? element("code.dm-clip", {}, one.instruction || "no history") : null,
      one ? element("span.dm-bar", { "aria-hidden": "true" }, element("i", { style: `width:${100 * one.size / largest}%` })) : null);
    made.addEventListener("click", () => {
      layer = one?.index ?? null;
      asked += 1;
      about.replaceChildren(element("span.dm-quiet", {}, "choose a path"));
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === made));
      tree.reset(layer !== null);
    });
    return made;
  });
  el.classList.add("dockmagic");
  el.append(
    element("div.dm-head", {}, element("span.dm-title", {}, title)),
    element("div.dm-browse", {},
      element("div.dm-layers", { role: "group", "aria-label": "the stack, base below", "data-lm-suppress-shortcuts": "true" }, ...buttons),
      element("div.dm-panel", {}, tree.bar, tree.tree, about)));
}

export default { render };
