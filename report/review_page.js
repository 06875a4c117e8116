"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const KINDS = ["keep", "drop", "distinct"];
const WORDS = {keep: "Keep", drop: "Drop", distinct: "Distinct"};
const MEANINGS = {
  keep: "Use this picture", drop: "Leave this picture out", distinct: "Not a duplicate: never group it with these again",
};
const element = (id) => document.getElementById(id);
const blocks = element("blocks"), told = element("told"), search = element("search"), open = element("open");

function make(tag, name, content) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (content !== undefined) made.textContent = content;
  return made;
}

// What is decided, by place in data.rows, and how to take the last steps back.
const decided = new Map();
const steps = [];
let unsaved = false, kept = true, notice = "";

// Each block is a section that stays empty until it comes near the screen.
const cards = new Array(data.rows.length);
const strips = [];
const stripOf = new Array(data.rows.length);
const sections = data.blocks.map((families, number) => {
  const section = make("section");
  section.setAttribute("aria-label", "Block " + (number + 1));
  const rows = [];
  for (const family of families) {
    for (const strip of family.strips) {
      strip.rows.forEach((i) => { stripOf[i] = strips.length; rows.push(i); });
      strips.push(strip);
    }
  }
  const across = Math.max(1, Math.floor(innerWidth / 215));
  section.style.containIntrinsicSize = "auto " + (80 + 370 * Math.ceil(rows.length / across)) + "px";
  blocks.append(section);
  return {section, families, rows, built: false};
});
const sectionOf = new Array(data.rows.length);
sections.forEach((one) => one.rows.forEach((i) => { sectionOf[i] = one; }));
const groups = strips.filter((strip) => strip.group !== null);

function build(one) {
  if (one.built) return;
  one.built = true;
  const families = make("div", "families");
  for (const family of one.families) {
    const box = make("div", family.strips.length > 1 ? "family linked" : "family");
    family.strips.forEach((strip) => box.append(stripBox(strip, family)));
    families.append(box);
  }
  one.section.append(families);
}

function stripBox(strip, family) {
  const box = make("div", "strip"), top = make("div", "top"), list = make("div", "cards");
  let heading = "Looks alike, in no group";
  if (strip.group !== null) heading = "Group " + strip.group + " \u00b7 " + strip.rows.length + " pictures";
  else if (family.family !== null) heading = "Related, but in no group";
  if (strip.group !== null && family.strips.length > 1) heading += " \u00b7 family " + family.family;
  top.append(make("h3", "", heading));
  if (strip.group !== null) {
    const accept = make("button", "accept", "Accept suggestion");
    accept.type = "button";
    accept.title = "Keep the suggested picture and drop the others";
    accept.addEventListener("click", () => acceptStrip(strip));
    top.append(accept);
  }
  strip.rows.forEach((i) => list.append(card(i)));
  box.append(top, list);
  return box;
}

function card(i) {
  const row = data.rows[i], box = make("article", "card"), frame = make("div", "frame");
  box.tabIndex = -1;
  box.setAttribute("aria-label", "row " + row.row);
  if (row.picture !== null) {
    const image = new Image();
    image.decoding = "async";
    image.alt = row.shown;
    image.src = data.pictures[row.picture];
    frame.append(image);
  }
  const facts = make("div", "facts"), head = make("div");
  head.append(make("b", "", "row " + row.row));
  if (row.keeper) head.append(make("span", "badge", "suggested"));
  facts.append(head, make("span", "", row.shape));
  if (row.label) facts.append(make("span", "label", row.label));
  if (row.why) facts.append(make("span", "", row.why));
  row.flags.forEach((flag) => facts.append(make("span", "flag", flag)));
  const address = make(row.link ? "a" : "span", "address", row.shown);
  if (row.link) { address.href = row.link; address.target = "_blank"; address.rel = "noopener noreferrer"; }
  facts.append(address);
  const choices = make("div", "choices");
  for (const kind of KINDS) {
    const button = make("button", kind, WORDS[kind]);
    button.type = "button";
    button.title = MEANINGS[kind];
    button.addEventListener("click", () => {
      choose(i, false);
      decide([[i, decided.get(i) === kind ? null : kind]]);
    });
    choices.append(button);
  }
  box.append(frame, facts, choices);
  box.addEventListener("click", () => choose(i, false));
  cards[i] = box;
  mark(i);
  return box;
}

function mark(i) {
  const box = cards[i], decision = decided.get(i);
  if (!box) return;
  if (decision) box.dataset.decision = decision; else delete box.dataset.decision;
  KINDS.forEach((kind) => box.querySelector("." + kind).setAttribute("aria-pressed", String(kind === decision)));
}

function put(i, decision) {
  if (decision) decided.set(i, decision); else decided.delete(i);
  mark(i);
}

function decide(changes) {
  const before = changes.map(([i]) => [i, decided.get(i) || null]);
  if (!changes.some(([, decision], at) => decision !== before[at][1])) return;
  changes.forEach(([i, decision]) => put(i, decision));
  steps.push(before);
  changed();
}

function undo() {
  const before = steps.pop();
  if (!before) return;
  before.forEach(([i, decision]) => put(i, decision));
  changed();
  choose(before[0][0], true);
}

function acceptStrip(strip) {
  const undecided = strip.rows.filter((i) => !decided.has(i));
  decide(undecided.map((i) => [i, data.rows[i].keeper ? "keep" : "drop"]));
}

function changed() {
  unsaved = true;
  notice = "";
  remember();
  tell();
}

// A reload keeps the work where the browser lets a page remember something.
function remember() {
  try {
    const saved = [...decided].map(([i, decision]) => [data.rows[i].id, decision]);
    localStorage.setItem(data.key, JSON.stringify({unsaved, decided: saved}));
    kept = true;
  } catch (error) {
    kept = false;
  }
}

function recall() {
  try {
    const saved = JSON.parse(localStorage.getItem(data.key) || "null");
    if (!saved) return;
    const place = new Map(data.rows.map((row, i) => [row.id, i]));
    for (const [id, decision] of saved.decided) {
      if (place.has(id) && KINDS.includes(decision)) decided.set(place.get(id), decision);
    }
    unsaved = saved.unsaved && decided.size > 0;
    if (decided.size) notice = decided.size + " remembered from before";
  } catch (error) {
    kept = false;
  }
}

function tell() {
  const done = groups.filter((strip) => strip.rows.every((i) => decided.has(i))).length;
  const parts = [done + " of " + groups.length + " groups decided", decided.size + " of " + data.rows.length + " pictures"];
  if (unsaved && decided.size) parts.push(kept ? "not saved yet" : "not saved, and a reload would lose it");
  if (notice) parts.push(notice);
  told.textContent = parts.join(" \u00b7 ");
  element("undo").disabled = steps.length === 0;
  element("clear").disabled = element("save").disabled = decided.size === 0;
}

// What is distinct is told by its pictures, so that it holds wherever they stand next time.
function saved(i) {
  const {url, occurrence, picture} = data.rows[i], decision = decided.get(i);
  if (decision !== "distinct" || picture === null || strips[stripOf[i]].group === null) return {url, occurrence, decision};
  const others = new Set(strips[stripOf[i]].rows.map((other) => data.rows[other].picture));
  others.delete(picture);
  others.delete(null);
  return {url, occurrence, decision, sha256: data.contents[picture], from: [...others].map((one) => data.contents[one])};
}

function save() {
  if (!decided.size) return;
  const decisions = [...decided.keys()].sort((a, b) => a - b).map(saved);
  const {schema, spreadsheet, worksheet, range} = data;
  const whole = JSON.stringify({schema, spreadsheet, worksheet, range, decisions}, null, 1) + "\n";
  const link = make("a"), address = URL.createObjectURL(new Blob([whole], {type: "application/json"}));
  link.href = address;
  link.download = data.file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
  unsaved = false;
  notice = "saved as " + data.file;
  remember();
  tell();
}

// A saved file comes back: what it says goes before what is decided here, and is one step for undo.
async function load(file) {
  let read = null;
  try {
    read = JSON.parse(await file.text());
  } catch (error) { /* no text, or no JSON: told below */ }
  const name = file.name.slice(0, 60), entries = read && read.schema === data.schema ? read.decisions : null;
  if (!Array.isArray(entries) || !entries.every((one) => one && KINDS.includes(one.decision))) {
    notice = name + " is no file of decisions";
    tell();
    return;
  }
  const place = new Map(data.rows.map((row, i) => [row.occurrence + " " + row.url, i]));
  const here = entries.map((one) => [place.get(one.occurrence + " " + one.url), one.decision]);
  const known = here.filter(([i]) => i !== undefined);
  decide(known);
  notice = known.length + " loaded from " + name;
  if (known.length < here.length) notice += ", " + (here.length - known.length) + " for no picture here";
  filter();
  tell();
}

// Rows without a picture are listed below, once somebody asks for them.
function list() {
  const box = element("unreadable"), count = data.unreadable.length;
  box.hidden = count === 0;
  box.querySelector("summary").textContent = count + (count === 1 ? " row" : " rows") + " without a readable picture";
  box.addEventListener("toggle", () => {
    const lines = data.unreadable.map((row) => {
      const line = make("li");
      line.append(make("b", "", "row " + row.row), " ", make("span", "", row.why), " ", make("span", "address", row.shown));
      return line;
    });
    box.querySelector("ul").replaceChildren(...(box.open ? lines : []));
  });
}

// The search: rows whose address, label, row or group is asked for, with their whole block around them.
const words = data.rows.map((row, i) => (
  row.url + "\n" + row.shown + "\n" + row.label + "\nrow " + row.row + "\ngroup " + strips[stripOf[i]].group + "\n"
).toLowerCase());
let shown = [];
let at = -1;

function filter() {
  const asked = search.value.trim().toLowerCase();
  const exact = /^(row|group) \d+$/.test(asked) ? asked + "\n" : asked;
  const hit = (i) => words[i].includes(exact) && !(open.checked && decided.has(i));
  let first = -1;
  shown = [];
  for (const one of sections) {
    const found = one.rows.find(hit);
    one.section.hidden = found === undefined;
    if (found === undefined) continue;
    if (first < 0) first = found;
    shown.push(...one.rows);
  }
  element("nothing").hidden = shown.length > 0;
  element("nothing").textContent = data.rows.length ? "No picture matches." : "No two pictures are alike.";
  if (shown.length && (at < 0 || !hit(at))) choose(first, false);
}

function choose(i, scroll) {
  if (cards[at]) cards[at].classList.remove("now");
  at = i;
  build(sectionOf[i]);
  cards[i].classList.add("now");
  if (!scroll) return;
  cards[i].focus({preventScroll: true});
  cards[i].scrollIntoView({block: "nearest"});
  // What lies between is built on the way and moves the picture once more.
  requestAnimationFrame(() => cards[i].scrollIntoView({block: "nearest"}));
}

function step(by) {
  const next = shown[Math.min(shown.length - 1, Math.max(0, shown.indexOf(at) + by))];
  if (next !== undefined) choose(next, true);
}

function stepStrip(by) {
  for (let place = shown.indexOf(at) + by; place >= 0 && place < shown.length; place += by) {
    if (stripOf[shown[place]] !== stripOf[at]) { choose(strips[stripOf[shown[place]]].rows[0], true); return; }
  }
}

function decideHere(decision) {
  if (at < 0 || !shown.length) return;
  decide([[at, decision]]);
  step(1);
}

const KEYS = {
  ArrowRight: () => step(1), j: () => step(1), ArrowLeft: () => step(-1), k: () => step(-1),
  ArrowDown: () => stepStrip(1), ArrowUp: () => stepStrip(-1),
  1: () => decideHere("keep"), 2: () => decideHere("drop"), d: () => decideHere("drop"),
  3: () => decideHere("distinct"), n: () => decideHere("distinct"), 0: () => decideHere(null),
  a: () => {
    if (at < 0 || !shown.length) return;
    const strip = strips[stripOf[at]];
    if (strip.group !== null) acceptStrip(strip);
    stepStrip(1);
  },
  z: undo, s: save, o: () => element("file").click(), "/": () => search.focus(),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target === search) {
    if (event.key === "Escape" || event.key === "Enter") { search.blur(); if (shown.length) choose(at, true); }
    return;
  }
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (!Object.hasOwn(KEYS, key)) return;
  event.preventDefault();
  KEYS[key]();
});
search.addEventListener("input", filter);
open.addEventListener("change", filter);
element("undo").addEventListener("click", undo);
element("clear").addEventListener("click", () => decide([...decided.keys()].map((i) => [i, null])));
element("save").addEventListener("click", save);
element("load").addEventListener("click", () => element("file").click());
element("file").addEventListener("change", () => {
  const [file] = element("file").files;
  if (file) load(file);
  element("file").value = "";
});
addEventListener("beforeunload", (event) => { if (unsaved && !kept && decided.size) event.preventDefault(); });

const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (entry.isIntersecting) { build(sections[entry.target.dataset.number]); watcher.unobserve(entry.target); }
  }
}, {rootMargin: "1500px 0px"});
sections.forEach((one, number) => { one.section.dataset.number = number; watcher.observe(one.section); });
list();
recall();
filter();
tell();
document.documentElement.dataset.ready = String(data.rows.length);
