// SPDX-License-Identifier: Apache-2.0
// A matrix as text, one row a line, for a terminal or a serial port: attention
// weights to look at, without heap, printf or a C library.
//
//        T o   b e
//     T  @@
//     o  %%::
//        ::==##
#ifndef FOVEA_HEATMAP_H_
#define FOVEA_HEATMAP_H_

#include <cstddef>
#include <cstdint>

#include "fovea/check.h"
#include "fovea/status.h"

namespace fovea {

// A matrix [rows][columns], such as Call::weights of one head.
struct Heatmap {
  const float* values = nullptr;  // [rows][columns]; NaN shows as '?'
  size_t rows = 0;                // 1 or more
  size_t columns = 0;             // 1 or more
  size_t stride = 0;              // elements from row to row; 0: columns
  // UTF-8 text of each row and column, [rows] and [columns], or null for none;
  // no entry may be null.  Control characters and what is not UTF-8 show as
  // '?'.
  const char* const* row_labels = nullptr;
  const char* const* column_labels = nullptr;
};

// How it is drawn.
struct HeatmapOptions {
  // Most cells of a line.  More columns share cells, which show the largest of
  // theirs: an average would hide what a head looks at.
  size_t width = 64;
  size_t cell_width = 2;   // characters of a cell, 1 to 8; 2 is about a square
  size_t label_width = 4;  // characters of a row's label, 0 to 64
  // What the darkest shade stands for; 0: the largest value there is.
  float most = 0;
  bool ascii = false;  // " .:-=+*#%@" instead of the five Unicode shades
  const char* newline = "\n";  // "\r\n" on many serial ports
};

namespace heatmap {

constexpr size_t kMostLabel = 64, kMostCell = 8;

// The shades, from none to all, each a string of its own.
constexpr const char* kAscii[] = {" ", ".", ":", "-", "=",
                                  "+", "*", "#", "%", "@"};
constexpr const char* kUnicode[] = {" ", "\xe2\x96\x91", "\xe2\x96\x92",
                                    "\xe2\x96\x93", "\xe2\x96\x88"};

constexpr size_t Length(const char* text) noexcept {
  size_t length = 0;
  while (text[length] != '\0') ++length;
  return length;
}

// Bytes of the UTF-8 character that `text` begins with, or 0 where it is a
// control character or none.
constexpr size_t CharacterBytes(const char* text) noexcept {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto follows = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const uint8_t first = byte(0);
  if (first < 0x20 || first == 0x7f) return 0;
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) {
    // U+0080 to U+009f are control characters too.
    return follows(1) && !(first == 0xc2 && byte(1) < 0xa0) ? 2 : 0;
  }
  if (first >= 0xe0 && first < 0xf0) {
    if (!follows(1) || !follows(2)) return 0;
    const bool overlong = first == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = first == 0xed && byte(1) >= 0xa0;
    return overlong || surrogate ? 0 : 3;
  }
  if (first >= 0xf0 && first < 0xf5) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    const bool overlong = first == 0xf0 && byte(1) < 0x90;
    const bool beyond = first == 0xf4 && byte(1) >= 0x90;
    return overlong || beyond ? 0 : 4;
  }
  return 0;
}

// Writes parts of a line to sink(const char* text, size_t bytes).
template <class Sink>
class Writer {
 public:
  explicit Writer(Sink& sink) : sink_(sink) {}

  void Text(const char* text) { sink_(text, Length(text)); }
  void Repeat(const char* text, size_t count) {
    const size_t bytes = Length(text);
    for (size_t i = 0; i < count; ++i) sink_(text, bytes);
  }
  // The first `width` characters of a label, padded.
  void Label(const char* label, size_t width) {
    size_t shown = 0;
    for (; shown < width && *label != '\0'; ++shown) {
      const size_t bytes = CharacterBytes(label);
      if (bytes == 0) {
        Text("?");
        ++label;
      } else {
        sink_(label, bytes);
        label += bytes;
      }
    }
    Repeat(" ", width - shown);
  }

 private:
  Sink& sink_;
};

inline Status Check(const Heatmap& map,
                    const HeatmapOptions& options) noexcept {
  FOVEA_RETURN_IF_BAD(CheckArray(map.values));
  FOVEA_RETURN_IF_BAD(CheckOptionalArray(map.row_labels));
  FOVEA_RETURN_IF_BAD(CheckOptionalArray(map.column_labels));
  if (options.newline == nullptr) return Status::kNullPointer;
  if (map.rows == 0 || map.columns == 0) return Status::kZeroCount;
  if (options.width == 0 || options.cell_width == 0) return Status::kZeroCount;
  if (options.cell_width > kMostCell || options.label_width > kMostLabel) {
    return Status::kBadStride;
  }
  const bool overlaps = map.stride != 0 && map.stride < map.columns;
  if (overlaps && map.rows > 1) return Status::kBadStride;
  const bool in_range = IsFinite(options.most) && options.most >= 0.0f;
  return in_range ? Status::kOk : Status::kBadScale;
}

inline size_t Cells(const Heatmap& map,
                    const HeatmapOptions& options) noexcept {
  return map.columns < options.width ? map.columns : options.width;
}

inline size_t Stride(const Heatmap& map) noexcept {
  return map.stride == 0 ? map.columns : map.stride;
}

// The largest of the finite values, 0 if there is none above it.
inline float Largest(const Heatmap& map) noexcept {
  float most = 0;
  for (size_t i = 0; i < map.rows; ++i) {
    for (size_t j = 0; j < map.columns; ++j) {
      const float value = map.values[i * Stride(map) + j];
      if (value > most && IsFinite(value)) most = value;
    }
  }
  return most;
}

// The largest of some values, NaN if one of them is.
inline float LargestOf(const float* values, size_t count) noexcept {
  float most = values[0];
  for (size_t i = 1; i < count && most == most; ++i) {
    if (!(values[i] <= most)) most = values[i];
  }
  return most;
}

inline const char* Shade(float value, float most, bool ascii) noexcept {
  if (value != value) return "?";
  const size_t levels = ascii ? 10 : 5;
  const float share = most > 0.0f ? value / most : 0.0f;
  const float darkest = static_cast<float>(levels - 1);
  size_t level = 0;
  if (share >= 1.0f) {
    level = levels - 1;
  } else if (share > 0.0f) {
    // Half up; 2 x is exact where x + 1/2 need not be.
    level = (static_cast<size_t>(2.0f * share * darkest) + 1) / 2;
  }
  return ascii ? kAscii[level] : kUnicode[level];
}

}  // namespace heatmap

// Writes a line for each row of the matrix, and one with the columns' labels
// before them where every column has a cell of its own, to
// sink(const char* text, size_t bytes), piece by piece; a piece is not
// terminated.  Nothing is written unless everything will be.
// kNullPointer, kMisaligned, kZeroCount (rows, columns, width, cell_width),
// kBadStride (stride below columns, cell_width or label_width too large),
// kBadScale (most).
template <class Sink>
Status WriteHeatmap(const Heatmap& map, const HeatmapOptions& options,
                    Sink&& sink) noexcept {
  FOVEA_RETURN_IF_BAD(heatmap::Check(map, options));
  heatmap::Writer<Sink> out(sink);
  const size_t cells = heatmap::Cells(map, options);
  const bool has_rows = map.row_labels != nullptr && options.label_width > 0;
  if (map.column_labels != nullptr && cells == map.columns) {
    if (has_rows) out.Repeat(" ", options.label_width + 1);
    for (size_t j = 0; j < map.columns; ++j) {
      out.Label(map.column_labels[j], options.cell_width);
    }
    out.Text(options.newline);
  }
  const float most = options.most > 0.0f ? options.most : heatmap::Largest(map);
  for (size_t i = 0; i < map.rows; ++i) {
    const float* row = map.values + i * heatmap::Stride(map);
    if (has_rows) {
      out.Label(map.row_labels[i], options.label_width);
      out.Text(" ");
    }
    for (size_t cell = 0; cell < cells; ++cell) {
      const size_t first = cell * map.columns / cells;
      const size_t end = (cell + 1) * map.columns / cells;
      const float value = heatmap::LargestOf(row + first, end - first);
      out.Repeat(heatmap::Shade(value, most, options.ascii),
                 options.cell_width);
    }
    out.Text(options.newline);
  }
  return Status::kOk;
}

// Bytes of that text, without a terminator; 0 where the Status would not be
// kOk.
inline size_t HeatmapBytes(const Heatmap& map,
                           const HeatmapOptions& options) noexcept {
  size_t bytes = 0;
  const auto count = [&](const char*, size_t n) { bytes += n; };
  return WriteHeatmap(map, options, count) == Status::kOk ? bytes : 0;
}

// The same text to `buffer` with a terminating 0.  Also kNullPointer (buffer)
// and kTooShort (`capacity` below HeatmapBytes + 1; nothing is written).
inline Status WriteHeatmap(const Heatmap& map, const HeatmapOptions& options,
                           char* buffer, size_t capacity) noexcept {
  if (buffer == nullptr) return Status::kNullPointer;
  FOVEA_RETURN_IF_BAD(heatmap::Check(map, options));
  if (capacity <= HeatmapBytes(map, options)) return Status::kTooShort;
  const auto append = [&](const char* text, size_t bytes) {
    for (size_t i = 0; i < bytes; ++i) *buffer++ = text[i];
  };
  const Status status = WriteHeatmap(map, options, append);
  *buffer = '\0';
  return status;
}

}  // namespace fovea

#endif  // FOVEA_HEATMAP_H_
