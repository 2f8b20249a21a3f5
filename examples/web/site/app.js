// SPDX-License-Identifier: Apache-2.0
// The page: reads the form, runs the model between two pictures, and draws what
// it reads.
import { HeadImage, MapView, drawLegend, drawThumbnail, onThemeChange } from './heatmap.js';
import { BadInput, promptBytes, seedNumber, temperatureNumber, tokenCount } from './input.js';
import { Model } from './model.js';
import { TextView, byteLabel } from './textview.js';

const MOST_TOKENS = 2000;
const BUDGET_MS = 8; // of the model in one picture, so that the page stays quick
const SHOWN_KEYS = 5;

const $ = (id) => document.getElementById(id);
const text = new TextView($('text'));
let model;
let map;
let images; // [layer][head]

// What is going on.
const run = {
  target: 0, // bytes of text to reach
  prompt: 0, // of them, the prompt's
  paused: false,
  due: 0, // bytes that the pace allows, a fraction among them
  last: 0, // time of the last picture
  ms: 0, // of the model, for as many bytes
  advances: 0,
};
// What is looked at: null is the newest byte. `row` counts in the text, `column`
// too.
const chosen = { layer: 0, head: 0, row: null, column: null };
// What is drawn already.
const drawn = { begin: 0, end: 0 };
let announced = 0;

// ----------------------------------------------------------------------- model

function isDone() {
  return model.textSize >= run.target && model.contextEnd === model.textSize;
}

// As much of the prompt, or of a context that is read again, as time allows; then
// as many bytes as are due.
function advanceFor(milliseconds) {
  const start = performance.now();
  const inTime = () => performance.now() - start < milliseconds;
  while (!isDone() && inTime()) {
    const writes = model.contextEnd === model.textSize;
    if (writes && run.due < 1) break;
    const size = model.textSize;
    model.advance();
    ++run.advances;
    run.due -= model.textSize - size;
  }
  run.ms += performance.now() - start;
}

function onPicture(now) {
  if (document.body.dataset.state !== 'running') return;
  const pace = Number($('pace').value);
  // A tab that was hidden for a while does not catch up.
  const elapsed = Math.min(Math.max(now - run.last, 0), 200) / 1000;
  run.last = now;
  run.due = pace === 0 ? Infinity : Math.min(run.due + elapsed * pace, pace);
  proceed(BUDGET_MS);
  if (document.body.dataset.state === 'running') requestAnimationFrame(onPicture);
}

function proceed(milliseconds) {
  try {
    advanceFor(milliseconds);
  } catch (error) {
    fail(error);
    return;
  }
  draw();
  if (isDone()) finish();
}

function start(prompt, tokens, seed, temperature) {
  model.begin(prompt, seed, temperature);
  Object.assign(run, { target: prompt.length + tokens, prompt: prompt.length, due: 0,
    last: performance.now(), ms: 0, advances: 0 });
  Object.assign(chosen, { row: null, column: null });
  Object.assign(drawn, { begin: 0, end: 0 });
  announced = prompt.length;
  text.clear();
  clearImages();
}

function finish() {
  text.finish();
  announce(true);
  enter('done', `${model.textSize - run.prompt} bytes written.`);
}

function fail(error) {
  enter('failed', '');
  showError(error.message);
}

// --------------------------------------------------------------------- drawing

function clearImages() {
  images.flat().forEach((image) => image.clear());
}

function forEachHead(call) {
  images.forEach((row, layer) => row.forEach((image, head) => call(image, layer, head)));
}

function paintRows(first, end) {
  forEachHead((image, layer, head) => {
    for (let row = first; row < end; ++row) image.paintRow(row, model.weights(layer, head, row));
  });
}

// What is new of the text and of the rows, then what is looked at.
function draw() {
  const { contextBegin: begin, contextEnd: end, textSize: size } = model;
  const shown = text.size;
  if (shown < run.prompt) text.append(model.text.subarray(shown, run.prompt), true);
  text.append(model.text.subarray(text.size, size), false);
  if (begin !== drawn.begin) {
    clearImages();
    drawn.end = begin;
    text.forget(begin);
    if (chosen.row !== null && chosen.row < begin) Object.assign(chosen, { row: null, column: null });
    if (chosen.column !== null && chosen.column < begin) chosen.column = null;
  }
  paintRows(drawn.end - begin, end - begin);
  Object.assign(drawn, { begin, end });
  forEachHead((image, layer, head) => drawThumbnail($(`thumbnail-${layer}-${head}`), image, end - begin, model.context));
  announce(false);
  drawChosen();
  drawCost();
}

// The row that is looked at, of the context; null where there is none yet.
function currentRow() {
  const rows = model.contextEnd - model.contextBegin;
  if (rows === 0) return null;
  const row = chosen.row === null ? rows - 1 : chosen.row - model.contextBegin;
  return row < rows ? row : rows - 1;
}

function drawChosen() {
  const begin = model.contextBegin;
  const rows = model.contextEnd - begin;
  const row = currentRow();
  const column = chosen.column === null || row === null || chosen.column - begin > row
    ? null : chosen.column - begin;
  const labels = Array.from(model.text.subarray(begin, begin + rows), byteLabel);
  map.draw(images[chosen.layer][chosen.head], rows, labels, chosen.row === null ? null : row, column);
  const weights = row === null ? new Float32Array(0) : model.weights(chosen.layer, chosen.head, row);
  text.shade(begin, weights, row === null ? -1 : begin + row);
  drawReadout(begin, row, column, weights);
  $('context-hint').textContent = begin === 0 ? ''
    : 'The context was full: what is in italics is forgotten, and the rest was read again.';
}

const percent = (weight) => `${(100 * weight).toFixed(1)} %`;
const named = (at) => `\u201c${byteLabel(model.text[at])}\u201d, byte ${at}`;

function drawReadout(begin, row, column, weights) {
  $('readout-title').textContent = row === null ? 'Weights' : `${named(begin + row)}, looks at`;
  const keys = Array.from(weights.keys()).sort((a, b) => weights[b] - weights[a] || a - b);
  const items = keys.slice(0, SHOWN_KEYS).map((key) => readoutItem(begin + key, weights[key]));
  $('readout-list').replaceChildren(...items);
  $('readout-key').textContent = column === null || column >= weights.length ? ''
    : `${named(begin + column)}: ${percent(weights[column])}`;
}

function readoutItem(at, weight) {
  const item = document.createElement('li');
  const parts = ['token', 'bar', 'share'].map((name) => {
    const part = document.createElement('span');
    part.className = name;
    return part;
  });
  parts[0].textContent = `${byteLabel(model.text[at])} byte ${at}`;
  parts[1].style.width = `${100 * weight}%`;
  parts[2].textContent = percent(weight);
  item.append(...parts);
  return item;
}

// 3281536 as 3.28 MB.
function size(bytes) {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

function drawCost() {
  if (run.ms > 0) {
    const speed = Math.round(1000 * run.advances / run.ms);
    $('speed').textContent = `${speed.toLocaleString('en')} bytes a second`;
  }
}

function drawSizes() {
  const { bytes } = model;
  $('download').textContent = `${size(bytes.download)}, weights as float16`;
  $('weights-bytes').textContent = `${size(bytes.weights)} as float32`;
  $('cache-bytes').textContent = size(bytes.cache);
  $('workspace-bytes').textContent = size(bytes.workspace);
  $('map-bytes').textContent = size(bytes.maps);
  $('memory-bytes').textContent = `${size(bytes.memory)}, fixed`;
}

// A screen reader hears whole lines, not single characters.
function announce(all) {
  const bytes = model.text.subarray(announced, model.textSize);
  const end = all ? bytes.length : bytes.lastIndexOf(0x0a) + 1;
  if (end === 0) return;
  say(new TextDecoder().decode(bytes.subarray(0, end)));
  announced += end;
}

function say(words) {
  $('announcer').textContent = words;
}

// ---------------------------------------------------------------------- states

// loading, ready, running, paused, done or failed.
function enter(state, status) {
  document.body.dataset.state = state;
  $('text').setAttribute('aria-busy', String(state === 'running'));
  $('status').textContent = status;
  $('write').disabled = state === 'loading' || !model;
  $('pause').disabled = state !== 'running' && state !== 'paused';
  $('pause').textContent = state === 'paused' ? 'Continue' : 'Pause';
  $('step').disabled = state === 'loading' || !model;
}

function resume() {
  enter('running', 'Writing\u2026');
  run.last = performance.now();
  requestAnimationFrame(onPicture);
}

// ----------------------------------------------------------------------- input

function showError(message, field) {
  $('error').textContent = message;
  for (const id of ['prompt', 'tokens', 'seed', 'temperature']) {
    if (id === field) $(id).setAttribute('aria-invalid', 'true');
    else $(id).removeAttribute('aria-invalid');
  }
  if (field) $(field).focus();
}

// Starts over as the form says; false, with a message and everything as it was,
// where it is wrong.
function startFromForm() {
  try {
    const prompt = promptBytes($('prompt').value, model.mostPrompt);
    const tokens = tokenCount($('tokens').value, MOST_TOKENS);
    const seed = seedNumber($('seed').value);
    const temperature = temperatureNumber($('temperature').value);
    showError('');
    start(prompt, tokens, seed, temperature);
    return true;
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    showError(error.message, error.field);
    return false;
  }
}

function onWrite(event) {
  event.preventDefault();
  if (!$('write').disabled && startFromForm()) resume();
}

function onPause() {
  if (document.body.dataset.state === 'running') enter('paused', 'Paused.');
  else resume();
}

// One byte; of a text that is done, or was never begun, the form's from its
// beginning.
function onStep() {
  const { state } = document.body.dataset;
  if ((state === 'running' || state === 'paused') || startFromForm()) {
    enter('paused', 'Paused.');
    run.due = 1;
    proceed(Infinity);
  }
}

function onPromptInput() {
  $('prompt-bytes').textContent = new TextEncoder().encode($('prompt').value).length;
}

function chooseHead(layer, head) {
  Object.assign(chosen, { layer, head });
  $('head-name').textContent = `layer ${layer}, head ${head}`;
  drawChosen();
}

function choose(row, column) {
  Object.assign(chosen, { row, column });
  drawChosen();
}

function onMapPointer(event) {
  const begin = model.contextBegin;
  const cell = map.cellAt(event, model.contextEnd - begin);
  if (cell === null) choose(null, null);
  else choose(begin + cell.row, cell.column === null ? null : begin + cell.column);
}

function onTextPointer(event) {
  const at = text.byteAt(event);
  if (at !== null && at >= model.contextBegin && at < model.contextEnd) choose(at, null);
}

// A finger leaves when it is lifted: what it chose stays.
function onPointerLeave(event) {
  if (event.pointerType === 'mouse') choose(null, null);
}

function onMapKey(event) {
  const begin = model.contextBegin;
  const last = model.contextEnd - 1;
  if (last < begin) return;
  const row = chosen.row ?? last;
  const column = chosen.column ?? row;
  const moves = {
    ArrowUp: [Math.max(row - 1, begin), chosen.column],
    ArrowDown: [Math.min(row + 1, last), chosen.column],
    ArrowLeft: [row, Math.max(column - 1, begin)],
    ArrowRight: [row, Math.min(column + 1, row)],
    Home: [begin, null],
    End: [last, null],
    Escape: [null, null],
  };
  const move = moves[event.key];
  if (!move || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  choose(...move);
  say(readoutInWords());
}

function readoutInWords() {
  const items = Array.from($('readout-list').children, (item) =>
    Array.from(item.children, (part) => part.textContent).filter(Boolean).join(' '));
  return `${$('readout-title').textContent} ${items.join(', ')}. ${$('readout-key').textContent}`;
}

// ------------------------------------------------------------------- beginning

function makeHeads() {
  images = [];
  for (let layer = 0; layer < model.layers; ++layer) {
    images.push([]);
    for (let head = 0; head < model.heads; ++head) {
      images[layer].push(new HeadImage(model.context));
      $('heads').append(makeHead(layer, head));
    }
  }
}

function makeHead(layer, head) {
  const label = document.createElement('label');
  const radio = Object.assign(document.createElement('input'),
    { type: 'radio', name: 'head', value: `${layer}-${head}`, checked: layer === 0 && head === 0 });
  radio.setAttribute('aria-label', `Layer ${layer}, head ${head}`);
  radio.addEventListener('change', () => chooseHead(layer, head));
  const canvas = Object.assign(document.createElement('canvas'), { id: `thumbnail-${layer}-${head}` });
  canvas.setAttribute('aria-hidden', 'true');
  label.title = `Layer ${layer}, head ${head}`;
  label.append(radio, canvas);
  return label;
}

function redrawAll() {
  drawLegend($('legend'));
  clearImages();
  Object.assign(drawn, { begin: model.contextBegin, end: model.contextBegin });
  draw();
}

function listen() {
  $('form').addEventListener('submit', onWrite);
  $('pause').addEventListener('click', onPause);
  $('step').addEventListener('click', onStep);
  $('prompt').addEventListener('input', onPromptInput);
  $('prompt').addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) onWrite(event);
  });
  $('map').addEventListener('pointermove', onMapPointer);
  $('map').addEventListener('pointerdown', onMapPointer);
  $('map').addEventListener('pointerleave', onPointerLeave);
  $('map').addEventListener('keydown', onMapKey);
  $('text').addEventListener('pointerover', onTextPointer);
  $('text').addEventListener('pointerleave', onPointerLeave);
  onThemeChange(redrawAll);
  new ResizeObserver(redrawAll).observe($('map'));
}

async function main() {
  try {
    model = await Model.load();
  } catch (error) {
    const old = error instanceof WebAssembly.CompileError;
    fail(old ? new Error('This browser lacks WebAssembly with SIMD, which the model needs.')
      : new Error(`The model cannot be loaded: ${error.message}`));
    return;
  }
  map = new MapView($('map'), model.context);
  $('prompt-most').textContent = model.mostPrompt;
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) $('pace').value = '0';
  makeHeads();
  drawSizes();
  onPromptInput();
  listen();
  redrawAll();
  enter('ready', 'Ready.');
}

main();
