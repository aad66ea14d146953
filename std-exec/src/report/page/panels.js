// What stands around the timeline: tiles, tables, details, and what the user does.
function link(run, node, text) {
  const made = make("a", text ?? nameOf(run, node), { tabIndex: 0 });
  const go = () => { const spans = spansOf(run, node); if (spans) { select(spans.first); show(spans.first); element("stage").scrollIntoView({ block: "nearest" }); } };
  made.onclick = go;
  made.onkeydown = event => { if (event.key === "Enter") go(); };
  return made;
}
function line(...parts) {
  const made = make("p");
  made.append(...parts);
  return made;
}
function select(span) {
  selected = span;
  const details = element("details");
  details.hidden = !span;
  if (span) {
    const [thread, at] = span, lane = lanes[thread], run = lane.run[at], node = lane.node[at], traced = data.runs[run];
    const { before, after } = neighbours(run, node), spans = spansOf(run, node);
    const began = lanes[spans.first[0]].begin[spans.first[1]];
    details.replaceChildren(line(make("b", pathOf(run, node))));
    const onPath = critical[run].has(node) ? ", on the critical path" : "";
    details.append(line(`${OUTCOMES[lane.outcome[at]]} after ${time(lane.end[at] - lane.begin[at])}, on ${data.threads[thread]}, from ${time(lane.begin[at] - begin)} on${onPath}`));
    const ends = before.map(other => [other, spansOf(run, other)]).filter(([, spans]) => spans).map(([other, spans]) => [other, lanes[spans.last[0]].end[spans.last[1]]]);
    const last = ends.reduce((last, other) => !last || other[1] > last[1] ? other : last, null);
    if (last) details.append(line("ready when ", link(run, last[0]), ` had ended; began ${time(Math.max(0, began - last[1]))} later`));
    else details.append(line(`depends on nothing that ran; began ${time(Math.max(0, began - traced.begin))} after its run`));
    const list = (title, nodes) => {
      if (!nodes.length) return;
      const paragraph = line(`${title} ${count(nodes.length)}: `);
      nodes.slice(0, 30).forEach((other, place) => paragraph.append(place ? ", " : "", link(run, other)));
      if (nodes.length > 30) paragraph.append(` and ${count(nodes.length - 30)} more`);
      details.append(paragraph);
    };
    list("depends on", before);
    list("before", after);
  }
  redraw();
}
function search(text) {
  element("search").value = text;
  const wanted = text.trim().toLowerCase();
  hitList = []; hitAt = -1;
  hits = wanted ? lanes.map((lane, thread) => {
    const known = new Map(), marks = new Uint8Array(lane.length);
    for (let at = 0; at < lane.length; at++) {
      const key = lane.run[at] * 4294967296 + lane.node[at];
      if (!known.has(key)) known.set(key, pathOf(lane.run[at], lane.node[at]).toLowerCase().includes(wanted));
      if (known.get(key)) { marks[at] = 1; hitList.push([thread, at]); }
    }
    return marks;
  }) : null;
  hitList.sort((one, other) => lanes[one[0]].begin[one[1]] - lanes[other[0]].begin[other[1]]);
  element("found").textContent = wanted ? (hitList.length === 1 ? "1 span" : count(hitList.length) + " spans") : "";
  redraw();
}
function next(step) {
  if (!hitList.length) return;
  hitAt = (hitAt + step + hitList.length) % hitList.length;
  element("found").textContent = `${count(hitAt + 1)} of ${count(hitList.length)}`;
  select(hitList[hitAt]);
  show(hitList[hitAt]);
}

function table(id, heads, rows, more) {
  const made = element(id), head = make("tr"), body = make("tbody");
  heads.forEach(text => head.append(make("th", text)));
  for (const cells of rows) {
    const row = make("tr");
    cells.forEach(cell => { const data = make("td"); data.append(cell); if (cell.className === "part") data.className = "share"; row.append(data); });
    body.append(row);
  }
  if (more > 0) { const row = make("tr"), cell = make("td", `and ${count(more)} more`, { colSpan: heads.length, className: "none" }); row.append(cell); body.append(row); }
  made.replaceChildren(make("thead"), body);
  made.firstChild.append(head);
}
function share(part, most) {
  const made = make("span", undefined, { className: "part" }), outer = make("div"), inner = make("div");
  inner.style.width = Math.max(1, 100 * part / (most || 1)) + "%";
  outer.append(inner);
  made.append(outer, percent(part));
  return made;
}
function stack(title, parts) {
  const total = parts.reduce((total, [, , value]) => total + value, 0), bar = make("div", undefined, { className: "stack" });
  const legend = make("div", undefined, { className: "legend" });
  for (const [name, colour, value] of parts) {
    const piece = make("div", undefined, { title: `${name}: ${time(value)}` });
    piece.style.background = `var(--${colour})`; piece.style.width = (total ? 100 * value / total : 0) + "%";
    const entry = make("span"), dot = make("i");
    dot.style.background = `var(--${colour})`;
    entry.append(dot, `${name}: ${time(value)}${total ? ", " + percent(value / total) : ""}`);
    bar.append(piece); legend.append(entry);
  }
  element("waiting").append(make("div", title), bar, legend);
}
function panels() {
  const { waiting, work } = data, outer = data.runs.filter(run => !run.parent), spans = lanes.reduce((sum, lane) => sum + lane.length, 0);
  element("subtitle").textContent = `${count(outer.length)} run${outer.length === 1 ? "" : "s"}, ${count(spans)} spans on ${count(lanes.length)} thread${lanes.length === 1 ? "" : "s"}` +
    (data.lost ? `; the oldest ${count(data.lost)} are lost, there was no room for them` : "");
  const longest = data.runs.reduce((best, run, at) => run.parent || (run.end ?? 0) - run.begin <= best.long ? best : { at, long: run.end - run.begin }, { at: -1, long: -1 });
  const tile = (value, text) => { const made = make("div", undefined, { className: "tile" }); made.append(make("b", value), make("span", text)); element("tiles").append(made); };
  tile(time(waiting.wall), "time with a run going on");
  tile(time(work), "work: all nodes, added up");
  tile(waiting.wall ? (work / waiting.wall).toFixed(2) : "–", "nodes at once, on average");
  tile(waiting.wall ? percent(waiting.busy / (waiting.busy + waiting.idle_dependency + waiting.idle_wake_up || 1)) : "–", `of ${waiting.threads} thread${waiting.threads === 1 ? "" : "s"} busy, on average`);
  if (longest.at >= 0) tile(time(data.runs[longest.at].length), outer.length > 1 ? "critical path of the longest run" : "critical path");
  if (longest.at >= 0 && outer.length > 1) tile(time(longest.long), "the longest run");
  stack("The threads' time", [["ran nodes", "busy", waiting.busy], ["waited for dependencies: no node was ready", "dependency", waiting.idle_dependency],
    ["had something to run and hadn't begun: waking up, looking around, or bound elsewhere", "waking", waiting.idle_wake_up]]);
  stack("The time of nodes that were ready, and of futures", [["no thread was free", "thread", waiting.ready_no_thread],
    ["a thread was free, and hadn't come yet", "waking", waiting.ready_wake_up], ["futures waited for something else", "future", waiting.futures]]);
  const total = work || 1, most = data.nodes.reduce((most, node) => Math.max(most, node.total / total), 0);
  table("nodes", ["node", "runs", "all together", "share of the work", "the longest", "on the critical path"],
    data.nodes.map(node => [link(node.run, node.node, node.path), count(node.runs), time(node.total), share(node.total / total, most), time(node.longest),
      node.critical ? (node.runs === 1 ? "yes" : `in ${percent(node.critical / node.runs)}`) : "–"]), data.more_nodes);
  if (longest.at >= 0) {
    const run = data.runs[longest.at], part = ([from, to]) => (to - from) / Math.max(1, longest.long);
    const nodes = run.critical.map(node => {
      const spans = spansOf(longest.at, node);
      return [node, [lanes[spans.first[0]].begin[spans.first[1]], lanes[spans.last[0]].end[spans.last[1]]]];
    });
    const most = nodes.reduce((most, [, times]) => Math.max(most, part(times)), 0);
    table("path", ["node", "began", "took", "share of the run"], nodes.slice(0, 500).map(([node, times]) =>
      [link(longest.at, node), time(times[0] - run.begin), time(times[1] - times[0]), share(part(times), most)]), nodes.length - 500);
  }
  table("runs", ["graph", "began", "took", "critical path", "nodes", "threads", "outcome"], data.runs.slice(0, 500).map((run, at) => {
    const name = make("a", run.path || (outer.length > 1 ? `run ${outer.indexOf(run) + 1}` : "run"), { tabIndex: 0 });
    name.onclick = () => { zoom(run.begin, run.end ?? end); element("stage").scrollIntoView({ block: "nearest" }); };
    const outcome = make("span", run.outcome, { className: ["completed", "under way"].includes(run.outcome) ? "" : "bad" });
    return [name, time(run.begin - begin), run.end === null ? "–" : time(run.end - run.begin), time(run.length), count(run.nodes), count(run.threads), outcome];
  }), data.runs.length - 500);
}

timeline.addEventListener("wheel", event => {
  event.preventDefault();
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) move((event.deltaX || event.deltaY) / 1500);
  else zoomBy(Math.exp(event.deltaY / 400), inTime(event.offsetX, timeline.clientWidth));
}, { passive: false });
let grabbed = null;
timeline.addEventListener("pointerdown", event => {
  grabbed = { x: event.clientX, from: view.from, to: view.to, moved: false };
  timeline.setPointerCapture(event.pointerId);
});
timeline.addEventListener("pointermove", event => {
  const width = timeline.clientWidth;
  if (grabbed) {
    const by = (grabbed.x - event.clientX) / scale(width);
    if (Math.abs(grabbed.x - event.clientX) > 3) { grabbed.moved = true; timeline.classList.add("moving"); }
    if (grabbed.moved) zoom(grabbed.from + by, grabbed.to + by);
    return;
  }
  const span = spanAt(event.offsetX, event.offsetY, width), tip = element("tip");
  tip.hidden = !span;
  if (span) {
    const lane = lanes[span[0]];
    tip.textContent = `${pathOf(lane.run[span[1]], lane.node[span[1]])} · ${time(lane.end[span[1]] - lane.begin[span[1]])}`;
    tip.style.left = Math.min(event.clientX + 14, Math.max(0, innerWidth - tip.offsetWidth - 4)) + "px";
    tip.style.top = (event.clientY + 44 > innerHeight ? event.clientY - 36 : event.clientY + 18) + "px";
  }
});
timeline.addEventListener("pointerup", event => {
  const moved = grabbed && grabbed.moved;
  grabbed = null;
  timeline.classList.remove("moving");
  if (!moved) select(spanAt(event.offsetX, event.offsetY, timeline.clientWidth));
});
timeline.addEventListener("pointerleave", () => { element("tip").hidden = true; });
timeline.addEventListener("dblclick", event => {
  const span = spanAt(event.offsetX, event.offsetY, timeline.clientWidth);
  if (span) show(span, true);
});
const jump = event => {
  const room = overview.clientWidth - GUTTER, moment = begin + (event.offsetX - GUTTER) / room * (end - begin), half = (view.to - view.from) / 2;
  zoom(moment - half, moment + half);
};
overview.addEventListener("pointerdown", event => { overview.setPointerCapture(event.pointerId); jump(event); });
overview.addEventListener("pointermove", event => { if (event.buttons) jump(event); });
element("search").addEventListener("input", event => search(event.target.value));
element("search").addEventListener("keydown", event => { if (event.key === "Enter") next(event.shiftKey ? -1 : 1); });
element("critical").addEventListener("change", redraw);
const middle = () => (view.from + view.to) / 2;
element("in").onclick = () => zoomBy(0.5, middle());
element("out").onclick = () => zoomBy(2, middle());
element("fit").onclick = () => zoom(begin, end);
addEventListener("keydown", event => {
  if (event.target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
  const keys = { "+": () => zoomBy(0.5, middle()), "=": () => zoomBy(0.5, middle()), "-": () => zoomBy(2, middle()), "0": () => zoom(begin, end),
    ArrowLeft: () => move(-0.2), ArrowRight: () => move(0.2), Escape: () => { search(""); select(null); } };
  if (keys[event.key]) { keys[event.key](); event.preventDefault(); }
});
addEventListener("resize", redraw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { fills.clear(); readColours(); redraw(); });
readColours();
panels();
draw();
// For tests, and for the console.
window.report = { view, zoom, search, next, select, state: () => ({ from: view.from, to: view.to, selected, hits: hitList.length, spans: lanes.reduce((sum, lane) => sum + lane.length, 0) }) };
