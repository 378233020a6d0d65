// One folding tree for all views: rows only where they are seen, keys of the ARIA tree pattern, one tab stop.

const ROW = 22;

// `ask` answers "rows" and "find"; `question()` is what goes with every question; `picked(row)` hears of the active row.
function foldingTree(ask, question, { label, picked = () => {}, letters = false }) {
  let opened = null, total = 0, active = 0, rows = [], start = 0, wanted = 0, order = "size", chosen = "", typed = "", timer, typing;
  const search = element("input.dm-filter", { type: "search", placeholder: "name, *.so, >10MB", "aria-label": "search paths by name, glob or size" });
  const sort = element("select", { "aria-label": "order" }, element("option", { value: "size" }, "biggest first"), element("option", { value: "name" }, "by name"));
  const sums = element("span.dm-quiet", { role: "status" });
  const chips = element("span.dm-chips");
  const space = element("div", { role: "presentation", style: "position:relative" });
  const tree = element("div.dm-tree.dm-folding", { role: "tree", "aria-label": label, "data-lm-suppress-shortcuts": "true" }, space);
  const bar = element("div.dm-bar-top", { "data-lm-suppress-shortcuts": "true" }, search, sort, chips, element("span.dm-grow"), sums);

  const send = (more) => ask({ opened, order, search: search.value, letters: chosen, ...question(), ...more });
  const height = () => Math.ceil((tree.clientHeight || 380) / ROW);

  async function load({ focus = false, unfold = false } = {}) {
    const mine = ++wanted;
    const from = Math.max(0, Math.floor(tree.scrollTop / ROW) - 20);
    const page = await send({ ask: "rows", start: from, stop: from + height() + 40, unfold });
    if (mine !== wanted) return;
    if (page.problem) { sums.textContent = page.problem; return; }
    ({ rows, start, total, opened } = page);
    sums.textContent = `${grouped(page.count)} path${page.count === 1 ? "" : "s"}, ${humanSize(page.size)}${page.lost ? `, −${humanSize(page.lost)}` : ""}`;
    paint(focus);
  }

  function paint(focus) {
    focus = focus || space.contains(document.activeElement);
    active = Math.min(active, Math.max(0, total - 1));
    space.style.height = `${Math.max(1, total) * ROW}px`;
    const open = new Set(opened);
    const inSight = active >= start && active < start + rows.length;
    space.replaceChildren(...rows.map((row, step) => line(row, start + step, open, inSight ? active : start)));
    if (!total) space.append(element("div.dm-quiet", { style: "padding:2px 12px" }, search.value || chosen ? "no path fits" : "nothing in it"));
    if (focus) space.querySelector("[tabindex='0']")?.focus({ preventScroll: true });
  }

  function line(row, place, open, stop) {
    const [number, name, level, position, many, , folder, opens, size, lost, count, letter, layer, link] = row;
    const expanded = opens && open.has(number);
    const words = { A: "added", C: "changed", D: "deleted" };
    const note = [folder && opens ? `${grouped(count)} path${count === 1 ? "" : "s"}` : "", link ? `→ ${link}` : "",
      folder || !link ? (lost ? `${humanSize(size)}, −${humanSize(lost)}` : humanSize(size)) : "", layer === null ? "" : `[${layer}]`];
    const made = element(`div.dm-leaf${place === active ? ".dm-active" : ""}`, {
      role: "treeitem", tabindex: place === stop ? 0 : -1, "aria-level": level, "aria-posinset": position, "aria-setsize": many,
      "aria-expanded": opens ? String(expanded) : null, "aria-selected": String(place === active), "data-place": place,
      style: `top:${place * ROW}px;padding-left:${8 + (level - 1) * 16}px`,
    },
    element("span.dm-twist", { "aria-hidden": "true" }, opens ? (expanded ? "▾" : "▸") : ""),
    letters ? element(`b.dm-${letter || "none"}`, { title: words[letter], "aria-label": words[letter] }, letter || " ") : null,
    element("span.dm-path.dm-clip", { title: name }, folder ? `${name}/` : name),
    element("span.dm-quiet.dm-number", {}, note.filter(Boolean).join("  ")));
    made.addEventListener("click", () => { active = place; picked(row); if (opens) toggle(row); else paint(true); });
    return made;
  }

  function toggle(row, want = !opened.includes(row[0])) {
    if (!row[7]) return;
    opened = want ? [...opened, row[0]] : opened.filter((one) => one !== row[0]);
    load({ focus: true });
  }

  async function go(place) {
    active = Math.max(0, Math.min(total - 1, place));
    const top = active * ROW;
    if (top < tree.scrollTop) tree.scrollTop = top;
    else if (top + ROW > tree.scrollTop + tree.clientHeight) tree.scrollTop = top + ROW - tree.clientHeight;
    if (active < start || active >= start + rows.length) await load({ focus: true }); else paint(true);
    if (rows[active - start]) picked(rows[active - start]);
  }

  tree.addEventListener("keydown", async (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key === "Tab") return;
    const row = rows[active - start];
    const keys = {
      ArrowDown: () => go(active + 1), ArrowUp: () => go(active - 1), Home: () => go(0), End: () => go(total - 1),
      PageDown: () => go(active + height() - 1), PageUp: () => go(active - height() + 1),
      ArrowRight: () => { if (row?.[7]) { if (opened.includes(row[0])) go(active + 1); else toggle(row, true); } },
      ArrowLeft: () => { if (row?.[7] && opened.includes(row[0])) toggle(row, false); else if (row && row[5] >= 0) go(row[5]); },
      Enter: () => { if (row) { picked(row); toggle(row); } }, " ": () => { if (row) { picked(row); toggle(row); } },
    };
    event.stopPropagation();
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); return; }
    if (event.key.length !== 1) return;
    event.preventDefault();
    clearTimeout(typing);
    typing = setTimeout(() => { typed = ""; }, 600);
    typed += event.key;
    const { place } = await send({ ask: "find", text: typed, start: typed.length === 1 ? active + 1 : active });
    if (place >= 0) go(place);
  });
  bar.addEventListener("keydown", (event) => event.stopPropagation());

  function afresh(unfold) { active = 0; tree.scrollTop = 0; load({ unfold }); }
  tree.addEventListener("scroll", () => { if (rows.length) requestAnimationFrame(() => load()); });
  search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => { if (!search.value) opened = null; afresh(true); }, 120); });
  sort.addEventListener("change", () => { order = sort.value; afresh(false); });

  function chip(letter, word) {
    const made = element("button.dm-chip", { type: "button", "aria-pressed": "false", title: word }, `${letter} ${word}`);
    made.addEventListener("click", () => {
      const on = !chosen.includes(letter);
      chosen = on ? chosen + letter : chosen.replace(letter, "");
      made.setAttribute("aria-pressed", String(on));
      afresh(true);
    });
    return made;
  }

  // Show another tree, with or without letters.
  function reset(withLetters) {
    letters = withLetters;
    chosen = "";
    opened = null;
    chips.replaceChildren(...(letters ? [chip("A", "added"), chip("C", "changed"), chip("D", "deleted")] : []));
    afresh(false);
  }
  reset(letters);
  return { bar, tree, reset };
}
