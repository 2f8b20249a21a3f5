// SPDX-License-Identifier: Apache-2.0
// What a reader may type. Each function returns a value or throws a BadInput.

export class BadInput extends Error {
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

// The prompt's bytes of UTF-8, 1 to `most`.
export function promptBytes(text, most) {
  if (text === '') throw new BadInput('prompt', 'The prompt is empty: type at least one character.');
  // Half of a pair, which UTF-8 cannot say: it would become another character.
  if (/\p{Surrogate}/u.test(text)) {
    throw new BadInput('prompt', 'The prompt has half of a character (a lone surrogate): type it anew.');
  }
  const bytes = new TextEncoder().encode(text);
  if (bytes.length > most) {
    throw new BadInput('prompt',
      `The prompt has ${bytes.length} bytes; the context holds ${most} and what follows: shorten it.`);
  }
  return bytes;
}

// Bytes to add.
export function tokenCount(text, most) {
  const count = /^\d{1,9}$/.test(text.trim()) ? Number(text) : 0;
  if (count < 1 || count > most) {
    throw new BadInput('tokens', `Bytes to add must be a number from 1 to ${most}.`);
  }
  return count;
}

export function seedNumber(text) {
  const most = 2n ** 64n - 1n;
  const seed = /^\d{1,20}$/.test(text.trim()) ? BigInt(text.trim()) : most + 1n;
  if (seed > most) throw new BadInput('seed', `The seed must be a number from 0 to ${most}.`);
  return seed;
}

export function temperatureNumber(text) {
  // Two digits, so that no rounding is in doubt.
  const value = /^\d{1,2}([.]\d{0,2})?$/.test(text.trim()) ? Number(text) : 0;
  if (!(value >= 0.01 && value <= 10)) {
    throw new BadInput('temperature',
      'The temperature must be a number from 0.01 to 10, with at most two digits after the point.');
  }
  return value;
}
