// SPDX-License-Identifier: Apache-2.0
// The WebAssembly module as an object: what main.cc exports, in JavaScript's
// terms. Its memory has a fixed size, so views of it stay good.

async function fetchBytes(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

export class Model {
  // Downloads the module and its weights; throws an Error that says what is wrong.
  static async load() {
    const [code, weights] = await Promise.all([fetchBytes('tinylm.wasm'), fetchBytes('tinylm.bin')]);
    const { instance } = await WebAssembly.instantiate(code, {});
    return new Model(instance.exports, weights, code.length + weights.length);
  }

  constructor(exports, weights, downloaded) {
    this.e = exports;
    this.e._initialize();
    this.memory = this.e.memory.buffer;
    this.layers = this.e.layers();
    this.heads = this.e.heads();
    this.context = this.e.context();
    this.mostPrompt = this.e.promptCapacity() - 1;
    this.bytes = {
      download: downloaded,
      weights: this.e.fileCapacity(),
      cache: this.e.cacheBytes(),
      workspace: this.e.workspaceBytes(),
      maps: this.e.mapBytes(),
      memory: this.memory.byteLength,
    };
    // One byte too many is enough to know.
    const size = Math.min(weights.length, this.e.fileCapacity());
    this.view(this.e.file(), size).set(weights.subarray(0, size));
    const wrong = this.e.useWeights(weights.length);
    if (wrong !== 0) throw new Error(`the weights: ${this.string(wrong)}`);
    this.text = this.view(this.e.text(), this.e.textCapacity());
    this.maps = Array.from({ length: this.layers }, (_, layer) =>
      Array.from({ length: this.heads }, (_, head) =>
        new Float32Array(this.memory, this.e.map(layer, head), this.context ** 2)));
  }

  // Starts over with these bytes of UTF-8 (1 to mostPrompt), a seed (BigInt)
  // and a temperature.
  begin(prompt, seed, temperature) {
    this.view(this.e.prompt(), prompt.length).set(prompt);
    this.check(this.e.begin(prompt.length, seed, temperature));
  }

  // Reads the next byte of the text, or writes one.
  advance() {
    this.check(this.e.advance());
  }

  // The text has textSize bytes, those from contextBegin to contextEnd are read.
  get textSize() { return this.e.textSize(); }
  get contextBegin() { return this.e.contextBegin(); }
  get contextEnd() { return this.e.contextEnd(); }

  // The weights of one head [key] for the context's query `row`.
  weights(layer, head, row) {
    const at = row * this.context;
    return this.maps[layer][head].subarray(at, at + row + 1);
  }

  view(address, size) {
    return new Uint8Array(this.memory, address, size);
  }

  string(address) {
    const bytes = new Uint8Array(this.memory, address);
    return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
  }

  check(message) {
    if (message !== 0) throw new Error(`the model: ${this.string(message)}`);
  }
}
