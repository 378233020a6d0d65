// What the views share: sizes as docker writes them, questions to the kernel, and the tree of changed paths.

const UNITS = ["B", "kB", "MB", "GB", "TB"];

function humanSize(bytes) {
  let value = Math.abs(bytes), unit = 0;
  while (Number(value.toPrecision(3)) >= 1000 && unit < UNITS.length - 1) { value /= 1000; unit += 1; }
  return `${bytes < 0 ? "−" : ""}${Number(value.toPrecision(3))}${UNITS[unit]}`;
}

const grouped = (number) => number.toLocaleString("en-US");

// element("div.dm-row.dm-open", {title: "…"}, child, "text", …)
function element(kind, attributes = {}, ...children) {
  const [tag, ...classes] = kind.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// A function that asks the kernel and promises its answer.
function asker(model) {
  const waiting = new Map();
  let last = 0;
  model.on("msg:custom", (message) => {
    const resolve = waiting.get(message.number);
    waiting.delete(message.number);
    if (resolve) resolve(message.answer);
  });
  return (question) => new Promise((resolve) => {
    last += 1;
    waiting.set(last, resolve);
    model.send({ number: last, ...question });
  });
}

function letterCounts(letters) {
  const counts = element("span.dm-counts");
  for (const [letter, word] of [["A", "added"], ["C", "changed"], ["D", "deleted"]]) {
    if (letters[letter]) counts.append(element(`span.dm-${letter}`, { title: word }, `${letter} ${grouped(letters[letter])}`));
  }
  return counts;
}

function unified(text) {
  const shown = element("pre.dm-text");
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const kind = line.startsWith("@@") ? "span.dm-at" : line.startsWith("+") ? "span.dm-plus" : line.startsWith("-") ? "span.dm-minus" : "span";
    shown.append(element(kind, {}, line));
  }
  return shown;
}

// A panel with a filter and the tree of paths. `first` is a page already at hand, or null; `ask` gets further ones;
// `note` says what else there is to say of a path.
function changesPanel(ask, question, { title, facts = [], first = null, note = null }) {
  const tree = element("div.dm-tree", { role: "tree" });
  const counts = element("span");
  const filter = element("input.dm-filter", { type: "search", placeholder: "filter paths", "aria-label": "filter paths" });
  const about = element("div.dm-facts");
  for (const [name, value] of facts) about.append(element("span.dm-muted", {}, name), element("code.dm-clip", { title: value }, value));
  const panel = element("div.dm-panel", {},
    element("div.dm-bar-top", {}, element("b", {}, title), counts, element("span.dm-grow"), filter),
    facts.length ? about : null, tree);
  let wanted = 0;

  async function load(start = 0) {
    const mine = ++wanted;
    const page = await ask({ ask: "changes", filter: filter.value, start, ...question });
    if (mine === wanted) show(page);
  }

  function show(page) {
    if (page.start === 0) {
      tree.replaceChildren();
      counts.replaceChildren(letterCounts(page.letters), element("span.dm-muted", {}, ` +${humanSize(page.added)} −${humanSize(page.deleted)}`));
      counts.className = "dm-counts";
    }
    tree.querySelector(".dm-more")?.remove();
    let folder = tree.dataset.folder ?? "";
    if (page.start === 0) folder = null;
    for (const row of page.rows) {
      const path = row[1];
      const parent = path.slice(0, path.lastIndexOf("/")) || "/";
      if (parent !== folder && !(row[4] === "d")) {
        if (row !== page.rows[0] || page.start === 0) folder = heading(parent, folder);
      }
      if (row[4] === "d") folder = path;
      tree.append(...line(row));
    }
    tree.dataset.folder = folder ?? "";
    const seen = page.start + page.rows.length;
    if (seen < page.total) {
      tree.append(element("div.dm-row.dm-more", {}, element("span"),
        element("button", { onclick: () => load(seen) }, `show more (${grouped(page.total - seen)} left)`)));
    }
    if (!page.total) tree.append(element("div.dm-row.dm-muted", {}, element("span"), filter.value ? "no path fits" : "nothing differs"));
  }

  function heading(parent, before) {
    if (parent !== "/" && parent !== before) tree.append(element("div.dm-row.dm-muted", {}, element("span"), element("span.dm-path.dm-clip", { title: parent }, parent + "/")));
    return parent;
  }

  function line([letter, path, size, oldSize, kind, readable]) {
    const depth = Math.max(0, path.split("/").length - 2);
    const name = kind === "d" ? path + "/" : path.slice(path.lastIndexOf("/") + 1);
    const amount = kind !== "f" ? (kind === "l" ? "link" : "") : letter === "C" && size !== oldSize
      ? `${humanSize(oldSize)} → ${humanSize(size)}` : humanSize(letter === "D" ? oldSize : size);
    const opens = kind === "f" && readable;
    const row = element(`div.dm-row${opens ? ".dm-can-open" : ""}${letter === "D" ? ".dm-deleted" : ""}`,
      { title: path, tabindex: opens ? 0 : null, role: "treeitem", "data-path": path },
      element(`b.dm-${letter}`, {}, letter),
      element("span.dm-path.dm-clip", { style: `padding-left:${kind === "d" ? 0 : Math.min(depth, 1) * 14}px` }, name),
      element("span.dm-muted.dm-number", {}, [amount, note?.(path)].filter(Boolean).join(" · ")));
    let text = null;
    async function toggle() {
      if (text) { text.remove(); text = null; return; }
      const answer = await ask({ ask: "text", path, ...question });
      if (text) return;
      text = answer.text ? unified(answer.text) : element("div.dm-text.dm-muted", {}, answer.problem ?? "the content is the same");
      row.after(text);
    }
    if (opens) {
      row.addEventListener("click", toggle);
      row.addEventListener("keydown", (event) => { if (event.key === "Enter") toggle(); });
    }
    return [row];
  }

  let timer;
  filter.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(load, 150); });
  if (first) show(first); else load();
  return panel;
}
