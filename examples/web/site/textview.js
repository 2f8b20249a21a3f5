// SPDX-License-Identifier: Apache-2.0
// The text as characters that can be pointed at, and that are shaded by the
// weights of their bytes.

// How a byte is called where it stands alone.
export function byteLabel(byte) {
  if (byte === 0x20) return '\u2423';
  if (byte === 0x0a) return '\u23ce';
  if (byte < 0x20 || byte >= 0x7f) return '\u00b7';
  return String.fromCharCode(byte);
}

export class TextView {
  constructor(element) {
    this.element = element;
    this.clear();
  }

  clear() {
    this.element.replaceChildren();
    this.decoder = new TextDecoder();
    this.size = 0;        // bytes shown
    this.pending = 0;     // of them, those of a character that is not whole yet
    this.spans = [];      // of each byte, null while its character is not whole
    this.marked = null;   // the query's span
    this.shaded = [];
    this.forgotten = 0;
  }

  // Appends bytes that belong to the prompt or follow it.
  append(bytes, isPrompt) {
    const atEnd = this.isAtEnd();
    for (const byte of bytes) {
      this.spans.push(null);
      ++this.pending;
      ++this.size;
      this.show(this.decoder.decode(Uint8Array.of(byte), { stream: true }), isPrompt);
    }
    if (atEnd) this.element.scrollTop = this.element.scrollHeight;
  }

  // What is left of a character that will not be whole.
  finish() {
    this.show(this.decoder.decode(), false);
  }

  show(text, isPrompt) {
    if (text === '') return;
    const span = document.createElement('span');
    span.textContent = text;
    if (isPrompt) span.className = 'prompt';
    span.firstByte = this.size - this.pending;
    span.lastByte = this.size - 1;
    this.spans.fill(span, span.firstByte, this.size);
    this.pending = 0;
    this.element.append(span);
  }

  isAtEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight < 30;
  }

  // Bytes before `begin` are not in the context any more.
  forget(begin) {
    for (; this.forgotten < begin; ++this.forgotten) {
      this.spans[this.forgotten]?.classList.add('forgotten');
    }
  }

  // Shades the bytes from `begin` by weights [key] and marks the byte that looks.
  shade(begin, weights, query) {
    for (const span of this.shaded) span.style.removeProperty('--weight');
    this.marked?.classList.remove('query');
    this.shaded = [];
    weights.forEach((weight, key) => {
      const span = this.spans[begin + key];
      if (!span || weight < 0.001) return;
      // A character has the weight of all its bytes.
      const sum = span === this.shaded.at(-1)
        ? Number(span.style.getPropertyValue('--weight')) ** 2 + weight : weight;
      span.style.setProperty('--weight', Math.sqrt(Math.min(sum, 1)).toFixed(3));
      if (span !== this.shaded.at(-1)) this.shaded.push(span);
    });
    this.marked = this.spans[query] ?? null;
    this.marked?.classList.add('query');
  }

  // The last byte of the character under a pointer, or null.
  byteAt(event) {
    return event.target.lastByte ?? null;
  }
}
