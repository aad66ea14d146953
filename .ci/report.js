// Drives chromium by its DevTools protocol, over a pipe: nothing has to be installed beside it. See .ci/report.
"use strict";
const { spawn } = require("node:child_process");
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const path = require("node:path");
const assert = require("node:assert/strict");

class Browser {
  constructor() {
    this.profile = mkdtempSync(path.join(tmpdir(), "report-"));
    const options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--remote-debugging-pipe",
      `--user-data-dir=${this.profile}`, "about:blank"];
    this.process = spawn("chromium", options, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    this.process.on("exit", () => { for (const { reject } of this.waiting.values()) reject(new Error("chromium has ended")); });
    this.waiting = new Map();
    this.listeners = [];
    this.number = 0;
    let rest = "";
    this.process.stdio[4].on("data", chunk => {
      const messages = (rest + chunk).split("\0");
      rest = messages.pop();
      messages.forEach(text => this.hear(JSON.parse(text)));
    });
  }
  hear(message) {
    const waiting = this.waiting.get(message.id);
    if (waiting) {
      this.waiting.delete(message.id);
      message.error ? waiting.reject(new Error(JSON.stringify(message.error))) : waiting.resolve(message.result);
    } else this.listeners = this.listeners.filter(listener => !listener(message));
  }
  send(method, params = {}, sessionId = this.session) {
    const id = ++this.number;
    this.process.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + "\0");
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }
  once(method) {
    return new Promise(resolve => this.listeners.push(message => message.method === method && (resolve(message.params), true)));
  }
  async open() {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    this.session = (await this.send("Target.attachToTarget", { targetId, flatten: true })).sessionId;
    this.problems = [];
    this.requests = [];
    this.listeners.push(({ method, params }) => {
      if (method === "Runtime.exceptionThrown") this.problems.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
      if (method === "Log.entryAdded" && params.entry.level === "error") this.problems.push(params.entry.text);
      if (method === "Network.requestWillBeSent") this.requests.push(params.request.url);
      return false;
    });
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await this.send(`${domain}.enable`);
  }
  async load(file, scheme, width = 1280, height = 1500) {
    await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
    await this.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    const loaded = this.once("Page.loadEventFired");
    await this.send("Page.navigate", { url: "file://" + path.resolve(file) });
    await loaded;
    await this.frame();
  }
  async run(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }
  frame() { return this.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))"); }
  state() { return this.run("JSON.parse(JSON.stringify(report.state()))"); }
  mouse(type, { x, y }, more = {}) { return this.send("Input.dispatchMouseEvent", { type, x, y, button: "left", ...more }); }
  async click(point, times = 1) {
    for (let clickCount = 1; clickCount <= times; clickCount++) {
      await this.mouse("mousePressed", point, { clickCount, buttons: 1 });
      await this.mouse("mouseReleased", point, { clickCount });
    }
    await this.frame();
  }
  async drag(from, to) {
    await this.mouse("mousePressed", from, { clickCount: 1, buttons: 1 });
    for (const part of [0.3, 0.7, 1]) await this.mouse("mouseMoved", { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }, { buttons: 1 });
    await this.mouse("mouseReleased", to, { clickCount: 1 });
    await this.frame();
  }
  async wheel(point, deltaY) {
    await this.send("Input.dispatchMouseEvent", { type: "mouseWheel", ...point, deltaX: 0, deltaY });
    await this.frame();
  }
  async key(key, text) {
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", key, text });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", key });
    await this.frame();
  }
  async type(text) { for (const c of text) await this.key(c, c); }
  // Where an element is; of the timeline a span.
  place(id) { return this.run(`(() => { const box = document.getElementById("${id}").getBoundingClientRect(); return { x: box.x + box.width / 2, y: box.y + box.height / 2, width: box.width, height: box.height, left: box.left, top: box.top }; })()`); }
  async picture(file) {
    const { data } = await this.send("Page.captureScreenshot", { format: "png" });
    writeFileSync(file, Buffer.from(data, "base64"));
  }
  async close() {
    this.process.removeAllListeners("exit");
    const ended = new Promise(done => this.process.once("exit", done));
    this.process.kill();
    await ended; // it writes to its profile until then
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

// How many different colours a canvas has, and a number that depends on all of them.
const PAINTED = id => `(() => { const canvas = document.getElementById("${id}"), { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const colours = new Set(); let hash = 0; for (let at = 0; at < data.length; at += 4) { const colour = data[at] << 16 | data[at + 1] << 8 | data[at + 2]; colours.add(colour); hash = (hash * 31 + colour) | 0; }
  return { colours: colours.size, hash, first: data[0] + data[1] + data[2] }; })()`;

async function behaves(browser, file, folder) {
  const name = path.basename(file, ".html");
  const took = {};
  for (const scheme of ["light", "dark"]) {
    const begin = Date.now();
    await browser.load(file, scheme);
    took[scheme] = Date.now() - begin;
    const all = await browser.state(), painted = await browser.run(PAINTED("timeline"));
    assert.ok(all.spans > 100, "spans are read");
    assert.ok(painted.colours > 10, "the timeline is drawn");
    assert.ok(scheme === "dark" ? painted.first < 300 : painted.first > 600, `${scheme} is ${scheme}`);
    assert.ok((await browser.run(PAINTED("overview"))).colours > 3, "the overview is drawn");
    assert.equal(await browser.run(`document.querySelectorAll("#tiles .tile").length`) >= 5, true);
    await browser.picture(path.join(folder, `${name}-${scheme}.png`));

    // Zoom by wheel, around the pointer; by buttons; by keys; and back.
    const stage = await browser.place("timeline"), centre = { x: stage.left + 120 + (stage.width - 120) / 2, y: stage.top + 32 };
    for (let turn = 0; turn < 8; turn++) await browser.wheel(centre, -240);
    let state = await browser.state();
    const width = state => state.to - state.from;
    assert.ok(width(state) < width(all) / 50, "the wheel zooms in");
    const middle = state => (state.from + state.to) / 2;
    assert.ok(Math.abs(middle(state) - middle(all)) < width(all) / 100, "around the pointer");
    assert.notEqual((await browser.run(PAINTED("timeline"))).hash, painted.hash, "something else is drawn");
    await browser.picture(path.join(folder, `${name}-${scheme}-zoomed.png`));
    const before = state;
    await browser.drag(centre, { x: centre.x - 200, y: centre.y });
    state = await browser.state();
    assert.ok(state.from > before.from && Math.abs(width(state) - width(before)) < 1, "dragging moves");
    await browser.click(await browser.place("out"));
    assert.ok(Math.abs(width(await browser.state()) / width(before) - 2) < 0.01, "the button zooms out");
    await browser.key("+", "+");
    assert.ok(Math.abs(width(await browser.state()) / width(before) - 1) < 0.01, "the key zooms in");
    await browser.click(await browser.place("fit"));
    assert.deepEqual({ ...(await browser.state()), selected: null }, { ...all, selected: null }, "all of it again");

    // Search; go from one to the next; give up.
    await browser.click(await browser.place("search"));
    const wanted = await browser.run("data.graphs[0].names.find(name => name.length > 3) ?? '#7'");
    await browser.type(wanted.slice(0, 6));
    state = await browser.state();
    assert.ok(state.hits > 0 && state.hits < state.spans, "some are found");
    await browser.key("Enter", "\r");
    state = await browser.state();
    assert.ok(state.selected, "the first is selected");
    assert.match(await browser.run(`document.getElementById("found").textContent`), /^1 of /);
    assert.ok((await browser.run(`document.getElementById("details").textContent`)).toLowerCase().includes(wanted.slice(0, 6).toLowerCase()));
    await browser.picture(path.join(folder, `${name}-${scheme}-found.png`));
    await browser.run(`document.activeElement.blur()`);
    await browser.key("Escape");
    state = await browser.state();
    assert.deepEqual([state.hits, state.selected], [0, null], "nothing is left of it");
    await browser.key("0", "0");

    // A click on the longest span that is not within another: its details, and its links.
    const longest = await browser.run(`(() => { let best = null; lanes.forEach((lane, thread) => { for (let at = 0; at < lane.length; at++) if (lane.depth[at] === 0 && neighbours(lane.run[at], lane.node[at]).before.length &&
      (!best || lane.end[at] - lane.begin[at] > best.long)) best = { thread, at, long: lane.end[at] - lane.begin[at] }; }); report.zoom(lanes[best.thread].begin[best.at] - best.long, lanes[best.thread].end[best.at] + best.long); return best; })()`);
    await browser.frame();
    const at = await browser.run(`(() => { const box = timeline.getBoundingClientRect(), lane = lanes[${longest.thread}], x = GUTTER + ((lane.begin[${longest.at}] + lane.end[${longest.at}]) / 2 - view.from) * scale(timeline.clientWidth);
      return { x: box.left + x, y: box.top + tops[${longest.thread}] + ROW / 2 }; })()`);
    await browser.mouse("mouseMoved", at, { button: "none" });
    assert.equal(await browser.run(`document.getElementById("tip").hidden`), false, "the tip is there");
    await browser.click(at);
    assert.deepEqual((await browser.state()).selected, [longest.thread, longest.at], "what was clicked is selected");
    const details = await browser.run(`document.getElementById("details").textContent`);
    assert.match(details, /ready when .* had ended/);
    await browser.picture(path.join(folder, `${name}-${scheme}-selected.png`));
    await browser.run(`document.querySelector("#details a").click()`);
    await browser.frame();
    assert.notDeepEqual((await browser.state()).selected, [longest.thread, longest.at], "a link leads on");
    await browser.run(`document.querySelector("#nodes td a").click()`);
    assert.ok((await browser.state()).selected, "so does one of the table");
    await browser.run(`document.getElementById("critical").click()`);
    await browser.frame();
  }
  // Drawing all of it, and a part.
  await browser.run("report.zoom(begin, end)");
  took.frame = await browser.run("(() => { const begin = performance.now(); for (let turn = 0; turn < 10; turn++) draw(); return (performance.now() - begin) / 10; })()");
  assert.deepEqual(browser.problems, []);
  assert.ok(browser.requests.every(url => url.startsWith("file://") || url.startsWith("about:")), `nothing is fetched: ${browser.requests}`);
  console.log(`${name}: loaded in ${took.light} and ${took.dark} ms, a frame takes ${took.frame.toFixed(1)} ms`);
}

// speedscope reads a trace, finds nothing wrong, and shows its threads and the nodes on the first one.
async function isReadBySpeedscope(browser, folder, file) {
  const { traceEvents } = JSON.parse(readFileSync(file, "utf8"));
  const threads = traceEvents.filter(event => event.name === "thread_name").map(event => event.args.name);
  const slices = traceEvents.filter(event => event.ph === "X" && event.tid === 0);
  const longest = slices.reduce((one, other) => (other.dur > one.dur ? other : one));
  const script = file.replace(/json$/, "js");
  writeFileSync(script, `speedscope.loadFileFromBase64(${JSON.stringify(path.basename(file))}, "${readFileSync(file, "base64")}")`);
  await browser.load(`${path.join(folder, "index.html")}#localProfilePath=${path.resolve(script)}`, "light", 1280, 800);
  const text = "document.body.innerText", thread = `dgraph (pid 1), ${threads[0]} (tid 0) (1/${threads.length})`;
  await browser.run(`new Promise(done => { const look = () => (${text}.includes(${JSON.stringify(thread)}) ? done() : setTimeout(look, 50)); look(); })`);
  assert.equal(await browser.run("document.title"), `${path.basename(file)} - speedscope`);
  await browser.picture(path.join(path.dirname(file), "speedscope.png"));
  // The view that is a table has the longest one first.
  await browser.key("3", "3");
  await browser.frame();
  const [total, , first] = (await browser.run(text)).split("Symbol Name\n")[1].split("\n");
  assert.ok(first.trim().startsWith(longest.name), `${first} is the longest, not ${longest.name}`);
  assert.equal(total.split(" ")[0], `${(longest.dur / 1e3).toFixed(2)}ms`);
  assert.deepEqual(browser.problems, []);
  console.log(`${path.basename(file)}: read by speedscope, ${threads.length} threads, ${slices.length} slices on the first`);
}

async function main() {
  const browser = new Browser();
  const patience = setTimeout(() => { console.error("chromium does not answer"); browser.process.kill("SIGKILL"); process.exit(1); }, 300000);
  try {
    await browser.open();
    const files = process.argv.slice(2), at = files.indexOf("--speedscope");
    const [folder, trace] = at < 0 ? [] : files.splice(at).slice(1);
    for (const file of files) await behaves(browser, file, path.dirname(file));
    if (trace) await isReadBySpeedscope(browser, folder, trace);
  } finally {
    clearTimeout(patience);
    await browser.close();
  }
}
main().catch(error => { console.error(error); process.exit(1); });
