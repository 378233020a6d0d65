// A finished build: its steps, each of which opens on what the cache said, what its program wrote and what it changed.

function render({ model, el }) {
  const { title, about, tally, id, steps, warnings } = model.get("state");
  const ask = asker(model);
  const longest = Math.max(0.001, ...steps.map((step) => step.seconds));
  const list = element("div.dm-stack");
  for (const step of steps) list.append(...slab(step));
  el.classList.add("dockmagic");
  el.append(
    element("div.dm-head", {},
      element("span.dm-title", { title: id }, title),
      element("span.dm-muted", {}, `${about} · ${tally}`)),
    list,
    warnings.length ? element("div.dm-section", {}, element("b", {}, `${warnings.length} warning${warnings.length === 1 ? "" : "s"}`), oddities()) : "");

  function slab(step) {
    const cached = step.outcome === "cached";
    const panel = element("div.dm-step", { hidden: "" });
    const head = element("div.dm-slab.dm-build", { tabindex: 0, role: "button", title: step.title, "data-step": step.number },
      element("b.dm-number", {}, String(step.number)),
      element("code.dm-clip", {}, step.title),
      element("span.dm-muted.dm-clip", {}, cached ? "" : step.why),
      element("span.dm-number", {}, step.size === null ? "" : `+${humanSize(step.size)}`),
      cached ? element("span.dm-pill", {}, "cached")
        : element("span.dm-bar", { title: `${step.seconds.toFixed(2)} s` }, element("i", { style: `width:${100 * step.seconds / longest}%` })),
      element("span.dm-number.dm-muted", {}, cached ? "" : `${step.seconds.toFixed(1)} s`));
    const toggle = () => {
      panel.hidden = !panel.hidden;
      head.classList.toggle("dm-open", !panel.hidden);
      if (!panel.hidden && !panel.childElementCount) panel.append(...inside(step));
    };
    head.addEventListener("click", toggle);
    head.addEventListener("keydown", (event) => { if (event.key === "Enter") toggle(); });
    if (step.open) toggle();
    return [head, panel];
  }

  function inside(step) {
    const parts = [];
    if (step.changed.length) {
      parts.push(table(["What changed", "It was", "It is"], step.changed));
    }
    if (step.output.length) parts.push(element("pre.dm-text.dm-output", {}, step.output.join("\n")));
    if (step.size !== null) parts.push(changesPanel(ask, { step: step.number }, { title: `Step ${step.number}`, facts: step.facts }));
    else {
      const facts = element("div.dm-facts");
      for (const [name, value] of step.facts) facts.append(element("span.dm-muted", {}, name), element("code.dm-clip", { title: value }, value));
      parts.push(facts);
    }
    return parts;
  }

  function oddities() {
    return table(["Line", "Rule", "What", "Fix"], warnings.map((one) => [one.line || "", one.rule, one.text, one.fix]));
  }

  function table(headings, rows) {
    const row = (kind, cells) => element("tr", {}, ...cells.map((cell) => element(kind, {}, String(cell))));
    return element("div.dm-section", {}, element("table", {}, row("th", headings), ...rows.map((cells) => row("td", cells))));
  }
}

export default { render };
