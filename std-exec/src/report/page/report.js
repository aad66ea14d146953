"use strict";
// The data, as columns: spans are [run, node, begin, duration, outcome] one after the other, times in nanoseconds.
const data = JSON.parse(document.getElementById("data").textContent);
const OUTCOMES = ["completed", "failed", "panicked", "interrupted", "waits", "ended its branch"];
const WAITS = 4;
const element = id => document.getElementById(id);
const graphOf = run => data.graphs[data.runs[run].graph];
const nameOf = (run, node) => graphOf(run).names[node] || "#" + node;
const pathOf = (run, node) => (data.runs[run].path ? data.runs[run].path + "/" : "") + nameOf(run, node);

const unitOf = nanos => nanos >= 1e9 ? [1e9, " s"] : nanos >= 1e6 ? [1e6, " ms"] : nanos >= 1e3 ? [1e3, " µs"] : [1, " ns"];
function time(nanos) {
  const [scale, unit] = unitOf(nanos), value = nanos / scale;
  return (unit === " ns" ? value.toFixed(0) : value.toPrecision(value >= 1000 ? 4 : 3)) + unit;
}
const percent = part => (100 * part).toFixed(part < 0.0995 ? 1 : 0) + " %";
const count = number => number.toLocaleString("en");

function make(tag, text, attributes) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  Object.assign(made, attributes);
  return made;
}

// Spans of a thread, with how deep each lies in others.
function lane(flat) {
  const spans = flat.length / 5;
  const lane = { run: new Uint32Array(spans), node: new Uint32Array(spans), begin: new Float64Array(spans), end: new Float64Array(spans),
    outcome: new Uint8Array(spans), depth: new Uint8Array(spans), reach: new Float64Array(spans), deepest: 0, length: spans };
  const open = [];
  let reach = 0;
  for (let at = 0; at < spans; at++) {
    const [run, node, begin, duration, outcome] = flat.slice(5 * at, 5 * at + 5);
    while (open.length && open[open.length - 1] <= begin) open.pop();
    lane.run[at] = run; lane.node[at] = node; lane.outcome[at] = outcome;
    lane.begin[at] = begin; lane.end[at] = begin + duration;
    lane.depth[at] = Math.min(open.length, 12);
    lane.deepest = Math.max(lane.deepest, lane.depth[at]);
    lane.reach[at] = reach = Math.max(reach, begin + duration);
    open.push(begin + duration);
  }
  return lane;
}
const lanes = data.spans.map(lane);
data.spans = null;
const first = data.runs.reduce((first, run) => Math.min(first, run.begin), Infinity);
const begin = isFinite(first) ? first : 0;
const last = data.runs.reduce((last, run) => Math.max(last, run.end ?? 0), begin + 1);
const end = lanes.reduce((last, lane) => lane.length ? Math.max(last, lane.reach[lane.length - 1]) : last, last);
const critical = data.runs.map(run => new Set(run.critical));

// Of each node of each run: its first and last span, as [thread, place].
const spanOf = new Map();
lanes.forEach((lane, thread) => {
  for (let at = 0; at < lane.length; at++) {
    const key = lane.run[at] * 4294967296 + lane.node[at];
    const known = spanOf.get(key);
    if (!known) { spanOf.set(key, { first: [thread, at], last: [thread, at] }); continue; }
    if (lane.begin[at] < lanes[known.first[0]].begin[known.first[1]]) known.first = [thread, at];
    if (lane.end[at] > lanes[known.last[0]].end[known.last[1]]) known.last = [thread, at];
  }
});
const spansOf = (run, node) => spanOf.get(run * 4294967296 + node);

const view = { from: begin, to: end };
let selected = null, hits = null, hitList = [], hitAt = -1, hovered = null, colours = {};

function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["card", "ink", "dim", "line", "lane", "accent", "mark", "bad", "busy"]) colours[name] = style.getPropertyValue("--" + name).trim();
  colours.dark = matchMedia("(prefers-color-scheme: dark)").matches;
}
// Few, and none that looks like the marks.
const HUES = [212, 168, 268, 95, 190, 240, 135, 300];
const fills = new Map();
function fillOf(run, node) {
  const name = nameOf(run, node).replace(/[\d.#]+/g, "");
  let fill = fills.get(name);
  if (!fill) {
    let hash = 7;
    for (const c of name) hash = (hash * 31 + c.codePointAt(0)) % 360000;
    const hue = HUES[hash % HUES.length];
    fill = colours.dark ? `hsl(${hue} 32% 38%)` : `hsl(${hue} 48% 76%)`;
    fills.set(name, fill);
  }
  return fill;
}

const GUTTER = 120, AXIS = 24, ROW = lanes.length <= 12 ? 24 : 18, GAP = 6;
const tops = [];
let height = AXIS;
for (const lane of lanes) { tops.push(height); height += (lane.deepest + 1) * ROW + GAP; }
height = Math.max(height, AXIS + ROW);

function prepare(canvas, height) {
  const ratio = devicePixelRatio || 1, width = canvas.clientWidth;
  canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio);
  canvas.style.height = height + "px";
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.font = "12px system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
  context.textBaseline = "middle";
  return [context, width];
}
const timeline = element("timeline"), overview = element("overview");
const scale = width => (width - GUTTER) / (view.to - view.from);
const inTime = (x, width) => view.from + (x - GUTTER) / scale(width);

// The first span of a lane that may reach beyond a moment.
function firstBeyond(lane, moment) {
  let low = 0, high = lane.length;
  while (low < high) { const middle = (low + high) >> 1; if (lane.reach[middle] < moment) low = middle + 1; else high = middle; }
  return low;
}
function ticks(width) {
  const rough = (view.to - view.from) / Math.max(2, (width - GUTTER) / 110), power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(times => times * power).find(step => step >= rough);
  // As many digits as it takes to tell one from the next.
  const [scale, unit] = unitOf(view.to - begin), digits = Math.max(0, Math.ceil(-Math.log10(step / scale) - 1e-9));
  const list = [];
  for (let at = Math.ceil((view.from - begin) / step); begin + at * step <= view.to; at++) list.push([begin + at * step, at ? (at * step / scale).toFixed(digits) + unit : "0"]);
  return list;
}
function draw() {
  const [context, width] = prepare(timeline, height);
  const pixels = scale(width), x = moment => GUTTER + (moment - view.from) * pixels;
  const marked = element("critical").checked;
  context.fillStyle = colours.card; context.fillRect(0, 0, width, height);
  lanes.forEach((lane, thread) => {
    context.fillStyle = colours.lane;
    context.fillRect(GUTTER, tops[thread], width - GUTTER, (lane.deepest + 1) * ROW);
  });
  context.fillStyle = colours.dim; context.strokeStyle = colours.line; context.lineWidth = 1;
  context.textAlign = "left";
  for (const [moment, label] of ticks(width)) {
    const at = Math.round(x(moment)) + 0.5;
    context.beginPath(); context.moveTo(at, AXIS - 6); context.lineTo(at, height); context.stroke();
    if (at < width - 60) context.fillText(label, at + 4, 10);
  }
  context.save();
  context.beginPath(); context.rect(GUTTER, AXIS, width - GUTTER, height - AXIS); context.clip();
  lanes.forEach((lane, thread) => {
    const drawn = new Float64Array(lane.deepest + 1).fill(-1);
    const noted = new Float64Array(lane.deepest + 1).fill(-1);
    for (let at = firstBeyond(lane, view.from); at < lane.length && lane.begin[at] <= view.to; at++) {
      if (lane.end[at] < view.from) continue;
      const left = Math.max(x(lane.begin[at]), GUTTER - 2), right = Math.min(x(lane.end[at]), width + 2);
      const depth = lane.depth[at], run = lane.run[at], node = lane.node[at];
      const important = marked && critical[run].has(node);
      const hit = hits && hits[thread][at];
      // What is narrower than a pixel and lies in one that is painted already.
      if (right < drawn[depth] && !(important && right >= noted[depth]) && !hit) continue;
      const wide = Math.max(right - left, 0.75), top = tops[thread] + depth * ROW;
      context.globalAlpha = hits && !hit ? 0.22 : lane.outcome[at] === WAITS ? 0.7 : 1;
      context.fillStyle = lane.outcome[at] >= 1 && lane.outcome[at] <= 3 ? colours.bad : fillOf(run, node);
      context.fillRect(left, top + 1, wide > 3 ? wide - 0.6 : wide, ROW - 2);
      if (important) { context.fillStyle = colours.accent; context.fillRect(left, top + ROW - 4, wide, 3); noted[depth] = left + 1; }
      if (hit) { context.fillStyle = colours.mark; context.fillRect(left, top + 1, Math.max(wide, 1.5), 3); }
      if (wide > 34) {
        context.fillStyle = colours.ink;
        const label = nameOf(run, node), room = Math.floor((wide - 8) / 6.6);
        context.fillText(label.length > room ? label.slice(0, Math.max(1, room - 1)) + "…" : label, left + 4, top + ROW / 2 - 0.5);
      }
      context.globalAlpha = 1;
      drawn[depth] = Math.max(drawn[depth], Math.floor(left) + 1);
    }
  });
  if (selected) drawSelected(context, x);
  context.restore();
  context.fillStyle = colours.card; context.fillRect(0, 0, GUTTER, height);
  context.fillStyle = colours.ink; context.textAlign = "right";
  lanes.forEach((_, thread) => {
    const name = data.threads[thread];
    context.fillText(name.length > 17 ? name.slice(0, 7) + "…" + name.slice(-8) : name, GUTTER - 8, tops[thread] + ROW / 2);
  });
  drawOverview();
}
function box([thread, at], x) {
  const lane = lanes[thread], top = tops[thread] + lane.depth[at] * ROW;
  return { left: x(lane.begin[at]), right: x(lane.end[at]), top, middle: top + ROW / 2 };
}
function drawSelected(context, x) {
  const own = box(selected, x), lane = lanes[selected[0]];
  const [run, node] = [lane.run[selected[1]], lane.node[selected[1]]];
  const curve = (from, to) => {
    const bend = Math.max(16, Math.abs(to.left - from.right) / 3);
    context.beginPath(); context.moveTo(from.right, from.middle);
    context.bezierCurveTo(from.right + bend, from.middle, to.left - bend, to.middle, to.left, to.middle); context.stroke();
  };
  context.strokeStyle = colours.mark; context.lineWidth = 1.2; context.globalAlpha = 0.75;
  const { before, after } = neighbours(run, node), ends = spansOf(run, node);
  for (const other of before.slice(0, 200)) { const spans = spansOf(run, other); if (spans) curve(box(spans.last, x), box(ends.first, x)); }
  for (const other of after.slice(0, 200)) { const spans = spansOf(run, other); if (spans) curve(box(ends.last, x), box(spans.first, x)); }
  context.globalAlpha = 1; context.lineWidth = 2; context.strokeStyle = colours.mark;
  context.strokeRect(own.left, own.top + 1, Math.max(own.right - own.left, 3), ROW - 2);
}
let busy = null;
function drawOverview() {
  const [context, width] = prepare(overview, 44), room = width - GUTTER;
  if (!busy || busy.length !== Math.max(1, Math.floor(room))) {
    busy = new Float64Array(Math.max(1, Math.floor(room)));
    const column = (end - begin) / busy.length;
    for (const lane of lanes) {
      for (let at = 0; at < lane.length; at++) {
        if (lane.depth[at] > 0) continue;
        const from = (lane.begin[at] - begin) / column, to = (lane.end[at] - begin) / column;
        for (let pixel = Math.floor(from); pixel <= to && pixel < busy.length; pixel++) busy[pixel] += Math.max(0, Math.min(to, pixel + 1) - Math.max(from, pixel));
      }
    }
  }
  const most = Math.max(1, lanes.length, data.waiting.threads);
  context.fillStyle = colours.card; context.fillRect(0, 0, width, 44);
  context.fillStyle = colours.busy;
  for (let pixel = 0; pixel < busy.length; pixel++) { const tall = 38 * Math.min(1, busy[pixel] / most); context.fillRect(GUTTER + pixel, 42 - tall, 1, tall); }
  const left = GUTTER + (view.from - begin) / (end - begin) * room, right = GUTTER + (view.to - begin) / (end - begin) * room;
  context.fillStyle = colours.mark; context.globalAlpha = 0.14; context.fillRect(left, 0, Math.max(2, right - left), 44); context.globalAlpha = 1;
  context.strokeStyle = colours.mark; context.strokeRect(left + 0.5, 0.5, Math.max(2, right - left - 1), 43);
  context.fillStyle = colours.dim; context.textAlign = "right"; context.fillText("busy threads", GUTTER - 8, 22);
}
let waiting = false;
function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; draw(); });
}
function zoom(from, to) {
  const least = Math.min(end - begin, 20);
  let width = Math.max(least, Math.min(to - from, end - begin));
  from = Math.max(begin, Math.min(from + (to - from - width) / 2, end - width));
  view.from = from; view.to = from + width;
  redraw();
}
const zoomBy = (factor, around) => zoom(around - (around - view.from) * factor, around + (view.to - around) * factor);
const move = part => { const by = (view.to - view.from) * part; zoom(view.from + by, view.to + by); };
function show([thread, at], tight) {
  const lane = lanes[thread], long = lane.end[at] - lane.begin[at], width = view.to - view.from;
  if (tight || long > width || long < width / 400) zoom(lane.begin[at] - Math.max(long, 10) * 1.5, lane.end[at] + Math.max(long, 10) * 1.5);
  else if (lane.begin[at] < view.from || lane.end[at] > view.to) zoom((lane.begin[at] + lane.end[at] - width) / 2, (lane.begin[at] + lane.end[at] + width) / 2);
  const stage = element("stage"), top = tops[thread];
  if (top < stage.scrollTop || top > stage.scrollTop + stage.clientHeight - ROW) stage.scrollTop = top - stage.clientHeight / 2;
}
function spanAt(x, y, width) {
  const moment = inTime(x, width), slack = 1.5 / scale(width);
  if (x < GUTTER) return null;
  for (let thread = 0; thread < lanes.length; thread++) {
    const depth = Math.floor((y - tops[thread]) / ROW), lane = lanes[thread];
    if (y < tops[thread] || depth > lane.deepest) continue;
    let best = null, distance = Infinity;
    for (let at = firstBeyond(lane, moment - slack); at < lane.length && lane.begin[at] <= moment + slack; at++) {
      if (lane.depth[at] !== depth || lane.end[at] < moment - slack) continue;
      const off = Math.max(lane.begin[at] - moment, moment - lane.end[at], 0);
      if (off < distance) { distance = off; best = [thread, at]; }
    }
    return best;
  }
  return null;
}
const neighbourLists = new Map();
function neighbours(run, node) {
  const graph = data.runs[run].graph;
  let lists = neighbourLists.get(graph);
  if (!lists) {
    lists = { before: new Map(), after: new Map() };
    const edges = data.graphs[graph].edges;
    const add = (map, key, value) => { const list = map.get(key); if (list) list.push(value); else map.set(key, [value]); };
    for (let at = 0; at < edges.length; at += 2) { add(lists.after, edges[at], edges[at + 1]); add(lists.before, edges[at + 1], edges[at]); }
    neighbourLists.set(graph, lists);
  }
  return { before: lists.before.get(node) ?? [], after: lists.after.get(node) ?? [] };
}
