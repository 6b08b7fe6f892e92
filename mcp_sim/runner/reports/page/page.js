"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const detail = byId("detail");
  const items = [...byId("list").children];
  const links = items.map((item) => item.firstElementChild);
  const texts = items.map((item) => item.textContent.toLowerCase());
  const narrow = matchMedia("(max-width: 899px)");
  const opened = new Map();
  let shown = -1, showing = null;

  /** An element. Texts only ever become text nodes, so nothing in them is markup. */
  const make = (tag, given, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(given || {})) {
      if (value === undefined || value === null || value === false) continue;
      if (name === "class") element.className = value;
      else if (name === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
      else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat(4).filter((child) => child !== null && child !== undefined && child !== ""));
    return element;
  };
  const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

  const unpack = async (number) => {
    if (opened.has(number)) return opened.get(number);
    const bytes = Uint8Array.from(atob(byId(`data-${number}`).textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const found = JSON.parse(await new Response(stream).text());
    opened.set(number, found);
    if (opened.size > 8) opened.delete(opened.keys().next().value);
    return found;
  };

  /* -- values ------------------------------------------------------------------------------------------------ */

  const pretty = (text) => {
    const start = text.trimStart()[0];
    if (start !== "{" && start !== "[") return text;
    try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
  };

  const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

  /** A line of JSON with its names, texts and numbers in colour. */
  const coloured = (line) => {
    const parts = [];
    let at = 0;
    for (const found of line.matchAll(TOKEN)) {
      parts.push(line.slice(at, found.index));
      if (found[1]) parts.push(make("span", { class: found[2] ? "key" : "str" }, found[1]), found[2] || "");
      else parts.push(make("span", { class: found[3] ? "lit" : "num" }, found[0]));
      at = found.index + found[0].length;
    }
    return [...parts, line.slice(at)];
  };

  /** Which lines of a are not in b, in order: a longest common subsequence, if they are not too many. */
  const additions = (a, b) => {
    if (a.length * b.length > 400000) return new Set();
    const best = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
    for (let i = a.length - 1; i >= 0; i--)
      for (let j = b.length - 1; j >= 0; j--)
        best[i][j] = a[i] === b[j] ? best[i + 1][j + 1] + 1 : Math.max(best[i + 1][j], best[i][j + 1]);
    const only = new Set();
    for (let i = 0, j = 0; i < a.length;) {
      if (j < b.length && a[i] === b[j]) { i++; j++; }
      else if (j >= b.length || best[i + 1][j] >= best[i][j + 1]) only.add(i++);
      else j++;
    }
    return only;
  };

  const block = (text, label, other) => {
    const whole = pretty(text);
    const json = whole !== text || /^\s*[[{]/.test(text);
    const lines = whole.split("\n");
    const marked = other === undefined ? new Set() : additions(lines, pretty(other).split("\n"));
    const body = lines.map((line, i) =>
      make("span", { class: marked.has(i) ? "line differs" : "line" }, json ? coloured(line) : line, "\n"));
    return make("pre", { tabindex: "0", role: "region", "aria-label": label }, make("code", {}, body));
  };

  /* -- a case ------------------------------------------------------------------------------------------------ */

  const TONES = { ok: "", agent: "the agent's error", fault: "injected fault", simulator: "the simulator's fault" };
  const OUTCOMES = { passed: "passed", failed: "failed", error: "no fair trial" };

  const stepLink = (number, n) =>
    make("a", { class: "steplink", href: `#case-${number}/step-${n}` }, `step ${n}`);
  const stepLinks = (number, steps) => steps.map((n) => [" ", stepLink(number, n)]);

  /** The kind of a clause, where its name does not say so already. */
  const verb = (clause) => clause.clause.startsWith(clause.verb) ? "" : make("code", { class: "verb" }, clause.verb);

  const clauseCard = (clause, index, number) => {
    const failures = clause.failures.length ? clause.failures : [{ message: clause.message, steps: clause.steps }];
    const must = clause.severity === "must";
    return make("article", { class: `clause ${must ? "must" : "should"}`, id: `clause-${index}` },
      make("h4", {}, make("span", { class: "badge" }, must ? "broken" : "warning"), " ", clause.clause, verb(clause)),
      make("ul", { class: "failures" }, failures.map((one) =>
        make("li", {}, one.message, make("span", { class: "links" }, stepLinks(number, one.steps))))),
      clause.parts.length ? parts(clause, number) : null,
      clause.why ? make("p", { class: "why" }, clause.why) : null);
  };

  const parts = (clause, number) => make("ul", { class: "parts" }, clause.parts.map((part) =>
    make("li", { class: part.outcome }, make("b", {}, part.clause), " ", make("span", { class: "faint" }, part.outcome),
      ": ", part.message, stepLinks(number, part.steps), part.parts.length ? parts(part, number) : null)));

  const keptClauses = (case_, number) => {
    const kept = case_.clauses.filter((clause) => clause.outcome !== "broken");
    if (!kept.length) return null;
    const idle = kept.filter((clause) => clause.outcome === "vacuous").length;
    const said = `${plural(kept.length - idle, "clause")} held` + (idle ? `, ${idle} had nothing to judge` : "");
    return make("details", { class: "kept" }, make("summary", {}, said),
      make("ul", {}, kept.map((clause) => make("li", { class: clause.outcome },
        make("b", {}, clause.clause), verb(clause),
        make("span", { class: "message" }, clause.message, stepLinks(number, clause.steps.slice(0, 6)))))));
  };

  const change = (one) => {
    const differs = (field) => field.before !== field.after;
    const row = (field) => make("tr", { class: differs(field) ? "differs" : "same" },
      make("th", { scope: "row" }, field.field),
      make("td", {}, field.before === null ? make("span", { class: "faint" }, "–") : field.before),
      make("td", {}, field.after === null ? make("span", { class: "faint" }, "–") : field.after));
    const changed = one.fields.filter(differs), same = one.fields.filter((field) => !differs(field));
    const table = make("table", {},
      make("thead", {}, make("tr", {}, ["field", "before", "after"].map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, changed.map(row)));
    const more = same.length && make("button", { type: "button", class: "more", on: { click: () => {
      table.tBodies[0].append(...same.map(row));
      more.remove();
    } } }, `show ${plural(same.length, "unchanged field")}`);
    return make("div", { class: `change ${one.op}` },
      make("p", { class: "row" }, make("span", { class: "op" }, one.op), ` ${one.entity} `, make("code", {}, one.key)),
      make("div", { class: "scroll" }, table), more || null);
  };

  const observation = (one, label, other) => make("div", { class: "seen" },
    make("h5", {}, label, " ", make("span", { class: one.error ? "status bad" : "status" },
      one.error ? `error ${one.status}` : one.status)),
    block(one.text, label, other && other.text),
    one.notice ? block(one.notice, "notice") : null,
    Object.keys(one.headers).length ? make("p", { class: "headers" },
      Object.entries(one.headers).map(([name, value]) => make("code", {}, `${name}: ${value}`))) : null);

  const stepBody = (step, number, decides) => {
    const disturbed = step.world !== null;
    return make("div", { class: "body" },
      decides.length ? make("p", { class: "decide" }, "decides ", decides.map(([index, clause], i) =>
        [i ? ", " : "", make("a", { href: `#case-${number}/clause-${index}` }, clause.clause)])) : null,
      step.acted.length ? make("div", { class: "acted" }, make("h5", {}, "What perturbed it"), step.acted.map((one) =>
        make("div", {}, make("p", {}, make("b", {}, one.name), one.seconds ? ` · ${one.seconds} s` : ""),
          one.did ? block(one.did, one.name) : null))) : null,
      make("div", { class: "pair" },
        make("div", { class: "seen" }, make("h5", {}, "The call ", make("code", {}, step.tool)),
          block(step.arguments, "arguments of the call")),
        disturbed ? null : observation(step.saw, "What the agent saw")),
      disturbed ? make("div", { class: "pair" }, observation(step.saw, "What the agent saw", step.world),
        observation(step.world, "What the world answered", step.saw)) : null,
      make("div", { class: "changes" },
        make("h5", {}, step.changed ? `What changed: ${plural(step.changed, "row")}` : "Nothing changed"),
        step.changes.map(change),
        step.changed > step.changes.length ? make("p", { class: "faint" }, `and ${step.changed - step.changes.length} more`) : null),
      step.attempts.length ? make("div", {}, make("h5", {}, "Proposals that were turned down"),
        make("ul", {}, step.attempts.map((said) => make("li", {}, said)))) : null,
      make("p", { class: "faint small" }, `${step.at.replace("T", " ").replace("Z", "")} · ${step.responder}: ${step.reason}`));
  };

  const stepRow = (step, case_, number, decides) => {
    if (step.left_out) return make("p", { class: "gap" }, `${plural(step.left_out, "step")} left out`);
    const row = make("details", { class: `step ${step.tone}${decides.length ? " decides" : ""}`, id: `step-${step.n}` },
      make("summary", {},
        make("span", { class: "n" }, make("span", { class: "out" }, "step "), step.n),
        make("span", { class: "line1" }, make("b", {}, step.tool), make("span", { class: "args" }, step.brief)),
        make("span", { class: "chips" },
          TONES[step.tone] && !(step.tone === "fault" && step.acted.length) ? make("span", { class: `chip tone ${step.tone}` }, TONES[step.tone]) : null,
          step.acted.map((one) => make("span", { class: "chip fault" }, `fault: ${one.name}`)),
          step.waited ? make("span", { class: "chip" }, `waited ${step.waited} s`) : null,
          step.changed ? make("span", { class: "chip rows" }, plural(step.changed, "row")) : null,
          make("time", { class: "faint" }, step.at.slice(11, 19))),
        make("span", { class: "line2" }, step.answered),
        decides.length ? make("span", { class: "decide" }, `decides: ${decides.map(([, clause]) => clause.clause).join(", ")}`) : null));
    row.addEventListener("toggle", () => {
      if (row.open && row.children.length === 1) row.append(stepBody(step, number, decides));
    });
    return row;
  };

  const strip = (case_, number, deciding) => {
    const steps = case_.steps.filter((step) => !step.left_out);
    if (steps.length < 2) return null;
    return make("div", { class: "strip", "aria-hidden": "true" }, steps.map((step) =>
      make("a", { class: `${step.tone}${deciding.has(step.n) ? " decides" : ""}`, tabindex: "-1",
        href: `#case-${number}/step-${step.n}`, title: `step ${step.n} ${step.tool}` })));
  };

  const ledger = (case_, number) => !case_.ledger.length ? null :
    make("section", {}, make("h3", {}, "Fault ledger ", make("span", { class: "faint" }, case_.entries)),
      make("div", { class: "scroll card" }, make("table", { class: "ledger" },
        make("thead", {}, make("tr", {}, ["step", "tool", "status", "owed to", "what"].map((name) =>
          make("th", { scope: "col" }, name)))),
        make("tbody", {}, case_.ledger.map((entry) => make("tr", { class: entry.blame },
          make("td", {}, stepLink(number, entry.step)), make("td", {}, make("code", {}, entry.tool)),
          make("td", {}, entry.status),
          make("td", {}, make("span", { class: `chip tone ${entry.blame}` }, entry.owed)),
          make("td", {}, entry.error && entry.perturbations.length ? make("b", {}, `${entry.perturbations.join(", ")}: `) : null,
            entry.message)))))),
      case_.entries > case_.ledger.length ? make("p", { class: "faint" }, `and ${case_.entries - case_.ledger.length} more`) : null);

  const page = (case_, number) => {
    const broken = case_.clauses.map((clause, index) => [index, clause]).filter(([, clause]) => clause.outcome === "broken");
    broken.sort((a, b) => (a[1].severity === "should") - (b[1].severity === "should"));
    const decides = new Map();
    for (const [index, clause] of broken)
      for (const n of new Set([...clause.steps, ...clause.failures.flatMap((one) => one.steps)]))
        decides.set(n, [...(decides.get(n) || []), [index, clause]]);
    const before = number > 0, after = number < items.length - 1;
    return [
      make("nav", { class: "pager", "aria-label": "Cases" },
        make("a", { href: "#cases", class: "back" }, "← all cases"),
        make("span", {}, before ? make("a", { href: `#case-${number - 1}` }, "‹ previous") : null, " ",
          after ? make("a", { href: `#case-${number + 1}` }, "next ›") : null)),
      make("header", { class: `case ${case_.outcome}` },
        make("p", { class: "crumbs" }, make("span", { class: `badge ${case_.outcome}` }, OUTCOMES[case_.outcome]),
          make("span", { class: "chip" }, case_.profile), make("span", { class: "chip" }, `seed ${case_.seed}`),
          make("span", { class: "faint" }, `${plural(case_.calls, "call")} · ${case_.seconds} s` +
            (case_.status === null ? "" : ` · exit ${case_.status}`))),
        make("h2", { tabindex: "-1" }, case_.title),
        make("p", { class: "faint name" }, case_.contract),
        case_.told ? make("p", { class: "told" }, case_.told) : null,
        case_.instruction ? make("details", { class: "instruction" }, make("summary", {}, "What the agent was told"),
          make("p", {}, case_.instruction)) : null),
      broken.length ? make("section", {}, make("h3", {}, "What it broke ", make("span", { class: "faint" },
        `${broken.length} of ${plural(case_.clauses.length, "clause")}`)),
        broken.map(([index, clause]) => clauseCard(clause, index, number))) : null,
      keptClauses(case_, number),
      make("section", {}, make("h3", {}, "What it did ", make("span", { class: "faint" }, plural(case_.calls, "step"))),
        strip(case_, number, decides),
        case_.steps.length
          ? make("div", { class: "timeline" }, case_.steps.map((step) => stepRow(step, case_, number, decides.get(step.n) || [])))
          : make("p", { class: "card faint" }, "It made no call.")),
      ledger(case_, number),
      case_.output ? make("section", {}, make("h3", {}, "What the agent wrote"),
        make("pre", { class: "output", tabindex: "0", role: "region", "aria-label": "output of the agent" }, case_.output)) : null,
    ];
  };

  /* -- which case is shown ------------------------------------------------------------------------------------ */

  /** Show a case; resolves when it is there, to whether it is still the one that is wanted. */
  const show = (number) => {
    if (shown !== number) {
      shown = number;
      showing = render(number);
    }
    return showing;
  };

  const render = async (number) => {
    links.forEach((link, i) => i === number ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current"));
    let children;
    try {
      children = page(await unpack(number), number);
    } catch (error) {
      children = [make("h2", { tabindex: "-1" }, "This browser could not unpack the case"), make("p", {}, error.message)];
    }
    if (shown !== number) return false;
    detail.replaceChildren(...children.filter(Boolean));
    detail.scrollTop = 0;
    return true;
  };

  const follow = async () => {
    const found = /^#case-(\d+)(?:\/(step|clause)-(\d+))?$/.exec(location.hash);
    const number = found ? Number(found[1]) : -1;
    document.body.classList.toggle("reading", Boolean(links[number]));
    if (!links[number]) return;
    if (!await show(number)) return;
    const row = links[number].getBoundingClientRect(), box = byId("list").getBoundingClientRect();
    if (row.top < box.top || row.bottom > box.bottom) links[number].scrollIntoView({ block: "nearest" });
    if (!found[2]) {
      if (narrow.matches) scrollTo(0, 0);
      else if (detail.getBoundingClientRect().top < 0 || detail.getBoundingClientRect().top > innerHeight / 2) byId("cases").scrollIntoView();
      detail.querySelector("h2").focus({ preventScroll: true });
      return;
    }
    const target = byId(`${found[2]}-${found[3]}`);
    if (!target) return;
    if (found[2] === "step") target.open = true;
    const quiet = matchMedia("(prefers-reduced-motion: reduce)").matches;
    target.scrollIntoView({ block: "start", behavior: quiet ? "auto" : "smooth" });
    target.classList.remove("flash");
    void target.offsetWidth;
    target.classList.add("flash");
    (target.querySelector("summary") || target).focus({ preventScroll: true });
  };
  addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#case-']");
    if (link && link.getAttribute("href") === location.hash) { event.preventDefault(); follow(); }
  });

  /* -- filters ------------------------------------------------------------------------------------------------ */

  const find = byId("find"), contract = byId("contract"), profile = byId("profile");
  const toggles = [...document.querySelectorAll(".toggle")];
  const sift = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const outcomes = toggles.filter((one) => one.getAttribute("aria-pressed") === "true").map((one) => one.dataset.outcome);
    let count = 0;
    items.forEach((item, i) => {
      const fits = (!outcomes.length || outcomes.includes(item.dataset.outcome))
        && (!contract.value || contract.value === item.dataset.contract)
        && (!profile.value || profile.value === item.dataset.profile)
        && words.every((word) => texts[i].includes(word) || item.dataset.contract.includes(word));
      item.hidden = !fits;
      count += fits;
    });
    byId("count").textContent = count === items.length ? plural(count, "case") : `${count} of ${plural(items.length, "case")}`;
    byId("nothing").hidden = count > 0;
  };
  find.addEventListener("input", sift);
  contract.addEventListener("change", sift);
  profile.addEventListener("change", sift);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  for (const toggle of toggles) toggle.addEventListener("click", () => {
    toggle.setAttribute("aria-pressed", String(toggle.getAttribute("aria-pressed") !== "true"));
    sift();
  });
  byId("list").addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) return;
    const open = links.filter((_, i) => !items[i].hidden);
    const next = open[open.indexOf(document.activeElement) + by];
    if (next) { event.preventDefault(); next.focus(); }
  });

  follow();
  if (shown < 0 && !narrow.matches && items.length) {
    const wrong = items.findIndex((item) => item.dataset.outcome !== "passed");
    show(Math.max(wrong, 0));
  }
})();
