// SPDX-License-Identifier: Apache-2.0
// Attention weights as pictures: one pixel a weight, drawn larger on a canvas.

// From no weight to all of it.
const PALETTES = {
  light: [[238, 242, 248], [168, 199, 235], [74, 131, 196], [24, 66, 140], [8, 24, 72]],
  dark: [[31, 37, 48], [35, 66, 118], [52, 120, 170], [110, 196, 190], [246, 246, 204]],
};
const COLOURS = 256;

const dark = matchMedia('(prefers-color-scheme: dark)');
let colours = table(dark);

function table(query) {
  const stops = PALETTES[query.matches ? 'dark' : 'light'];
  const result = new Uint8ClampedArray(COLOURS * 4);
  for (let i = 0; i < COLOURS; ++i) {
    const at = (i / (COLOURS - 1)) * (stops.length - 1);
    const low = Math.min(Math.floor(at), stops.length - 2);
    for (let c = 0; c < 3; ++c) {
      result[4 * i + c] = stops[low][c] + (at - low) * (stops[low + 1][c] - stops[low][c]);
    }
    result[4 * i + 3] = 255;
  }
  return result;
}

// Calls `listener` when the reader changes between light and dark.
export function onThemeChange(listener) {
  dark.addEventListener('change', () => {
    colours = table(dark);
    listener();
  });
}

// Small weights would vanish: the square root shows 1 % as a tenth of the way.
function colourOf(weight) {
  return 4 * Math.round(Math.sqrt(Math.min(Math.max(weight, 0), 1)) * (COLOURS - 1));
}

export function drawLegend(canvas) {
  const image = new ImageData(colours.slice(), COLOURS, 1);
  canvas.getContext('2d').putImageData(image, 0, 0);
}

// The picture of one head, a row a byte of the context.
export class HeadImage {
  constructor(context) {
    this.canvas = document.createElement('canvas');
    this.canvas.width = this.canvas.height = context;
    this.pixels = this.canvas.getContext('2d');
  }

  clear() {
    this.pixels.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  // weights [key] of query `row`, as many as it may look at.
  paintRow(row, weights) {
    const image = new ImageData(weights.length, 1);
    for (let key = 0; key < weights.length; ++key) {
      const from = colourOf(weights[key]);
      image.data.set(colours.subarray(from, from + 4), 4 * key);
    }
    this.pixels.putImageData(image, 0, row);
  }
}

// Rows and columns that a map of `rows` rows has room for: it grows in steps, so
// that what is drawn keeps its place for a while.
export function extentOf(rows, context) {
  let extent = 16;
  while (extent < rows) extent *= 2;
  return Math.min(extent, context);
}

// Gives a canvas as many pixels as the screen shows of it, and returns their
// number along a side.
function fitPixels(canvas) {
  const side = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
  if (canvas.width !== side || canvas.height !== side) canvas.width = canvas.height = side;
  return side;
}

export function drawThumbnail(canvas, image, rows, context) {
  const side = fitPixels(canvas);
  const extent = extentOf(rows, context);
  const pen = canvas.getContext('2d');
  pen.clearRect(0, 0, side, side);
  // Where cells are smaller than pixels, smoothing keeps them from flickering.
  pen.imageSmoothingEnabled = extent > side;
  pen.drawImage(image.canvas, 0, 0, extent, extent, 0, 0, side, side);
}

// The large map with labels and marks.
export class MapView {
  constructor(canvas, context) {
    this.canvas = canvas;
    this.context = context;
    this.extent = extentOf(0, context);
  }

  // labels [rows]; row and column: what is marked, or null.
  draw(image, rows, labels, row, column) {
    const side = fitPixels(this.canvas);
    const pen = this.canvas.getContext('2d');
    this.extent = extentOf(rows, this.context);
    const room = side / devicePixelRatio / this.extent;
    // Labels want some room; without it the cells have all of it.
    this.margin = room >= 11 ? Math.round(side / (this.extent + 1)) : 0;
    this.cell = (side - this.margin) / this.extent;
    pen.clearRect(0, 0, side, side);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(image.canvas, 0, 0, this.extent, this.extent, this.margin, this.margin,
      side - this.margin, side - this.margin);
    const style = getComputedStyle(this.canvas);
    if (this.margin > 0) this.drawLabels(pen, style, labels, row, column);
    this.drawMarks(pen, style, row, column);
  }

  drawLabels(pen, style, labels, row, column) {
    const size = Math.min(this.cell * 0.75, 15 * devicePixelRatio);
    pen.font = `${size}px ${style.getPropertyValue('--mono')}`;
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    const quiet = style.getPropertyValue('--quiet');
    const accent = style.getPropertyValue('--accent');
    labels.forEach((label, i) => {
      const at = this.margin + (i + 0.5) * this.cell;
      pen.fillStyle = i === row ? accent : quiet;
      pen.fillText(label, this.margin / 2, at);
      pen.fillStyle = i === column ? accent : quiet;
      pen.fillText(label, at, this.margin / 2);
    });
  }

  drawMarks(pen, style, row, column) {
    if (row === null) return;
    pen.strokeStyle = style.getPropertyValue('--accent');
    pen.lineWidth = 1.5 * devicePixelRatio;
    const y = this.margin + row * this.cell;
    pen.strokeRect(this.margin, y, (row + 1) * this.cell, this.cell);
    if (column === null) return;
    const x = this.margin + column * this.cell;
    pen.strokeRect(x, y, this.cell, this.cell);
    pen.beginPath();
    pen.moveTo(x + this.cell / 2, this.margin);
    pen.lineTo(x + this.cell / 2, y);
    pen.stroke();
  }

  // The row and column under a pointer, or null where there is none.
  cellAt(event, rows) {
    const box = this.canvas.getBoundingClientRect();
    const pixels = this.canvas.width / this.canvas.clientWidth;
    const index = (offset) => Math.floor((offset * pixels - this.margin) / this.cell);
    const row = index(event.clientY - box.top - this.canvas.clientTop);
    const column = index(event.clientX - box.left - this.canvas.clientLeft);
    if (!(row >= 0 && row < rows)) return null;
    return { row, column: column >= 0 && column <= row ? column : null };
  }
}
